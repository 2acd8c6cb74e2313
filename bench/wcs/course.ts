import { delimiter, join } from 'node:path';
import { freePort, type Lab, type Running, sleep } from '../lab.ts';
import type { Bench } from '../section.ts';
import { APP, gateway } from '../targets.ts';
import { HTTP_CLIENT_JARS } from '../tools.ts';
import { BackEnd } from './back-end.ts';
import { startRedis } from './redis-server.ts';

const SOURCES = ['Bodies', 'Hooks', 'Json', 'Plan', 'Rules', 'Session', 'Tally', 'Wcs'];
const FOLDER = join(import.meta.dirname, '..', 'java', 'wcs');

export const SESSIONS = 500;
export const KEEP_ALIVE_MS = 2000;
export const LIMIT_MS = 1000;
export const WCS_TIMEOUT_MS = 3000;

/** What the back-end and the gateway do, one after the other. */
export const PHASES = ['healthy', 'stalled', 'restarting', 'restarted', 'back'] as const;
export type Phase = (typeof PHASES)[number];
/**
 * Restarting lasts until WCS can have found out which of its connections have died: its client looks at those that were
 * idle for 2 s, and meets the others one by one.
 */
const SECONDS: Readonly<Record<Phase, number>> = { healthy: 5, stalled: 5, restarting: 3, restarted: 4, back: 6 };
const STALE_MS = 2200;
const STALLED: readonly Phase[] = ['stalled', 'restarting', 'restarted'];
/** What is cut off by a kill must be counted under the phase that has the kill in it. */
const NOTICE_MS = 50;
/** Who comes in the last seconds would have no time to do anything. */
const LAST_SECONDS = 2;
const ARRIVE_MS = 1000 * (Object.values(SECONDS).reduce((sum, each) => sum + each) - LAST_SECONDS);

/** One way to run the gateway. */
export interface Setup {
  readonly name: string;
  readonly hasRedis: boolean;
  readonly app: Readonly<Record<string, unknown>>;
}

/** What `java/wcs/Tally.java` prints: how often what happened, the words of it apart by `|`, the phase first. */
export type Counts = Readonly<Record<string, number>>;

/** What came of one setup. */
export interface Course {
  readonly setup: Setup;
  readonly counts: Counts;
  /** How long nobody listened while the gateway was started again. */
  readonly gapMs: number;
  /** What the back-end said later of sessions that were let in provisionally, and how many still wait. */
  readonly verified: number;
  readonly refused: number;
  readonly waiting: number;
}

/** Compiles the simulated WCS; gives the command that runs it. */
export const compileWcs = async (lab: Lab): Promise<readonly string[]> => {
  const jars = HTTP_CLIENT_JARS.join(delimiter);
  const files = SOURCES.map(name => join(FOLDER, `${name}.java`));
  await lab.run(['javac', '-d', lab.dir, '-cp', jars, ...files]);
  return ['java', '-Xss512k', '-Xmx256m', '-cp', [lab.dir, jars].join(delimiter), 'Wcs'];
};

const BREAKER = { openFor: '1s', maxOpenFor: '2s' };

/** A gateway that can be ended and started again at the same place. */
const createGateway = async (lab: Lab, { name, hasRedis, app }: Setup, upstream: number) => {
  const redis = hasRedis ? await startRedis(lab) : undefined;
  const root = {
    wcs: { requestTimeout: `${WCS_TIMEOUT_MS}ms` },
    ...(redis ? { cache: { redis: { url: redis.url } } } : {}),
  };
  const [port, admin] = [await freePort(), await freePort()];
  const both = { fallback: 'auto', idempotent: false, breaker: BREAKER, ...app };
  const options = { upstreams: [upstream], limitMs: LIMIT_MS, port, admin, root, app: both };
  const start = (): Promise<Running> => gateway(name.replaceAll(' ', '-')).start(lab, options);
  return { url: `http://127.0.0.1:${port}${APP}`, admin, start };
};

/** The sessions of the status page. */
interface Status {
  readonly sessions: {
    readonly provisional: Readonly<Record<string, number>>;
    readonly admissions: Readonly<Record<string, { readonly verified: number; readonly refused: number }>>;
  };
}

const readAdmissions = async (admin: number): Promise<Pick<Course, 'verified' | 'refused' | 'waiting'>> => {
  const { sessions } = (await (await fetch(`http://127.0.0.1:${admin}/status`)).json()) as Status;
  const { verified = 0, refused = 0 } = sessions.admissions.EchoApp ?? {};
  return { verified, refused, waiting: sessions.provisional.EchoApp ?? 0 };
};

const lastLine = (text: string): string => text.trim().split('\n').at(-1) ?? '';

/** Ends the gateway in the middle of its work and starts it again; gives how long nobody was there. */
const restart = async (running: Running, start: () => Promise<Running>): Promise<[Running, number]> => {
  await sleep(NOTICE_MS);
  const begin = performance.now();
  await running.kill();
  return [await start(), performance.now() - begin];
};

/** Plays all phases with one setup. */
export const play = async ({ lab, quick, say }: Bench, command: readonly string[], setup: Setup): Promise<Course> => {
  const backEnd = await BackEnd.start();
  try {
    const { url, admin, start } = await createGateway(lab, setup, backEnd.port);
    let running = await start();
    const words = [url, quick ? SESSIONS / 5 : SESSIONS, ARRIVE_MS, KEEP_ALIVE_MS, WCS_TIMEOUT_MS].map(String);
    const wcs = await lab.obey([...command, ...words]);
    let gapMs = 0;
    for (const phase of PHASES) {
      say(`${setup.name}: ${phase}`);
      let end = performance.now() + 1000 * SECONDS[phase];
      backEnd.isStalled = STALLED.includes(phase);
      wcs.order(`phase ${phase}`);
      if (phase === 'restarting') {
        [running, gapMs] = await restart(running, start);
        end = Math.max(end, performance.now() + STALE_MS);
      }
      await sleep(end - performance.now());
    }
    const admissions = await readAdmissions(admin);
    wcs.order('end');
    const counts = JSON.parse(lastLine(await wcs.printed)) as Counts;
    await running.stop();
    return { setup, counts, gapMs, ...admissions };
  } finally {
    backEnd.close();
  }
};
