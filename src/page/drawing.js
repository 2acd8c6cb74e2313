import { SECONDS } from './history.js';
import { SOURCE_NAMES } from './words.js';

/**
 * @import { Source } from '../core/call.ts'
 * @import { Spread } from '../observability/sampler.ts'
 * @typedef {{ readonly slot: number, readonly from: number, readonly to: number }} Bar both ends as a share of the height
 * @typedef {{ readonly name: string, readonly path: string }} Layer a class of the style sheet, and what it draws
 */

/** A strip is 120 units wide, one for each second, and 100 high. */
export const WIDTH = SECONDS;
export const HEIGHT = 100;

/** @param {number} share */
const y = share => Math.round((1 - Math.min(1, Math.max(0, share))) * HEIGHT * 10) / 10;

/** One path for all bars. @param {readonly Bar[]} bars */
export const barsPath = bars =>
  bars
    .filter(({ from, to }) => to > from)
    .map(({ slot, from, to }) => `M${slot} ${y(from)}h.8V${y(to)}h-.8z`)
    .join('');

/** Where `ms` lies between 1 ms and `top` on a scale of powers. @param {number} ms @param {number} top */
export const height = (ms, top) => Math.max(0.04, Math.log(Math.max(1, ms)) / Math.log(Math.max(2, top)));

/**
 * Bars up to the median, lighter ones on to the 99th percentile.
 * @param {readonly { readonly slot: number, readonly spread: Spread | undefined }[]} points @param {number} top
 * @returns {Layer[]}
 */
const spreadLayers = (points, top) => {
  const known = points.flatMap(({ slot, spread }) => (spread ? [{ slot, spread }] : []));
  const tail = known.map(({ slot, spread }) => ({ slot, from: height(spread[0], top), to: height(spread[1], top) }));
  const middle = known.map(({ slot, spread }) => ({ slot, from: 0, to: height(spread[0], top) }));
  return [
    { name: 'tail', path: barsPath(tail) },
    { name: 'middle', path: barsPath(middle) },
  ];
};

/**
 * How long attempts took; the share that failed hangs from the top.
 * @param {readonly { readonly slot: number, readonly part: { answered: number, failed: number, ms?: Spread } }[]} slots
 * @param {number} top milliseconds at the upper edge
 */
export const attemptLayers = (slots, top) => {
  // What fails at once would look like a quick answer.
  const answered = slots.map(({ slot, part }) => ({ slot, spread: part.answered > 0 ? part.ms : undefined }));
  const failed = slots.map(({ slot, part }) => ({
    slot,
    from: 1 - part.failed / (part.answered + part.failed || 1),
    to: 1,
  }));
  return [...spreadLayers(answered, top), { name: 'failed', path: barsPath(failed) }];
};

/**
 * How long WCS waited: bars for the back-end's own answers, a mark for the slowest of the others.
 * @param {readonly { readonly slot: number, readonly part: { own?: Spread, others?: Spread } }[]} slots
 * @param {number} top milliseconds at the upper edge
 */
export const waitLayers = (slots, top) => {
  const marks = slots.flatMap(({ slot, part }) => {
    if (!part.others) return [];
    const at = height(part.others[1], top);
    return [{ slot, from: at - 0.09, to: Math.max(at, 0.09) }];
  });
  const own = slots.map(({ slot, part }) => ({ slot, spread: part.own }));
  return [...spreadLayers(own, top), { name: 'others', path: barsPath(marks) }];
};

/** @param {Partial<Record<Source, number>>} answers @param {number} slot @param {number} most */
const pile = (answers, slot, most) => {
  let under = 0;
  return SOURCE_NAMES.map(source => {
    const from = under;
    under += (answers[source] ?? 0) / most;
    return { source, slot, from, to: under };
  });
};

/**
 * Answers of each second, one source upon the other; the tallest second fills the strip.
 * @param {readonly { readonly slot: number, readonly part: { answers: Partial<Record<Source, number>> } }[]} slots
 * @returns {Layer[]}
 */
export const sourceLayers = slots => {
  const sums = slots.map(({ part }) => Object.values(part.answers).reduce((sum, count) => sum + count, 0));
  const most = Math.max(1, ...sums);
  const all = slots.flatMap(({ slot, part }) => pile(part.answers, slot, most));
  return SOURCE_NAMES.map(source => ({ name: source, path: barsPath(all.filter(bar => bar.source === source)) }));
};
