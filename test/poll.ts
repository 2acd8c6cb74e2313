import { setTimeout as sleep } from 'node:timers/promises';

export interface PollOptions {
  /** What is waited for, for the message when it does not come. */
  readonly what: string;
  readonly deadlineMs?: number;
  readonly everyMs?: number;
}

/** Waits until `condition` gives something true, and gives that; throws when the deadline passes first. */
export const until = async <T>(
  condition: () => T | Promise<T>,
  { what, deadlineMs = 5000, everyMs = 10 }: PollOptions,
): Promise<T> => {
  const end = performance.now() + deadlineMs;
  for (;;) {
    const result = await condition();
    if (result) return result;
    if (performance.now() > end) throw new Error(`${what}: not so after ${deadlineMs} ms`);
    await sleep(everyMs);
  }
};
