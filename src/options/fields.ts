import { z } from 'zod';

const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const SIZES = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 } as const;

const DURATION = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;
const SIZE = /^(\d+(?:\.\d+)?)(B|KiB|MiB|GiB)$/;
const SHARE = /^(\d+(?:\.\d+)?)%$/;

const shown = (value: unknown): string => (value === undefined ? 'missing' : JSON.stringify(value));

/** A text of one form, read into a number; `wanted` completes the sentence "write …". */
const quantity = (pattern: RegExp, wanted: string, read: (match: RegExpExecArray) => number) =>
  z
    .string({ error: issue => `is ${shown(issue.input)}; write ${wanted}` })
    .regex(pattern, { error: issue => `is ${shown(issue.input)}; write ${wanted}` })
    .transform(text => read(pattern.exec(text) as RegExpExecArray));

/** A duration such as `250ms`; milliseconds inside. */
export const duration = () =>
  quantity(DURATION, 'a duration such as 250ms, 3s, 10m or 24h', ([, amount, unit]) =>
    Math.round(Number(amount) * UNITS[unit as keyof typeof UNITS]),
  ).meta({ description: 'duration: 250ms, 3s, 10m, 24h' });

/** A size such as `16KiB`, of at least `least` bytes; bytes inside. */
export const size = (least = 0) =>
  quantity(SIZE, 'a size such as 512B, 16KiB, 64MiB or 1GiB', ([, amount, unit]) =>
    Math.round(Number(amount) * SIZES[unit as keyof typeof SIZES]),
  )
    .refine(bytes => bytes >= least, { error: `is less than ${least}B; write more` })
    .meta({ description: 'size: 512B, 16KiB, 64MiB, 1GiB' });

/** A share such as `5%`; 0 to 1 inside. */
export const share = () =>
  quantity(SHARE, 'a share such as 5%', ([, amount]) => Number(amount) / 100)
    .refine(value => value <= 1, { error: 'is more than 100%; write less' })
    .meta({ description: 'share: 5%' });

/** A whole number of at least `least`. */
export const count = (least = 1) =>
  z
    .number({ error: issue => `is ${shown(issue.input)}; write a whole number` })
    .int({ error: issue => `is ${shown(issue.input)}; write a whole number` })
    .min(least, { error: issue => `is ${shown(issue.input)}; write ${least} or more` });

/** How many times as much, such as `3`: more than 1. */
export const factor = () => {
  const error = (issue: { input?: unknown }) => `is ${shown(issue.input)}; write a number above 1, such as 3`;
  return z.number({ error }).gt(1, { error }).meta({ description: 'a number above 1, such as 3' });
};

/** The path of a URL, such as `/health?full`; `example` is what a message shows. */
export const urlPath = (example: string) => {
  const error = (issue: { input?: unknown }) =>
    `is ${shown(issue.input)}; write a path that begins with /, such as ${example}`;
  return z
    .string({ error })
    .regex(/^\/[!"$-~]*$/, { error })
    .meta({ description: `a path that begins with /, such as ${example}` });
};
