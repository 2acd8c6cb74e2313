import type { Logger } from 'pino';
import type { Event } from '../core/events.ts';
import { shownUpstream } from './counts.ts';

type Of<Type extends Event['type']> = Extract<Event, { readonly type: Type }>;

/** The certificate of the listener: another one is in use, or was refused. */
export const logCertificate = (logger: Logger, { is, detail, ends }: Of<'certificate'>): void => {
  const fields = { detail, expires: new Date(ends).toISOString() };
  if (is === 'applied') logger.info(fields, `tls: a new certificate is in use: ${detail}`);
  else logger.error(fields, `tls: the new certificate is refused, and the one before stays: ${detail}`);
};

/** An upstream that TLS cannot be spoken with. */
export const logTlsFailed = (logger: Logger, { app, upstream, detail }: Of<'tls-failed'>): void =>
  logger.warn(
    { app, upstream: shownUpstream(upstream), detail },
    `no TLS with an upstream of ${app}, so calls get another one or the next rung: ${detail}`,
  );
