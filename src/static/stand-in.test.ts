import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import fc from 'fast-check';
import { codeOf, fakeTime, realTime } from '../../test/kit/hand-played.ts';
import { type Code, GatewayError } from '../core/errors.ts';
import { fieldOf } from './fields.ts';
import { KeptAnswers } from './kept-answers.ts';
import type { Asked } from './may-keep.ts';
import type { LoadedRouteOptions } from './options.ts';
import { StandIn } from './stand-in.ts';

afterEach(realTime);

let kept: KeptAnswers;
let looked: string[];
beforeEach(() => {
  kept = new KeptAnswers({ bytes: 1 << 20, each: 1000 });
  looked = [];
});

const ROUTE: LoadedRouteOptions = {
  glob: '*',
  fallback: ['cached', { body: { state: 'unknown' } }],
  keepFor: 600_000,
  limit: 500,
  personal: false,
};
const OK = ['Content-Type', 'text/plain', 'Content-Length', '4'];

const aStandIn = (asked: Partial<Asked> = {}, route: Partial<LoadedRouteOptions> = {}): StandIn =>
  new StandIn({
    app: 'a',
    asked: { method: 'GET', host: 'h', target: '/status', fields: [], ...asked },
    route: { ...ROUTE, ...route },
    kept,
    told: result => looked.push(result),
  });

/** Lets an answer of the back-end pass. */
const pass = (
  standIn: StandIn,
  status = 200,
  fields = OK,
  { body = 'good', isWhole = true, hasEnd = true } = {},
): void => {
  standIn.begin({ status, fields, hasEnd, delayMs: 0 });
  for (const letter of body) standIn.pass(Buffer.from(letter));
  standIn.end(isWhole);
};

/** What a request gets when the back-end fails: its source and its body. */
const failed = (standIn: StandIn, code: Code = 'refused') => {
  const answer = standIn.answer(new GatewayError(code));
  return answer && `${answer.source} ${answer.status} ${answer.body}`;
};

const field = (standIn: StandIn, name: string, code: Code = 'refused') =>
  fieldOf(standIn.answer(new GatewayError(code))?.headers ?? [], name);

const DEFAULT = 'default 200 {"state":"unknown"}';

test('an answer that has passed whole stands in for the next one that does not come', () => {
  assert.equal(failed(aStandIn()), DEFAULT);
  pass(aStandIn());
  assert.equal(failed(aStandIn()), 'cached 200 good');
  assert.deepEqual(looked, ['miss', 'hit']);
});

test('an answer that was cut leaves the earlier one in its place', () => {
  pass(aStandIn());
  pass(aStandIn(), 200, OK, { body: 'bad', isWhole: false });
  assert.equal(failed(aStandIn()), 'cached 200 good');
});

test('so does one that is too large, before it comes or while it does, and one whose end cannot be told', () => {
  pass(aStandIn());
  pass(aStandIn(), 200, ['Content-Length', '1001'], { body: 'x' });
  pass(aStandIn(), 200, [], { body: 'x'.repeat(1001) });
  pass(aStandIn(), 200, [], { body: 'x', hasEnd: false });
  assert.equal(failed(aStandIn()), 'cached 200 good');
});

test('a 404, a 401, or a 200 that is not to be kept takes it back; a 302, a 406 or a 429 does not', () => {
  for (const [status, fields] of [
    [404, []],
    [401, []],
    [200, ['Cache-Control', 'private', 'Content-Length', '0']],
  ] as const) {
    pass(aStandIn());
    pass(aStandIn(), status, [...fields], { body: '' });
    assert.equal(failed(aStandIn()), DEFAULT, `${status}`);
  }
  pass(aStandIn());
  for (const status of [302, 406, 429]) pass(aStandIn(), status, [], { body: '' });
  assert.equal(failed(aStandIn()), 'cached 200 good');
});

test('a request with credentials neither fills, nor takes back, nor gets what is kept', () => {
  const asked = { fields: ['Authorization', 'x'] };
  pass(aStandIn(asked));
  assert.equal(failed(aStandIn()), DEFAULT);
  pass(aStandIn());
  pass(aStandIn(asked), 401, [], { body: '' });
  assert.equal(failed(aStandIn(asked)), DEFAULT);
  assert.equal(failed(aStandIn()), 'cached 200 good');
});

