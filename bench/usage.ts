import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

const read = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // it has ended meanwhile
  }
};

const list = (path: string): string[] => {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
};

/** A process and all that it started. */
const family = (pid: number): number[] => {
  const pids = [pid];
  for (let i = 0; i < pids.length; i++) {
    for (const thread of list(`/proc/${pids[i]}/task`)) {
      const children = read(`/proc/${pids[i]}/task/${thread}/children`).trim();
      if (children) pids.push(...children.split(' ').map(Number));
    }
  }
  return pids;
};

/** Microseconds that all threads of a process and its children have run, exact to the nanosecond. */
export const cpuUs = (pid: number): number => {
  let ns = 0;
  for (const each of family(pid)) {
    for (const thread of list(`/proc/${each}/task`))
      ns += Number(read(`/proc/${each}/task/${thread}/schedstat`).split(' ')[0]);
  }
  return ns / 1000;
};

/** Memory in MB that a process and its children hold now. */
export const rssMb = (pid: number): number => {
  let kb = 0;
  for (const each of family(pid)) kb += Number(/VmRSS:\s+(\d+)/.exec(read(`/proc/${each}/status`))?.[1] ?? 0);
  return kb / 1024;
};

/** Makes `peakMb` begin anew. Without the right to do so the peak stays what it was, so it is never understated. */
export const resetPeak = (pid: number): void => {
  for (const each of family(pid)) {
    try {
      writeFileSync(`/proc/${each}/clear_refs`, '5');
    } catch {
      // the peak from before is kept
    }
  }
};

/** The most memory in MB that it ever held; children are added at their own peaks. */
export const peakMb = (pid: number): number => {
  let kb = 0;
  for (const each of family(pid)) kb += Number(/VmHWM:\s+(\d+)/.exec(read(`/proc/${each}/status`))?.[1] ?? 0);
  return kb / 1024;
};

interface Core {
  readonly busy: number;
  readonly all: number;
}

const core = (at: number): Core => {
  const ticks = (new RegExp(`^cpu${at} (.*)$`, 'm').exec(read('/proc/stat'))?.[1] ?? '').split(' ').map(Number);
  const all = ticks.slice(0, 8).reduce((sum, tick) => sum + tick, 0);
  return { all, busy: all - (ticks[3] ?? 0) - (ticks[4] ?? 0) };
};

/** Begins to watch a process; the function that it gives tells its CPU time and what else kept its core busy. */
export const watch = (pid: number, at = 1): (() => { cpuUs: number; otherShare: number }) => {
  const before = core(at);
  const cpu = cpuUs(pid);
  const begin = process.hrtime.bigint();
  return () => {
    const used = cpuUs(pid) - cpu;
    const after = core(at);
    const busy = (after.busy - before.busy) / Math.max(1, after.all - before.all);
    const own = used / (Number(process.hrtime.bigint() - begin) / 1000);
    return { cpuUs: used, otherShare: Math.max(0, busy - own) };
  };
};
