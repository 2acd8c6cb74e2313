import { formatAddress } from '../core/host-port.ts';
import { reaches, upstreamAddress } from './address.ts';
import { type Draft, type DraftApp, type DraftBacked, originOf, PASSTHROUGH } from './draft.ts';
import { matchesGlob } from './glob.ts';
import { listed } from './text.ts';
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
  ...shared(draft),
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

const appOfAll = (apps: readonly DraftApp[]): DraftApp | undefined => apps.find(({ options }) => options.path === '');

const neverUsed = ({ others, apps }: Draft): readonly Finding[] => {
  const all = others && appOfAll(apps);
  if (!all) return [];
  const message = `is never used: ${all.options.name} has every path; write passthrough: true there, or take it out`;
  return [{ path: [PASSTHROUGH], message, key: true }];
};

/** An app and what no app has do not know of each other's calls at a back-end that both lead to. */
const shared = ({ others, apps }: Draft): readonly Finding[] => {
  if (!others || appOfAll(apps)) return [];
  return others.options.upstreams.flatMap((url, at) => {
    const target = upstreamAddress(url);
    const sharing = apps.filter(app => leadsTo(app, target));
    if (sharing.length === 0 || [others, ...sharing].every(saysConcurrency)) return [];
    const names = listed(sharing.map(({ options }) => options.name));
    const most = listed([others, ...sharing].map(({ options }) => `${options.name} ${options.concurrency.max}`));
    const message = `leads to ${formatAddress(target)} like ${names}, and each counts its own calls alone`;
    const remedy = `write concurrency for each, so that all together are what the back-end bears (now ${most})`;
    return [{ path: [PASSTHROUGH, 'upstreams', at], message: `${message}; ${remedy}` }];
  });
};

const leadsTo = ({ options }: DraftApp, target: ReturnType<typeof upstreamAddress>): boolean =>
  options.upstreams.some(url => reaches(target, upstreamAddress(url)));

/** True if somebody has thought of how much the back-end bears. */
const saysConcurrency = ({ layers }: DraftBacked): boolean => originOf(layers.general, ['concurrency']) !== undefined;