test('a change by POST takes back what is kept of its target, unless it failed', () => {
  pass(aStandIn());
  pass(aStandIn({ method: 'POST' }), 500, [], { body: '' });
  pass(aStandIn({ method: 'PUT' }), 403, [], { body: '' });
  assert.equal(failed(aStandIn()), 'cached 200 good');
  pass(aStandIn({ method: 'DELETE' }), 204, [], { body: '' });
  assert.equal(failed(aStandIn()), DEFAULT);
});

test('what was on its way when its target changed is not kept', () => {
  const slow = aStandIn();
  slow.begin({ status: 200, fields: OK, hasEnd: true, delayMs: 0 });
  slow.pass(Buffer.from('ol'));
  pass(aStandIn({ method: 'POST' }), 201, [], { body: '' });
  slow.pass(Buffer.from('d!'));
  slow.end(true);
  assert.equal(failed(aStandIn()), DEFAULT);
  assert.equal(kept.bytes, 0);
});

test('HEAD is answered from a GET, other methods by no rung', () => {
  pass(aStandIn());
  pass(aStandIn({ method: 'HEAD' }), 200, OK, { body: '' });
  assert.equal(failed(aStandIn({ method: 'HEAD' })), 'cached 200 good');
  for (const method of ['POST', 'OPTIONS']) assert.equal(failed(aStandIn({ method })), undefined, method);
  assert.equal(aStandIn({ method: 'POST' }).limitMs, undefined);
  assert.equal(aStandIn().limitMs, 500);
});

test('a 5xx is replaced where a rung has an answer, and passes where none has', async () => {
  const begin = async (standIn: StandIn) => standIn.begin({ status: 503, fields: [], hasEnd: true, delayMs: 0 });
  assert.equal(await codeOf(begin(aStandIn())), 'status');
  assert.equal(await codeOf(begin(aStandIn({ method: 'POST' }))), 'answered');
  const onlyCached = { fallback: ['cached'] as const };
  assert.equal(await codeOf(begin(aStandIn({}, onlyCached))), 'answered');
  pass(aStandIn());
  const standIn = aStandIn({}, onlyCached);
  assert.equal(await codeOf(begin(standIn)), 'status');
  assert.equal(field(standIn, 'proxy-status', 'status'), 'breakwater;received-status=503;details="status"');
  assert.equal(field(standIn, 'cache-status', 'status'), 'breakwater;fwd=stale;fwd-status=503;detail=status');
});

test('a kept answer has its age and the status of cache and proxy, and nothing of its connection', async () => {
  const time = fakeTime();
  pass(aStandIn(), 200, [
    ...['Connection', 'X-Hop', 'X-Hop', '1', 'Age', '30', 'Set-Cookie2', 'x', 'Transfer-Encoding', 'chunked'],
    ...['ETag', '"v"', 'Cache-Control', 'max-age=31', 'Cache-Status', 'Origin; hit'],
  ]);
  await time.tick(2500);
  const answer = aStandIn().answer(new GatewayError('refused'), 'ENOTFOUND');
  assert.equal(answer?.ageSeconds, 32);
  assert.equal(answer?.reason, 'refused');
  assert.deepEqual(answer?.headers, [
    ...['ETag', '"v"', 'Cache-Control', 'max-age=31', 'Cache-Status', 'Origin; hit'],
    ...['Age', '32', 'Cache-Status', 'breakwater;hit;ttl=-1;detail=refused'],
    ...['Proxy-Status', 'breakwater;error=dns_error;details="refused"'],
  ]);
});

test('a client that has the kept answer gets a 304 with what a 304 repeats', () => {
  pass(aStandIn(), 200, [...OK, 'ETag', '"v"', 'X-Other', '1']);
  const answer = aStandIn({ fields: ['If-None-Match', '"v"'] }).answer(new GatewayError('limit'));
  assert.equal(answer?.status, 304);
  assert.equal(answer?.body.length, 0);
  assert.deepEqual(answer?.headers.slice(0, 2), ['ETag', '"v"']);
  assert.equal(fieldOf(answer?.headers ?? [], 'x-other'), undefined);
  assert.equal(failed(aStandIn({ fields: ['If-None-Match', '"w"', 'Range', 'bytes=0-1'] })), 'cached 200 good');
});

