import type { Family } from './family.ts';
import { AGES, all, answers, each, histogram, perHook, readHedgeDelays, words } from './samples.ts';

/** What became of calls, and what their attempts took. */
export const OF_CALLS: readonly Family[] = [
  {
    name: 'breakwater_answers_total',
    type: 'counter',
    help: 'Answers that left, by where they came from, why not from the back-end (empty if they did), and HTTP status.',
    labels: ['app', 'hook', 'source', 'reason', 'code'],
    read: ({ counts }) => each(counts.hooks.values(), answers),
  },
  {
    name: 'breakwater_answer_duration_seconds',
    type: 'histogram',
    help: 'Time from the first byte of a request to its answer.',
    labels: ['app', 'hook', 'source'],
    read: ({ counts }) =>
      histogram(
        'breakwater_answer_duration_seconds',
        all(counts.hooks.values(), hook => hook.durations.values()),
      ),
  },
  {
    name: 'breakwater_limit_missed_total',
    type: 'counter',
    help: 'Answers that left more than 20 ms after their limit, which must never be; 0 too is shown.',
    labels: ['app', 'hook'],
    // 0 too, so that a late one shows in a rate, unless it left before the first scrape that shows its hook.
    read: ({ counts }) =>
      each(counts.hooks.values(), ({ app, hook, limitMissed }) => [{ labels: { app, hook }, value: limitMissed }]),
  },
  {
    name: 'breakwater_cached_age_seconds',
    type: 'histogram',
    help: 'Age of the last good answers that were given, admissions (200) and refusals (403) apart.',
    labels: ['app', 'hook', 'code'],
    read: ({ counts }) =>
      histogram(
        'breakwater_cached_age_seconds',
        all(counts.hooks.values(), hook => hook.ages.values()),
        AGES,
      ),
  },
  {
    name: 'breakwater_abandoned_total',
    type: 'counter',
    help: 'Calls that ended without an answer, or within one that passes through, because the client had hung up.',
    labels: ['app', 'hook'],
    read: perHook(hook => hook.abandoned),
  },
  {
    name: 'breakwater_coalesced_total',
    type: 'counter',
    help: 'Calls that shared the attempt of an equal call in flight.',
    labels: ['app', 'hook'],
    read: perHook(hook => hook.coalesced),
  },
  {
    name: 'breakwater_repeats_total',
    type: 'counter',
    help: 'Requests that WCS sent again because a connection broke: joined the first one in flight, or got its answer.',
    labels: ['app', 'hook', 'result'],
    read: ({ counts }) =>
      each(counts.hooks.values(), ({ app, hook, repeats }) => words(repeats, 'result', { app, hook })),
  },
  {
    name: 'breakwater_upstream_attempts_total',
    type: 'counter',
    help: 'Attempts at a back-end by how they ended; hedges and retries are attempts of their own.',
    labels: ['app', 'upstream', 'outcome'],
    read: ({ counts }) =>
      each(counts.upstreams.values(), ({ app, upstream, outcomes }) => words(outcomes, 'outcome', { app, upstream })),
  },
  {
    name: 'breakwater_upstream_duration_seconds',
    type: 'histogram',
    help: 'Time of one attempt at a back-end; those cut short because nobody wanted the answer any more are left out.',
    labels: ['app', 'hook', 'upstream'],
    read: ({ counts }) =>
      histogram(
        'breakwater_upstream_duration_seconds',
        all(counts.hooks.values(), hook => hook.upstreams.values()),
      ),
  },
  {
    name: 'breakwater_hedges_total',
    type: 'counter',
    help: 'Second attempts beside a slow first: won, lost or failed; denied if the budget had none left, or no back-end had a closed breaker and room.',
    labels: ['app', 'hook', 'result'],
    read: ({ counts }) =>
      each(counts.hooks.values(), ({ app, hook, hedges }) => words(hedges, 'result', { app, hook })),
  },
  {
    name: 'breakwater_hedge_delay_seconds',
    type: 'gauge',
    help: 'After how long a second attempt would be sent now; absent where hooks are not hedged.',
    labels: ['app', 'hook'],
    read: readHedgeDelays,
  },
  {
    name: 'breakwater_retries_total',
    type: 'counter',
    help: 'Repeats of failed attempts: sent, or denied because the budget had none left.',
    labels: ['app', 'hook', 'result'],
    read: ({ counts }) =>
      each(counts.hooks.values(), ({ app, hook, retries }) => words(retries, 'result', { app, hook })),
  },
];
