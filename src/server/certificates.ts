import type { Config } from '../config/types.ts';
import { GatewayError } from '../core/errors.ts';
import type { Emit } from '../core/events.ts';
import type { Gauges } from '../observability/samples.ts';
import { TlsListener } from '../tls/listener.ts';

/** What speaks TLS on `listen`, if anything does. Throws a GatewayError that names the file and the remedy. */
export const openTls = ({ tls }: Config, emit: Emit): TlsListener | undefined => {
  try {
    return tls && new TlsListener(tls, emit);
  } catch (error) {
    throw new GatewayError('internal', `tls: ${(error as Error).message}`, { cause: error });
  }
};

/** The certificates in use, and when they expire. */
export const certificatesOf = (config: Config, tls: TlsListener | undefined): NonNullable<Gauges['certificates']> => [
  ...(tls ? [{ app: '', ends: tls.ends }] : []),
  ...[...config.apps, ...(config.passthrough ? [config.passthrough] : [])].flatMap(({ name, tls: ofApp }) =>
    ofApp?.client ? [{ app: name, ends: ofApp.client.ends }] : [],
  ),
];
