import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** A program that is not ours and that tests or benchmarks run. */
export interface Tool {
  readonly program: string;
  /** Where the thing is that is wanted, if it is no program but a file: a library. */
  readonly file?: string;
  /** The Debian package that brings it. */
  readonly debian: string;
  readonly purpose: string;
}

/** What `npm test` runs. */
export const TOOLS = [
  { program: 'promtool', debian: 'prometheus', purpose: 'checks the metrics' },
  { program: 'prometheus', debian: 'prometheus', purpose: 'scrapes a gateway, and answers what dashboards ask' },
  { program: 'varnishtest', debian: 'varnish', purpose: 'knocks at the front door' },
  { program: 'redis-server', debian: 'redis-server', purpose: 'is the second tier of the stores' },
  { program: 'chromium', debian: 'chromium', purpose: 'shows the status page' },
  { program: 'openssl', debian: 'openssl', purpose: 'makes certificates' },
  { program: 'systemd-analyze', debian: 'systemd', purpose: 'rates the unit' },
  { program: 'nginx', debian: 'nginx-light', purpose: 'checks its configuration in the FAQ' },
  { program: 'haproxy', debian: 'haproxy', purpose: 'checks its configuration in the FAQ' },
  { program: 'slowhttptest', debian: 'slowhttptest', purpose: 'plays slow clients' },
] as const satisfies readonly Tool[];

export type ToolName = (typeof TOOLS)[number]['program'];

const SYSTEM_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/sbin'];

const isExecutable = (file: string): boolean => {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

/** The path of `program`, looked for on PATH and in the system folders that a user's PATH may lack. */
export const findTool = (program: string): string | undefined =>
  [...(process.env.PATH ?? '').split(delimiter), ...SYSTEM_FOLDERS]
    .map(folder => join(folder, program))
    .find(isExecutable);

export const isThere = ({ program, file }: Tool): boolean =>
  file === undefined ? findTool(program) !== undefined : existsSync(file);

/** The programs that the user chose to do without, by `BREAKWATER_WITHOUT=promtool,varnishtest`. */
export const withoutTools = (): readonly string[] =>
  (process.env.BREAKWATER_WITHOUT ?? '').split(',').flatMap(word => word.trim() || []);

const toolOf = (name: ToolName): Tool => {
  const tool = TOOLS.find(({ program }) => program === name);
  if (!tool) throw new Error(`${name} is not in the table of test/tools.ts`);
  return tool;
};

/** What to do where `tool` is missing. */
export const remedy = ({ program, debian }: Tool): string =>
  `${program} is missing: run \`apt-get install --no-install-recommends ${debian}\` as root, ` +
  `or leave its tests out with BREAKWATER_WITHOUT=${program}`;

/** The path of a tool; throws with the remedy if it is missing. A test that needs it fails so, and is never skipped unseen. */
export const requireTool = (name: ToolName): string => {
  const path = findTool(name);
  if (path === undefined) throw new Error(remedy(toolOf(name)));
  return path;
};

/** For a test's `skip`: a reason if the user chose to do without this tool, else false. */
export const withoutTool = (name: ToolName): string | false =>
  withoutTools().includes(name) ? `BREAKWATER_WITHOUT names ${name}` : false;
