import { backedOf, type Draft, type DraftBacked, originOf } from './draft.ts';
import type { Layer } from './layers.ts';
import { formatPath } from './problems.ts';
import { MergedApp } from './schema.ts';
import type { Finding } from './validate.ts';

/** Keys for upstreams that do something else than they seem to, of an app or of what no app has. */
export const backedDoubts = (draft: Draft): readonly Finding[] => [
  ...backedOf(draft).flatMap(idleBounds),
  ...idleEjections(backedOf(draft)),
];

/** Bounds that do not bound what they seem to. The usual ones say nothing: check prints them. */
const idleBounds = ({ layers, options }: DraftBacked): readonly Finding[] => {
  const { max, floor, ceiling } = options.concurrency;
  const usual = MergedApp.shape.concurrency.parse('auto');
  const at = (key: 'floor' | 'ceiling') => originOf(layers.general, ['concurrency', key]) ?? [];
  if (max !== 'auto')
    return (['floor', 'ceiling'] as const)
      .filter(key => options.concurrency[key] !== usual[key])
      .map(key => ({
        path: at(key),
        message: `is of no use while concurrency.max is ${max}; write max: auto, or take it out`,
      }));
  if (floor <= ceiling || floor === usual.floor) return [];
  const message = `concurrency.floor is ${floor}, more than the ceiling, so that the limit is always ${ceiling}`;
  return [{ path: at('floor'), message: `${message}; lower floor, or write max: ${ceiling}` }];
};

/** What somebody wrote for the choice between upstreams, where no app that it is for has a choice. */
const idleEjections = (all: readonly DraftBacked[]): readonly Finding[] => {
  const written = all.flatMap(backed => backed.layers.general.map(({ path, data }) => ({ backed, path, data })));
  const byPlace = Map.groupBy(written, ({ path }) => formatPath(path));
  return [...byPlace.values()]
    .filter(same => same.every(({ backed }) => backed.options.upstreams.length === 1))
    .flatMap(([one]) => (one ? [...idleKey(one, 'ejection', LEFT_OUT), ...idleKey(one, 'health', ASKED)] : []));
};

const LEFT_OUT = 'does nothing with one upstream: there is none to leave out; write a second upstream, or take it out';
const ASKED =
  'changes nothing for calls with one upstream, which is used in any case; it is shown in metrics and on the status page';

const idleKey = ({ path, data }: Layer, key: string, message: string): readonly Finding[] =>
  data[key] ? [{ path: [...path, key], message, key: true }] : [];
