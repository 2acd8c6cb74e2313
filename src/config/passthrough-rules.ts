import { PASSTHROUGH } from './assemble.ts';
import type { Draft, DraftApp } from './draft.ts';
import { matchesGlob } from './glob.ts';
import { formatDuration } from './text.ts';
import type { Finding } from './validate.ts';

/** What is wrong with the `passthrough` of all paths that no app has. */
export const passthroughBreaches = ({ root, apps }: Draft): readonly Finding[] => {
  if (!root.passthrough) return [];
  const { breaker } = root.passthrough;
  const named = apps.filter(({ options }) => options.name === PASSTHROUGH);
  return [
    ...named.map(({ index }) => ({
      path: ['apps', index, 'name'],
      message: `is ${PASSTHROUGH}, the label of what no app has; write another name`,
    })),
    ...(breaker && breaker.maxOpenFor < breaker.openFor
      ? [
          {
            path: [PASSTHROUGH, 'breaker'],
            message: `breaker.maxOpenFor is ${formatDuration(breaker.maxOpenFor)}, shorter than breaker.openFor, ${formatDuration(breaker.openFor)}; raise maxOpenFor or lower openFor`,
          },
        ]
      : []),
  ];
};

/** What of passing through is probably not meant. */
export const passthroughDoubts = (draft: Draft): readonly Finding[] => [
  ...draft.apps.flatMap(allHooks),
  ...neverUsed(draft),
];

/** A name that nobody would give to a page. */
const NO_NAME = 'no-hook-of-this-name';

const allHooks = ({ options, layers }: DraftApp): readonly Finding[] =>
  layers.hooks
    .filter(({ glob = '' }) => options.passthrough && matchesGlob(glob, NO_NAME))
    .map(({ path, glob = '' }) => ({
      path,
      message: `${glob} makes a hook of every POST to ${options.path}/NAME, so none of them passes through; write the names of your hooks, or take it out`,
      key: true,
    }));

const neverUsed = ({ root, apps }: Draft): readonly Finding[] => {
  const all = root.passthrough && apps.find(({ options }) => options.path === '');
  if (!all) return [];
  const message = `is never used: ${all.options.name} has every path; write passthrough: true there, or take it out`;
  return [{ path: [PASSTHROUGH], message, key: true }];
};
