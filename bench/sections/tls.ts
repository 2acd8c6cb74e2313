import { copyFileSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { Authority, type Files } from '../../test/kit/certificates.ts';
import { print, printRange } from '../figures.ts';
import { type Lab, sleep } from '../lab.ts';
import { CONNECTS, hookBody, type Result } from '../load.ts';
import { describeCalm, type Entrant, middle, playRounds, ratio, type Samples } from '../rounds.ts';
import { type Bench, never, type Outcome, type Section, shown, type Table } from '../section.ts';
import { gateway } from '../targets.ts';

const CONNECTIONS = 50;
const PLAIN = 'in the clear';
const SECURE = 'over TLS 1.3';
const LOOK_MS = 50;

/** `secure-load.ts` to its end. */
const ask = async (
  lab: Lab,
  port: number,
  ca: string,
  kept: number,
  fresh: number,
  seconds: number,
): Promise<Result> => {
  const body = join(lab.dir, 'hook.json');
  writeFileSync(body, hookBody);
  const script = join(import.meta.dirname, '..', 'secure-load.ts');
  const words = [port, ca, body, kept, fresh, seconds].map(String);
  return JSON.parse(await lab.run([process.execPath, script, ...words])) as Result;
};

const row = (samples: Samples, name: string): string[] => {
  const all = samples.get(name) ?? [];
  return [
    name,
    printRange(all.map(({ perSecond }) => perSecond)),
    printRange(all.map(({ cpuUs }) => cpuUs)),
    print(middle(samples, name, ({ p50 }) => p50)),
    print(middle(samples, name, ({ p99 }) => p99)),
    print(ratio(samples, name, PLAIN, ({ perSecond }) => perSecond)),
    print(ratio(samples, name, PLAIN, each => each.cpuUs)),
  ];
};

const speed = async (bench: Bench, authority: Authority, pair: Files, upstream: number): Promise<Table> => {
  const start = async (name: string, root: object): Promise<Entrant> => {
    const running = await gateway(name.replaceAll(' ', '-')).start(bench.lab, {
      upstreams: [upstream],
      limitMs: 3000,
      root: { ...root },
    });
    return { name, running, script: CONNECTS };
  };
  const entrants = [await start(PLAIN, {}), await start(SECURE, { tls: pair })];
  const caOf = (name: string) => (name === SECURE ? authority.file : '-');
  for (const { name, running } of entrants) await ask(bench.lab, running.port, caOf(name), CONNECTIONS, 0, 2);
  const [rounds, seconds] = bench.quick ? [2, 1] : [4, 1.5];
  const samples = await playRounds(bench, entrants, rounds, ({ name }, port) =>
    ask(bench.lab, port, caOf(name), CONNECTIONS, 0, seconds),
  );
  for (const { running } of entrants) await running.stop();
  return {
    title: `Hooks over ${CONNECTIONS} kept connections`,
    head: [
      'listener',
      'calls/s',
      'CPU µs/call',
      'p50 ms',
      'p99 ms',
      'calls/s, in the clear = 1',
      'CPU, in the clear = 1',
    ],
    rows: entrants.map(({ name }) => row(samples, name)),
    notes: [
      `Medians of ${rounds} rounds of ${seconds} s (lowest to highest), EC certificate (P-256), AES-128-GCM. The client is Node on the other core and takes a good part of it.`,
      describeCalm(samples),
    ],
  };
};

const nameInUse = (port: number, ca: Buffer): Promise<string> =>
  new Promise(resolve => {
    const socket = connect({ port, host: '127.0.0.1', ca }, () => {
      resolve(String(socket.getPeerCertificate().subject.CN));
      socket.destroy();
    });
    socket.once('error', () => resolve(''));
  });

/** Swaps the files as Kubernetes does for a secret: all at once, by a link to a folder. */
const swap = (dir: string, { cert, key }: Files, version: number): void => {
  const folder = join(dir, `..${version}`);
  mkdirSync(folder);
  copyFileSync(cert, join(folder, 'tls.crt'));
  copyFileSync(key, join(folder, 'tls.key'));
  symlinkSync(folder, join(dir, '..new'));
  renameSync(join(dir, '..new'), join(dir, '..data'));
};

const rotate = async (bench: Bench, authority: Authority, upstream: number) => {
  const { lab, quick } = bench;
  const dir = join(lab.dir, 'mount');
  mkdirSync(dir);
  swap(dir, authority.issue('rotated-0'), 0);
  const tls = { cert: join(dir, '..data/tls.crt'), key: join(dir, '..data/tls.key') };
  const running = await gateway('rotating').start(lab, { upstreams: [upstream], limitMs: 3000, root: { tls } });
  const seconds = quick ? 6 : 15;
  let isOver = false;
  const load = ask(lab, running.port, authority.file, 20, 5, seconds).finally(() => {
    isOver = true;
  });
  const took: number[] = [];
  for (let version = 1; !isOver; version++) {
    swap(dir, authority.issue(`rotated-${version}`), version);
    const at = performance.now();
    while (!isOver && (await nameInUse(running.port, authority.pem)) !== `rotated-${version}`) await sleep(LOOK_MS);
    if (!isOver) took.push((performance.now() - at) / 1000);
  }
  const result = await load;
  await running.stop();
  return { result, took };
};

/** What TLS costs, and what calls notice of new certificates. */
export const tls: Section = {
  name: 'tls',
  title: 'TLS on the listener',
  run: async (bench): Promise<Outcome> => {
    const authority = new Authority();
    try {
      const upstream = await bench.load.upstream();
      const table = await speed(bench, authority, authority.issue('gateway'), upstream.port);
      bench.say('certificates change under load');
      const { result, took } = await rotate(bench, authority, upstream.port);
      return {
        tables: [table],
        verdicts: [
          shown(
            'new certificates under load',
            `${took.length} in ${print(result.seconds)} s, in use after ${printRange(took)} s`,
          ),
          shown('calls meanwhile, on 20 kept connections and 5 that are always new', print(result.answered)),
          never('of these not answered with 200', result.sent - result.ok),
        ],
      };
    } finally {
      authority.remove();
    }
  },
};
