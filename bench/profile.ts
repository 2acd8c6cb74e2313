import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { percent } from './figures.ts';
import { Lab } from './lab.ts';
import { hookBody, Load, type Script, SESSION } from './load.ts';
import { gateway } from './targets.ts';

/** `node bench/profile.ts [HOOK|session] [SECONDS]`: where the gateway spends its time under load, by function and by file. */
const [hook = 'session', seconds = '8'] = process.argv.slice(2);
const script: Script = hook === 'session' ? SESSION : [[hook, hookBody]];
const WARM_REQUESTS = 20_000;
const SHOWN = 60;

interface Profile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

const measure = async (lab: Lab): Promise<Profile> => {
  const load = new Load(lab);
  const upstream = await load.upstream();
  const flags = ['--cpu-prof', `--cpu-prof-dir=${lab.dir}`, '--cpu-prof-interval=500'];
  const running = await gateway('profiled', flags).start(lab, { upstreams: [upstream.port], limitMs: 3000 });
  await load.closed(running.port, script, 50, 20, WARM_REQUESTS);
  const { answered } = await load.closed(running.port, script, 50, Number(seconds));
  console.log(`${answered} calls of ${hook}`);
  await running.stop();
  const file = readdirSync(lab.dir).find(name => name.endsWith('.cpuprofile'));
  if (!file) throw new Error('the gateway left no profile');
  return JSON.parse(readFileSync(join(lab.dir, file), 'utf8')) as Profile;
};

const place = (url: string): string => {
  const at = url.search(/\/(src|node_modules)\//);
  return url === '' ? '(native)' : at < 0 ? url : url.slice(at + 1);
};

/** Self time by whatever `name` makes of a frame, largest first. Idle time is left out. */
const sum = (
  { nodes, samples, timeDeltas }: Profile,
  lastUs: number,
  name: (frame: Profile['nodes'][number]['callFrame']) => string,
) => {
  const names = new Map(
    nodes.map(({ id, callFrame }) => [id, callFrame.functionName === '(idle)' ? '' : name(callFrame)]),
  );
  const times = new Map<string, number>();
  let total = 0;
  let left = timeDeltas.reduce((all, us) => all + us, 0) - lastUs;
  samples.forEach((id, i) => {
    left -= timeDeltas[i] ?? 0;
    if (left > 0) return;
    const key = names.get(id) ?? '';
    const us = timeDeltas[i] ?? 0;
    if (key === '' || us < 0) return;
    total += us;
    times.set(key, (times.get(key) ?? 0) + us);
  });
  return [...times].map(([key, us]) => [key, us / total] as const).sort((one, other) => other[1] - one[1]);
};

const lab = new Lab();
try {
  const profile = await measure(lab);
  const lastUs = Number(seconds) * 1e6;
  const show = (rows: readonly (readonly [string, number])[]) => {
    for (const [key, share] of rows.slice(0, SHOWN)) console.log(`${percent(share).padStart(8)}  ${key}`);
  };
  show(sum(profile, lastUs, ({ url }) => place(url)));
  console.log();
  show(
    sum(
      profile,
      lastUs,
      ({ functionName, url, lineNumber }) => `${functionName || '(anonymous)'} ${place(url)}:${lineNumber + 1}`,
    ),
  );
} finally {
  await lab.close();
}
