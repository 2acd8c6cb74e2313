import { type Draft, type DraftApp, PASSTHROUGH } from './draft.ts';
import { matchesGlob } from './glob.ts';
import type { Finding } from './validate.ts';

/** An app that has the label of what no app has. */
export const passthroughBreaches = ({ others, apps }: Draft): readonly Finding[] =>
  apps
    .filter(({ options }) => others && options.name === PASSTHROUGH)
    .map(({ index }) => ({
      path: ['apps', index, 'name'],
      message: `is ${PASSTHROUGH}, the label of what no app has; write another name`,
    }));

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

const neverUsed = ({ others, apps }: Draft): readonly Finding[] => {
  const all = others && apps.find(({ options }) => options.path === '');
  if (!all) return [];
  const message = `is never used: ${all.options.name} has every path; write passthrough: true there, or take it out`;
  return [{ path: [PASSTHROUGH], message, key: true }];
};
