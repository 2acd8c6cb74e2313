import { allAnswers, allAttempts, answersOf, attemptsOf, countOf } from './history.js';
import { duration, percent, SOURCE_NAMES, SOURCES, span } from './words.js';

/**
 * @import { AppStatus } from '../observability/status.ts'
 * @import { Source } from '../core/call.ts'
 * @import { History } from './history.js'
 * @import { Level } from './words.js'
 * @typedef {{ readonly level: Level, readonly word: string, readonly sentence: string }} Verdict
 */

/** So many seconds decide what is said now: enough to ride out one odd second, few enough to see an outage at once. */
const NOW_SECONDS = 2;
const SILENT_SECONDS = 2;

/** @param {Level} level @param {string} word @param {string} sentence @returns {Verdict} */
const verdict = (level, word, sentence) => ({ level, word, sentence });

/** The shortest limit of those in use, in milliseconds. @param {AppStatus} app */
export const shortestLimit = app =>
  Math.min(...app.hooks.flatMap(({ limitMs }) => (limitMs === undefined ? [] : [limitMs])), 15_000);

/** @param {AppStatus} app */
const probesIn = app => {
  const waits = app.upstreams.flatMap(({ probesInMs }) => (probesInMs === undefined ? [] : [probesInMs]));
  return `next probe in ${span(Math.ceil(Math.min(...waits, 60_000) / 1000))}`;
};

/** What the breakers alone say. @param {AppStatus} app @returns {Verdict | undefined} */
const ofBreakers = app => {
  const open = app.upstreams.filter(({ breaker }) => breaker === 'open').length;
  const all = app.upstreams.length;
  if (all > 0 && open === all) {
    const whose = all === 1 ? 'its breaker is' : `all ${all} breakers are`;
    return verdict('bad', 'Down', `${whose} open, so nobody waits for it; ${probesIn(app)}`);
  }
  if (open > 0) return verdict('warn', 'Partly down', `${open} of ${all} upstreams left alone; ${probesIn(app)}`);
  const isProbed = app.upstreams.some(({ breaker }) => breaker === 'half-open');
  return isProbed ? verdict('warn', 'Coming back', 'probes are finding out whether it is well again') : undefined;
};

/** What the others of an app say of one. @param {AppStatus} app @returns {Verdict | undefined} */
const ofEjections = ({ upstreams }) => {
  const out = upstreams.filter(each => each.out !== undefined).length;
  if (out === 0) return undefined;
  const told = `${out} of ${upstreams.length} upstreams left out`;
  return out < upstreams.length
    ? verdict('warn', 'Partly left out', `${told}; the others get their calls`)
    : verdict('warn', 'Not well', `${told}; all are asked, because there is no other`);
};

/** @param {{ answered: number, failed: number }} attempts @returns {Verdict | undefined} */
const ofFailures = ({ answered, failed }) => {
  if (failed === 0) return undefined;
  if (answered === 0) return verdict('bad', 'Down', 'every attempt fails');
  const share = failed / (answered + failed);
  return verdict(share < 0.5 ? 'warn' : 'bad', 'Failing', `${percent(share)} of attempts fail`);
};

/**
 * What the back-end of `app` does now. `silentSeconds` is how long attempts have been out of which none ended.
 * @param {AppStatus} app @param {History} history @param {number} silentSeconds @returns {Verdict}
 */
export const ofBackEnd = (app, history, silentSeconds) => {
  const attempts = allAttempts(history.last(NOW_SECONDS), attemptsOf(app.app));
  const found = ofBreakers(app) ?? ofFailures(attempts) ?? ofEjections(app);
  if (found) return found;
  if (silentSeconds >= SILENT_SECONDS) {
    const out = app.upstreams.reduce((sum, { inflight }) => sum + inflight, 0);
    return verdict(
      'warn',
      'Silent',
      `${out} ${out === 1 ? 'call is' : 'calls are'} out, none answered for ${span(silentSeconds)}`,
    );
  }
  if (attempts.answered === 0) return verdict('quiet', 'Not asked', 'no attempt in the last seconds');
  const limit = shortestLimit(app);
  if ((attempts.ms?.[0] ?? 0) > limit / 2)
    return verdict(
      'warn',
      'Slow',
      `half of its answers take over ${duration(attempts.ms?.[0])}, the limit is ${duration(limit)}`,
    );
  return verdict('ok', 'Answers', 'every attempt in the last seconds was answered');
};

/**
 * `cached 60 %, echo 12 %`, of the sources at one of `levels`.
 * @param {Partial<Record<Source, number>>} answers @param {readonly Level[]} levels
 */
export const sharesOf = (answers, levels) => {
  const all = countOf(answers);
  return SOURCE_NAMES.filter(source => levels.includes(SOURCES[source].level) && (answers[source] ?? 0) > 0)
    .map(source => `${source} ${percent((answers[source] ?? 0) / all)}`)
    .join(', ');
};

/** @param {Partial<Record<Source, number>>} answers @param {Level} level */
export const shareAt = (answers, level) => {
  const at = SOURCE_NAMES.filter(source => SOURCES[source].level === level);
  return at.reduce((sum, source) => sum + (answers[source] ?? 0), 0) / (countOf(answers) || 1);
};

/** What WCS gets for the hooks of `app` now. @param {AppStatus} app @param {History} history @returns {Verdict} */
export const ofWcs = (app, history) => {
  const { answers } = allAnswers(history.last(NOW_SECONDS), answersOf(app.app));
  if (countOf(answers) === 0) return verdict('quiet', 'No calls', 'nobody asked anything in the last seconds');
  const [refused, shielded] = [shareAt(answers, 'bad'), shareAt(answers, 'warn')];
  if (refused > 0)
    return verdict('bad', `${percent(refused)} get no answer to use`, sharesOf(answers, ['bad', 'warn']));
  if (shielded === 0) return verdict('ok', "The back-end's own", 'every answer comes from the back-end');
  return verdict('warn', `${percent(shielded)} from the gateway`, `${sharesOf(answers, ['warn'])}; WCS goes on`);
};
