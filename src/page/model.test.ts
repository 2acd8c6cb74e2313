import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SOURCES as ALL_SOURCES } from '../core/call.ts';
import type { Sample } from '../observability/sampler.ts';
import type { AppStatus, UpstreamStatus } from '../observability/status.ts';
import { waitBeforeMs } from './backoff.js';
import { attemptLayers, barsPath, height, sourceLayers, waitLayers } from './drawing.js';
import { allAnswers, answersOf, History, hookIn, withHooks } from './history.js';
import { ofBackEnd, ofWcs } from './verdict.js';
import { duration, percent, rate, SOURCE_NAMES, size, span, standing } from './words.js';

const aSample = (second: number, changes: Partial<Sample> = {}): Sample => ({
  at: 1_700_000_000_000 + second * 1000,
  seconds: 1,
  hooks: [],
  upstreams: [],
  ...changes,
});

const asked = (answered: number, failed: number): Pick<Sample, 'upstreams'> => ({
  upstreams: [{ app: 'One', upstream: 'http://a', answered, failed, ms: [4, 40] }],
});

const got = (answers: Sample['hooks'][number]['answers']): Pick<Sample, 'hooks'> => ({
  hooks: [{ app: 'One', hook: 'connect', answers, own: [4, 40] }],
});

const upstream = (changes: Partial<UpstreamStatus> = {}): UpstreamStatus => ({
  upstream: 'http://a',
  breaker: 'closed',
  inflight: 0,
  queued: 0,
  limit: 64,
  ...changes,
});

const app = (...upstreams: UpstreamStatus[]): AppStatus => ({
  app: 'One',
  upstreams: upstreams.length > 0 ? upstreams : [upstream()],
  hooks: [{ hook: 'connect', limitMs: 3000 }],
});

const historyOf = (...samples: Partial<Sample>[]): History => {
  const history = new History();
  for (const [second, sample] of samples.entries()) history.add(aSample(second, sample));
  return history;
};

test('an upstream that is left out, or coming back, is told with the reason and the time', () => {
  assert.equal(standing(upstream({ out: 'slow', returnsInMs: 7_400 })), 'left out (slow), back in 8 s');
  assert.equal(standing(upstream({ out: 'health' })), 'left out (health check)');
  assert.equal(standing(upstream({ share: 0.4 })), 'coming back, 40 % of its share');
  assert.equal(standing(upstream()), '');
  const one = ofBackEnd(app(upstream(), upstream({ out: 'slow' })), historyOf(asked(10, 0)), 0);
  assert.deepEqual([one.level, one.word], ['warn', 'Partly left out']);
  assert.match(one.sentence, /^1 of 2 upstreams left out; the others/);
  const both = ofBackEnd(app(upstream({ out: 'slow' }), upstream({ out: 'slow' })), historyOf(asked(10, 0)), 0);
  assert.match(both.sentence, /all are asked/);
});

test('a page that is open for a week holds two minutes', () => {
  const history = new History();
  for (let second = 0; second < 7 * 24 * 3600; second++) history.add(aSample(second));
  assert.ok(history.samples.length <= 120, String(history.samples.length));
});

test('samples that are known already, as after a reconnect, are not taken twice, and old ones go after a gap', () => {
  const history = historyOf({}, {}, {});
  for (let second = 0; second < 3; second++) history.add(aSample(second));
  assert.equal(history.samples.length, 3);
  history.add(aSample(500));
  assert.equal(history.samples.length, 1);
});

test('each second has its place, and a second that was missed is a gap', () => {
  const history = new History();
  for (const second of [0, 1, 4]) history.add(aSample(second, got({ upstream: second + 1 })));
  assert.deepEqual(
    history.slots(hookIn('One', 'connect')).map(({ slot, part }) => [slot, part.answers]),
    [
      [115, { upstream: 1 }],
      [116, { upstream: 2 }],
      [119, { upstream: 5 }],
    ],
  );
});

test('answers of several seconds and hooks add up, and the tail is the longest', () => {
  const history = historyOf(got({ upstream: 3 }), {
    hooks: [{ app: 'One', hook: 'x', answers: { upstream: 1 }, own: [8, 90] }],
  });
  const { answers, own } = allAnswers(history.samples, answersOf('One'));
  assert.deepEqual(answers, { upstream: 4 });
  assert.deepEqual(own, [5, 90]);
});

test('the back-end is said to be what its attempts and breakers show', () => {
  const say = (sample: Partial<Sample>, status = app(), silent = 0) => {
    const { level, word } = ofBackEnd(status, historyOf(sample), silent);
    return `${level} ${word}`;
  };
  assert.equal(say(asked(10, 0)), 'ok Answers');
  assert.equal(say(asked(0, 10)), 'bad Down');
  assert.equal(say(asked(2, 8)), 'bad Failing');
  assert.equal(say(asked(8, 2)), 'warn Failing');
  assert.equal(say({}), 'quiet Not asked');
  assert.equal(say({}, app(upstream({ inflight: 3 })), 3), 'warn Silent');
  const [open, half] = [upstream({ breaker: 'open', probesInMs: 4000 }), upstream({ breaker: 'half-open' })];
  assert.equal(say({}, app(open)), 'bad Down');
  assert.equal(say(asked(10, 0), app(open, upstream())), 'warn Partly down');
  assert.equal(say(asked(1, 0), app(half)), 'warn Coming back');
  assert.match(ofBackEnd(app(open), historyOf({}), 0).sentence, /next probe in 4 s/);
  const slow = { upstreams: [{ app: 'One', upstream: 'http://a', answered: 5, failed: 0, ms: [2000, 2900] as const }] };
  assert.equal(say(slow), 'warn Slow');
});

