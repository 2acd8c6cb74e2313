import { openSync } from 'node:fs';
import { stringify } from 'yaml';
import { parseConfig } from '../src/config/load.ts';
import type { Config } from '../src/config/types.ts';
import type { Emit } from '../src/core/events.ts';
import { type Breakwater, start } from '../src/server/start.ts';

type Yaml = Readonly<Record<string, unknown>>;

/** The one app of most tests. */
export const APP = { name: 'EchoApp', path: '/apps/EchoApp' } as const;

/** A configuration with the single app EchoApp in front of `upstreams`; `app` and `root` add keys or replace them. */
export const configFor = (upstreams: readonly string[], app: Yaml = {}, root: Yaml = {}): Config =>
  readConfig({ ...root, apps: [{ ...APP, upstreams: upstreams.map(url => url + APP.path), ...app }] });

/** Reads YAML, or an object that stands for it; listeners are on free ports and the log is silent unless it says otherwise. */
export const readConfig = (config: string | Yaml): Config => {
  const quiet = { listen: '127.0.0.1:1', admin: '127.0.0.1:2', log: { level: 'silent' } };
  const text = typeof config === 'string' ? config : stringify({ ...quiet, ...config });
  const { config: read } = parseConfig(text, { file: 'test.yaml', env: process.env });
  const anyPort = ({ host }: Config['listen']) => ({ host, port: 0 });
  return { ...read, listen: anyPort(read.listen), admin: anyPort(read.admin) };
};

export interface Started {
  readonly breakwater: Breakwater;
  /** Where hooks of EchoApp go; append `/connect` and the like. */
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

/** Starts a gateway on free ports. Its log goes nowhere unless `logFd` says otherwise. */
export const startGateway = async (
  config: Config,
  { listener, logFd = openSync('/dev/null', 'w') }: { readonly listener?: Emit; readonly logFd?: number } = {},
): Promise<Started> => {
  const breakwater = await start(config, { version: '0.0.0-test', logFd, ...(listener && { listener }) });
  const { port } = new URL(breakwater.url);
  return {
    breakwater,
    url: breakwater.url + APP.path,
    port: Number(port),
    // What a test leaves in flight is nobody's answer, so it is not waited for.
    close: () => breakwater.close(0),
  };
};
