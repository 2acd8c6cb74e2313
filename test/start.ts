import { mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
  const anyPort = (at: Config['listen']) => ('path' in at ? at : { host: at.host, port: 0 });
  return { ...read, listen: anyPort(read.listen), admin: anyPort(read.admin) };
};

export interface Started {
  readonly breakwater: Breakwater;
  /** Where hooks of EchoApp go; append `/connect` and the like. */
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

/** A folder for the events of one gateway; it is gone when the gateway is closed. */
const ownEvents = (): { readonly dir: string; remove(): void } => {
  const dir = mkdtempSync(join(tmpdir(), 'breakwater-events-'));
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true }) };
};

const isDefault = ({ dir }: Config['events']): boolean => dir === './data/events';

/**
 * Starts a gateway on free ports. Its log goes nowhere unless `logFd` says otherwise; its events go to a folder of its
 * own unless the configuration names one.
 */
export const startGateway = async (
  config: Config,
  { listener, logFd = openSync('/dev/null', 'w') }: { readonly listener?: Emit; readonly logFd?: number } = {},
): Promise<Started> => {
  const own = isDefault(config.events) ? ownEvents() : undefined;
  const events = { ...config.events, ...(own && { dir: own.dir }) };
  const breakwater = await start(
    { ...config, events },
    { version: '0.0.0-test', logFd, ...(listener && { listener }) },
  );
  const { port } = new URL(breakwater.url);
  return {
    breakwater,
    url: breakwater.url + APP.path,
    port: Number(port),
    // What a test leaves in flight is nobody's answer, so it is not waited for.
    close: async () => {
      await breakwater.close(0);
      own?.remove();
    },
  };
};