test('what WCS gets is said by its worst part, with the shares', () => {
  const say = (answers: Sample['hooks'][number]['answers']) => ofWcs(app(), historyOf(got(answers)));
  assert.equal(say({ upstream: 9, hedge: 1 }).level, 'ok');
  assert.equal(say({ upstream: 5, cached: 4, echo: 1 }).word, '50 % from the gateway');
  assert.equal(say({ upstream: 5, cached: 4, echo: 1 }).sentence, 'cached 40 %, echo 10 %; WCS goes on');
  assert.deepEqual(
    [say({ upstream: 9, unavailable: 1 }).level, say({ upstream: 999, refused: 1 }).word],
    ['bad', '< 1 % get no answer to use'],
  );
  assert.equal(say({}).level, 'quiet');
});

test('one bad second is seen at once, and is not told of for longer than two', () => {
  const history = historyOf(asked(10, 0), asked(10, 0), asked(0, 10));
  assert.equal(ofBackEnd(app(), history, 0).level, 'bad');
  for (const second of [3, 4, 5]) history.add(aSample(second, asked(10, 0)));
  assert.equal(ofBackEnd(app(), history, 0).level, 'ok');
});

test('every source that an answer may have is known to the page', () => {
  assert.deepEqual([...SOURCE_NAMES].sort(), [...ALL_SOURCES].sort());
});

test('a pile of sources fills the height in the second with the most answers', () => {
  const layers = sourceLayers([
    { slot: 0, part: { answers: { upstream: 10 } } },
    { slot: 1, part: { answers: { upstream: 3, cached: 2 } } },
  ]);
  const path = (name: string) => layers.find(layer => layer.name === name)?.path;
  assert.equal(path('upstream'), 'M0 100h.8V0h-.8zM1 100h.8V70h-.8z');
  assert.equal(path('cached'), 'M1 70h.8V50h-.8z');
  assert.equal(path('refused'), '');
});

test('latency is drawn on a scale of powers up to the limit, and what failed hangs from the top', () => {
  assert.deepEqual([height(0, 1000), height(1000, 1000)], [0.04, 1]);
  assert.ok(Math.abs(height(31.6, 1000) - 0.5) < 0.01);
  const [, middle, failed] = attemptLayers([{ slot: 5, part: { answered: 0, failed: 4, ms: [1, 1] } }], 1000);
  assert.deepEqual([middle?.path, failed?.path], ['', 'M5 100h.8V0h-.8z']);
  const others = waitLayers([{ slot: 5, part: { others: [1, 1000] } }], 1000).at(-1);
  assert.equal(others?.path, 'M5 9h.8V0h-.8z');
  assert.equal(barsPath([{ slot: 1, from: 0.5, to: 0.5 }]), '');
});

test('figures are short, and none is rounded to what it is not', () => {
  assert.deepEqual([0.04, 4.26, 42.6, 999.4, 2449, 15_000, undefined].map(duration), [
    '0 ms',
    '4.3 ms',
    '43 ms',
    '999 ms',
    '2.45 s',
    '15 s',
    '–',
  ]);
  assert.deepEqual([0, 0.001, 0.5, 0.999, 1].map(percent), ['0 %', '< 1 %', '50 %', '> 99 %', '100 %']);
  assert.deepEqual([0, 0.25, 42.4, 12_345].map(rate), ['0', '0.3', '42', '12,345']);
  assert.deepEqual([4, 130, 7500, 200_000].map(span), ['4 s', '2 min', '2 h 5 min', '2 d 7 h']);
  assert.deepEqual([12, 2048, 3 * 1024 ** 2].map(size), ['12 B', '2 KiB', '3.0 MiB']);
});

test('the page tries to connect again ever more seldom, but at least every 15 s', () => {
  assert.deepEqual([1, 2, 3, 4, 5, 50].map(waitBeforeMs), [1000, 2000, 4000, 8000, 15_000, 15_000]);
});

test('hooks that a frame leaves out are those of an earlier one, and an app that is gone is gone', () => {
  const [hooks, others] = [[{ hook: 'connect' }], [{ hook: 'publishStream' }]];
  const before = [
    { app: 'One', upstreams: [], hooks },
    { app: 'Gone', upstreams: [], hooks },
  ];
  const apps = withHooks(
    [
      { app: 'One', upstreams: [] },
      { app: 'Two', upstreams: [], hooks: others },
    ],
    before,
  );
  assert.deepEqual(apps, [
    { app: 'One', upstreams: [], hooks },
    { app: 'Two', upstreams: [], hooks: others },
  ]);
  assert.deepEqual(withHooks([{ app: 'One', upstreams: [] }], [])[0]?.hooks, []);
});
