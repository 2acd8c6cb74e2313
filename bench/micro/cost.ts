import { median } from '../figures.ts';

const AT_ONCE = 50;
const ROUNDS = 7;

/** Calls come 50 at a time and then the event loop turns, as it does under load. */
const cpuNs = async (run: () => unknown, calls: number): Promise<number> => {
  const begin = process.cpuUsage();
  for (let done = 0; done < calls; done += AT_ONCE) {
    await Promise.all(Array.from({ length: AT_ONCE }, run));
    await new Promise(setImmediate);
  }
  const { user, system } = process.cpuUsage(begin);
  return ((user + system) * 1000) / calls;
};

/**
 * Nanoseconds of CPU by which `run` takes longer in this process than `bare`, garbage collection included: the median
 * of some rounds in which both have their turn, after one to warm up.
 */
export const extraNs = async (run: () => unknown, bare: () => unknown, calls: number): Promise<number> => {
  const differences: number[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const base = await cpuNs(bare, calls);
    const all = await cpuNs(run, calls);
    if (round > 0) differences.push(all - base);
  }
  return median(differences);
};