test('what a back-end confirms by a 304 does not grow old', async () => {
  const time = fakeTime();
  pass(aStandIn(), 200, [...OK, 'ETag', '"v"', 'Cache-Control', 'max-age=1']);
  const conditional = { fields: ['If-None-Match', '"v"'] };
  await time.tick(400_000);
  pass(aStandIn(conditional), 304, ['ETag', '"v"', 'Cache-Control', 'max-age=9'], { body: '' });
  await time.tick(400_000);
  assert.equal(failed(aStandIn()), 'cached 200 good');
  assert.equal(field(aStandIn(), 'age'), '400');
  assert.equal(field(aStandIn(), 'cache-control'), 'max-age=9');
  pass(aStandIn({ fields: ['If-None-Match', '"w"'] }), 304, [], { body: '' });
  pass(aStandIn(conditional), 304, ['ETag', '"w"'], { body: '' });
  await time.tick(400_000);
  assert.equal(failed(aStandIn()), DEFAULT);
});

test('a 304 confirms by date only what has that date', async () => {
  const time = fakeTime();
  const date = 'Tue, 24 Nov 2026 10:00:00 GMT';
  pass(aStandIn(), 200, [...OK, 'Last-Modified', date]);
  await time.tick(400_000);
  pass(aStandIn({ fields: ['If-Modified-Since', date] }), 304, [], { body: '' });
  await time.tick(400_000);
  assert.equal(failed(aStandIn()), 'cached 200 good');
  pass(aStandIn({ fields: ['If-Modified-Since', 'Tue, 24 Nov 2026 11:00:00 GMT'] }), 304, [], { body: '' });
  await time.tick(400_000);
  assert.equal(failed(aStandIn()), DEFAULT);
});

test('unavailable and a file answer at once, and nobody on the way may keep it', () => {
  const content = Buffer.from('[]');
  assert.equal(failed(aStandIn({}, { fallback: [{ file: 'x.json', content }] })), 'default 200 []');
  const standIn = aStandIn({}, { fallback: ['unavailable'] });
  assert.match(failed(standIn, 'breaker') ?? '', /^unavailable 503 .*breaker/);
  assert.equal(field(standIn, 'cache-control'), 'no-store');
  assert.equal(field(standIn, 'proxy-status', 'breaker'), 'breakwater;error=destination_unavailable;details="breaker"');
  assert.equal(field(standIn, 'cache-status'), undefined);
});

test('where nothing is given from what is kept, nothing is kept', () => {
  pass(aStandIn({}, { fallback: ['unavailable'] }));
  assert.equal(kept.bytes, 0);
  assert.equal(failed(aStandIn()), DEFAULT);
});

test('nothing is held after an exchange, however it ends', () => {
  const chunk = fc.record({ bytes: fc.nat(600), times: fc.nat(4) });
  fc.assert(
    fc.property(fc.constantFrom(200, 304, 404, 500), fc.array(chunk), fc.boolean(), (status, chunks, isWhole) => {
      const standIn = aStandIn({ method: 'GET' }, { fallback: ['cached'] });
      standIn.begin({ status, fields: [], hasEnd: true, delayMs: 0 });
      for (const { bytes, times } of chunks) for (let i = 0; i < times; i++) standIn.pass(Buffer.alloc(bytes));
      standIn.end(isWhole);
      kept.hasChanged('["a","h","/status"]');
      assert.equal(kept.bytes, 0);
    }),
  );
});

test('one person never gets what another one was answered, or what everybody was', () => {
  const who = fc.constantFrom<string[]>(
    [],
    ['Authorization', 'a'],
    ['Authorization', 'b'],
    ['Cookie', 'a'],
    ['Cookie', 'b'],
  );
  const given = fc.constantFrom<string[]>(
    [],
    ['Cache-Control', 'private'],
    ['Set-Cookie', 'x=1'],
    ['Cache-Control', 'no-store'],
  );
  const taught = fc.record({ fields: who, given, personal: fc.boolean() });
  fc.assert(
    fc.property(fc.array(taught, { maxLength: 8 }), who, fc.boolean(), (steps, fields, personal) => {
      kept = new KeptAnswers({ bytes: 1 << 20, each: 1000 });
      steps.forEach((step, at) => {
        pass(
          aStandIn({ fields: step.fields }, { personal: step.personal }),
          200,
          [...step.given, 'Content-Length', '9'],
          {
            body: `${at}`,
          },
        );
      });
      const answer = aStandIn({ fields }, { personal }).answer(new GatewayError('limit'));
      if (answer?.source !== 'cached') return;
      const step = steps[Number(answer.body.toString())];
      assert.deepEqual(step?.fields, fields);
      assert.equal(step?.personal, personal);
      assert.ok(personal || (fields.length === 0 && step?.given.length === 0));
      assert.equal(fieldOf(answer.headers, 'set-cookie'), undefined);
    }),
    { numRuns: 500 },
  );
});
