import type { Draft } from './draft.ts';
import type { Path } from './problems.ts';
import { writtenRoutes } from './static-routes.ts';
import { formatSize } from './text.ts';
import type { Finding } from './validate.ts';

/** The durations of routes, as they are written. */
export const routeAmounts = ({ data, apps }: Draft): readonly { readonly path: Path; readonly value: unknown }[] =>
  writtenRoutes(
    data,
    apps.map(({ index }) => index),
  ).flatMap(({ path, routes }) =>
    Object.entries(routes ?? {}).flatMap(([glob, route]) =>
      ['keepFor', 'limit'].map(key => ({ path: [...path, glob, key], value: (route as Record<string, unknown>)[key] })),
    ),
  );

/** Sizes that do not go together: an answer that comes in, and those of one page, take a quarter at most. */
export const answersBreaches = ({ root: { cache }, isUnread }: Draft): readonly Finding[] => {
  const { bytes, each } = cache.answers;
  if (each * 4 <= bytes || isUnread(['cache', 'answers'])) return [];
  const message = `is ${formatSize(each)}, more than a quarter of cache.answers.bytes, which is ${formatSize(bytes)}`;
  return [{ path: ['cache', 'answers', 'each'], message: `${message}; write less, or more bytes` }];
};
