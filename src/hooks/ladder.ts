import { z } from 'zod';
import { hideInJson } from '../core/secrets.ts';
import type { Hook } from './catalogue.ts';

/** The rungs that are named by a word. */
export const RUNG_WORDS = ['cached', 'echo', 'store', 'refuse', 'unavailable', 'provisional'] as const;
export type RungWord = (typeof RUNG_WORDS)[number];

/** A rung that `fallback: auto` may choose. */
export type AutoRung = 'cached' | 'echo' | 'store' | 'unavailable';

const DECISION: readonly AutoRung[] = ['unavailable'];
const KEYED_DECISION: readonly AutoRung[] = ['cached', 'unavailable'];
const NOTIFICATION: readonly AutoRung[] = ['store', 'unavailable'];
/** WCS notes the answer and goes on. */
const NOTED: readonly AutoRung[] = ['echo'];
const KEEP_ALIVE: readonly AutoRung[] = ['echo'];

/** True for a hook whose answer counts in some sessions and not in others. Of a name that nobody knows it is not known. */
export const dependsOnSession = ({ kind, decides, known }: Hook): boolean =>
  known && kind !== 'notification' && decides === 'by-policy';

/**
 * What `fallback: auto` means for a hook (contract 4). `keyed` says whether the caller can be told, from the
 * configuration's `key` or the hook's own; `decides` whether WCS acts on the answer in this session, by the
 * `restClientConfig` that the back-end gave it; nothing for a session that is not known.
 */
export const autoLadder = (hook: Hook, keyed: boolean, decides?: boolean): readonly AutoRung[] => {
  if (dependsOnSession(hook) && decides === false) return NOTED;
  if (hook.kind !== 'notification') return keyed ? KEYED_DECISION : DECISION;
  // A notification whose answer counts (StreamKeepAliveEvent) is worthless when late, and an error could end live streams.
  return hook.decides === 'never' ? NOTIFICATION : KEEP_ALIVE;
};

const WANTED = `${RUNG_WORDS.join(', ')}, { body: {…} }, { file: x.json } or { echo: {…} }`;

const shown = (value: unknown): string => {
  const text = JSON.stringify(hideInJson(value, '***')) ?? 'missing';
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
};

const jsonObject = () =>
  z.record(z.string(), z.unknown(), { error: issue => `is ${shown(issue.input)}; write a JSON object` });

/** One rung as the configuration writes it; `file` is still the path as written. */
export const RungSchema = z.union(
  [
    z.enum(RUNG_WORDS),
    z.strictObject({ body: jsonObject() }),
    z.strictObject({ file: z.string().min(1, { error: 'is empty; write the path of a JSON file' }) }),
    z.strictObject({ echo: jsonObject() }),
  ],
  { error: issue => `is ${shown(issue.input)}; write one of ${WANTED}` },
);

const rungList = z.array(RungSchema).min(1, { error: 'is an empty list; write auto or at least one rung' });

/** What is wrong with a `fallback`: the rung that is none, counted from 1, or the whole. */
const explainFallback = (input: unknown, issues: readonly z.core.$ZodIssue[]): string => {
  const rung = issues.find(issue => typeof issue.path[0] === 'number');
  if (rung) return `rung ${Number(rung.path[0]) + 1} ${rung.message}`;
  return `is ${shown(input)}; write auto or a list of rungs such as [cached, echo]`;
};

/** `fallback`: `auto`, or the rungs to try in order. */
export const FallbackOption = z
  .union([z.literal('auto'), rungList], {
    error: issue => explainFallback(issue.input, issue.code === 'invalid_union' ? issue.errors.flat() : []),
  })
  .meta({ description: `auto, or a list of rungs: ${WANTED}` });
export type FallbackOption = z.output<typeof FallbackOption>;

const fieldPath = z
  .string({ error: issue => `is ${shown(issue.input)}; write the name of a body field such as appKey or custom.token` })
  .regex(/^[^.]+(\.[^.]+)*$/, {
    error: issue => `is ${shown(issue.input)}; write a field name, with dots for nested fields: custom.token`,
  });

/** `key`: the body fields that tell one caller from another, dots for nested ones. */
export const keyOption = z
  .array(fieldPath, {
    error: issue => `is ${shown(issue.input)}; write a list of body fields such as [appKey, custom.token]`,
  })
  .min(1, { error: 'is an empty list; name at least one body field, or leave key out' })
  .meta({ description: 'body fields that identify the caller: [appKey, custom.token]' });
