import { z } from 'zod';
import { duration, size } from '../options/fields.ts';

const WANTED = 'cached, unavailable, { body: … } or { file: x.json }';

const NO_JSON = 'holds a body that is no JSON object or list; write one, such as { body: { state: unknown } }';
const body = () => z.union([z.record(z.string(), z.unknown()), z.array(z.unknown())], { error: NO_JSON });

/** One rung of a route as the configuration writes it; `file` is still the path as written. */
const StaticRung = z.union(
  [
    z.enum(['cached', 'unavailable']),
    z.strictObject({ body: body() }),
    z.strictObject({ file: z.string().min(1, { error: 'is empty; write the path of a JSON file' }) }),
  ],
  { error: `is no rung of a route; write one of ${WANTED}` },
);

/** What a GET gets whose back-end fails: the keys of one glob in `routes`. */
export const RouteOptions = z.strictObject({
  fallback: z
    .array(StaticRung, { error: `is no list of rungs; write rungs such as [cached, unavailable]` })
    .min(1, { error: `is an empty list; write at least one of ${WANTED}` })
    .meta({ description: `a list of rungs: ${WANTED}` }),
  keepFor: duration().prefault('10m'),
  limit: duration().optional(),
  personal: z.boolean().default(false),
});
export type RouteOptions = z.output<typeof RouteOptions>;

const GLOB = 'a path or a glob of paths such as /api/status or "/api/*"';
/** `routes` of a `passthrough`: globs on the paths of requests. */
export const RoutesOptions = z.record(
  z
    .string()
    .regex(/^[/*?][\w.~!$&'()*+,;=:@%/?-]*$/, { error: issue => `is ${JSON.stringify(issue.input)}; write ${GLOB}` }),
  RouteOptions,
);
export type RoutesOptions = z.output<typeof RoutesOptions>;

/** A rung with the content of its file, which was found to be JSON. */
export type LoadedRung =
  | 'cached'
  | 'unavailable'
  | { readonly body: object }
  | { readonly file: string; readonly content: Buffer };

/** What holds for the paths that a glob of `routes` fits. */
export interface LoadedRouteOptions {
  readonly glob: string;
  readonly fallback: readonly LoadedRung[];
  /** How old a kept answer may be, and how long the first byte of an answer is waited for, in milliseconds. */
  readonly keepFor: number;
  readonly limit: number | undefined;
  readonly personal: boolean;
}

/** `cache.answers`: how much is kept of what passes through. */
export const KeptAnswersOptions = z.strictObject({
  bytes: size().prefault('64MiB'),
  each: size().prefault('1MiB'),
});
export type KeptAnswersOptions = z.output<typeof KeptAnswersOptions>;
