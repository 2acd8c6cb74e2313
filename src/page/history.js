/**
 * @import { Source } from '../core/call.ts'
 * @import { HookSample, Sample, Spread, UpstreamSample } from '../observability/sampler.ts'
 * @import { AppStatus, StatusFrame } from '../observability/status.ts'
 */

/** How many seconds are shown. */
export const SECONDS = 120;

/** The samples of the last two minutes. However long it is fed, it holds no more. */
export class History {
  /** @type {Sample[]} oldest first */
  samples = [];

  /** Takes one in; one that is not newer than the last is known already. @param {Sample} sample */
  add(sample) {
    const last = this.samples.at(-1);
    if (last && sample.at <= last.at) return;
    this.samples.push(sample);
    const oldest = sample.at - SECONDS * 1000;
    while (this.samples.length > SECONDS || (this.samples[0]?.at ?? oldest) < oldest) this.samples.shift();
  }

  /** Forgets all: another process has other counts. */
  clear() {
    this.samples = [];
  }

  /** Those of the last `seconds`, oldest first. @param {number} seconds */
  last(seconds) {
    const from = (this.samples.at(-1)?.at ?? 0) - seconds * 1000 + 500;
    return this.samples.filter(({ at }) => at >= from);
  }

  /**
   * What `pick` finds in each sample, with the place of its second: 0 is the oldest, 119 the newest.
   * @template Part
   * @param {(sample: Sample) => Part | undefined} pick
   * @returns {{ readonly slot: number, readonly part: Part }[]}
   */
  slots(pick) {
    const newest = this.samples.at(-1)?.at ?? 0;
    return this.samples.flatMap(sample => {
      const part = pick(sample);
      const slot = SECONDS - 1 - Math.round((newest - sample.at) / 1000);
      return part === undefined || slot < 0 ? [] : [{ slot, part }];
    });
  }
}

/** @param {string} app @param {string} hook */
export const hookIn = (app, hook) => (/** @type {Sample} */ sample) =>
  sample.hooks.find(one => one.app === app && one.hook === hook);

/** @param {string} app @param {string} upstream */
export const upstreamIn = (app, upstream) => (/** @type {Sample} */ sample) =>
  sample.upstreams.find(one => one.app === app && one.upstream === upstream);

/**
 * One spread for several: the middle is weighed by calls, the tail is the longest.
 * @param {readonly { readonly spread: Spread | undefined, readonly weight: number }[]} parts
 * @returns {Spread | undefined}
 */
const join = parts => {
  const known = parts.flatMap(({ spread, weight }) => (spread ? [{ spread, weight }] : []));
  if (known.length === 0) return undefined;
  const weight = known.reduce((sum, one) => sum + one.weight, 0) || 1;
  const middle = known.reduce((sum, one) => sum + one.spread[0] * one.weight, 0) / weight;
  return [middle, Math.max(...known.map(({ spread }) => spread[1]))];
};

/** @param {readonly UpstreamSample[]} list */
const sumAttempts = list => {
  const parts = list.map(({ ms, answered, failed }) => ({ spread: ms, weight: answered + failed }));
  const ms = join(parts);
  return {
    answered: list.reduce((sum, one) => sum + one.answered, 0),
    failed: list.reduce((sum, one) => sum + one.failed, 0),
    ...(ms && { ms }),
  };
};

/** @param {HookSample['answers']} answers */
export const countOf = answers => Object.values(answers).reduce((sum, count) => sum + count, 0);

/** @param {readonly HookSample[]} list */
const sumAnswers = list => {
  /** @type {Partial<Record<Source, number>>} */
  const answers = {};
  for (const one of list)
    for (const [source, count] of /** @type {[Source, number][]} */ (Object.entries(one.answers)))
      answers[source] = (answers[source] ?? 0) + count;
  const own = join(list.map(one => ({ spread: one.own, weight: countOf(one.answers) })));
  const others = join(list.map(one => ({ spread: one.others, weight: countOf(one.answers) })));
  return { answers, ...(own && { own }), ...(others && { others }) };
};

/** What all upstreams of an app did in one sample; nothing without an attempt. @param {string} app */
export const attemptsOf = app => (/** @type {Sample} */ sample) => {
  const list = sample.upstreams.filter(one => one.app === app);
  return list.length === 0 ? undefined : sumAttempts(list);
};

/** What WCS got for all hooks of an app in one sample; nothing without an answer. @param {string} app */
export const answersOf = app => (/** @type {Sample} */ sample) => {
  const list = sample.hooks.filter(one => one.app === app);
  return list.length === 0 ? undefined : sumAnswers(list);
};

/**
 * What `pick` finds in all of `samples`, taken together.
 * @param {readonly Sample[]} samples
 * @param {(sample: Sample) => Pick<UpstreamSample, 'answered' | 'failed' | 'ms'> | undefined} pick
 */
export const allAttempts = (samples, pick) =>
  sumAttempts(samples.flatMap(sample => pick(sample) ?? []).map(one => ({ app: '', upstream: '', ...one })));

/**
 * @param {readonly Sample[]} samples
 * @param {(sample: Sample) => Pick<HookSample, 'answers' | 'own' | 'others'> | undefined} pick
 */
export const allAnswers = (samples, pick) =>
  sumAnswers(samples.flatMap(sample => pick(sample) ?? []).map(one => ({ app: '', hook: '', ...one })));

/** How many seconds `samples` cover. @param {readonly Sample[]} samples */
export const secondsOf = samples => samples.reduce((sum, { seconds }) => sum + seconds, 0) || 1;

/**
 * The apps of a frame, with the hooks that an earlier one told where this one leaves them out.
 * @param {StatusFrame['apps']} apps @param {readonly AppStatus[]} before @returns {AppStatus[]}
 */
export const withHooks = (apps, before) => {
  const known = new Map(before.map(({ app, hooks }) => [app, hooks]));
  return apps.map(app => ({ ...app, hooks: app.hooks ?? known.get(app.app) ?? [] }));
};
