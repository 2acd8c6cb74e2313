import { firstSentence } from '../usage.ts';

/** What is wrong with the command line; told in one line. */
export class UsageError extends Error {}

/** What `read` makes of a command line; what node:util says against it becomes a UsageError. */
export const reading = <T>(read: () => T): T => {
  try {
    return read();
  } catch (error) {
    throw new UsageError(firstSentence(error as Error));
  }
};

/** A whole number from `least` to `most`; throws a UsageError for anything else. */
export const readNumber = (name: string, text: string, least: number, most: number): number => {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw new UsageError(`--${name} is ${JSON.stringify(text)}; write a whole number from ${least} to ${most}`);
};

/** How long the script takes once, in seconds. */
export const readSeconds = (text: string): number => readNumber('seconds', text, 5, 600);

/** Hooks a second. */
export const readRate = (text: string): number => readNumber('rate', text, 1, 1000);
