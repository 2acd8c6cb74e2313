import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { aCall, OK } from '../../test/kit/hand-played.ts';
import { GatewayError } from '../core/errors.ts';
import type { LineWriter } from './line-writer.ts';
import { createLog, type LogOptions } from './log.ts';

type Line = Record<string, unknown> & { msg: string; level: number };

const create = (level: LogOptions['level']) => {
  const texts: string[] = [];
  const writer: LineWriter = {
    write: line => void texts.push(line),
    flushSync: () => {},
    close: async () => {},
    dropped: 0,
    written: 0,
  };
  const log = createLog({ level, body: 'none', sample: true, writer });
  return { ...log, lines: (): Line[] => texts.map(text => JSON.parse(text)) };
};

const route = { app: 'EchoApp', hook: 'connect' };
const call = aCall();

test('a call is one line, in the same shape as all other lines', () => {
  const { listen, logger, lines } = create('info');
  listen({ type: 'answered', call, answer: OK, ms: 1 });
  logger.info('started');
  const [access, other] = lines();
  assert.equal(access?.msg, 'answered');
  assert.deepEqual(Object.keys(other ?? {}), ['level', 'time', 'msg']);
  assert.deepEqual(Object.keys(access ?? {}).slice(0, 3), ['level', 'time', 'msg']);
});

test('each level lets through what is at least as weighty', () => {
  const count = (level: LogOptions['level']) => {
    const { listen, lines } = create(level);
    listen({ type: 'coalesced', route });
    listen({ type: 'attempt', call, attempt: { upstream: 'http://a', sent: true, outcome: 'ok', ms: 1 } });
    listen({ type: 'answered', call, answer: OK, ms: 1 });
    listen({ type: 'abandoned', call, code: 'gone', ms: 1 });
    listen({ type: 'answered', call, answer: { ...OK, source: 'echo', reason: 'limit' }, ms: 1 });
    listen({ type: 'defect', error: new GatewayError('internal') });
    return lines().map(({ level }) => level);
  };
  assert.deepEqual(count('debug'), [20, 20, 30, 30, 40, 50]);
  assert.deepEqual(count('info'), [30, 30, 40, 50]);
  assert.deepEqual(count('warn'), [40, 50]);
  assert.deepEqual(count('error'), [50]);
  assert.deepEqual(count('silent'), []);
});

test('an open breaker says what it means for WCS and for how long', () => {
  const { listen, lines } = create('info');
  const event = { type: 'breaker', app: 'EchoApp', upstream: 'http://u:pw@10.0.0.1/x' } as const;
  listen({ ...event, to: 'open', openForMs: 5000 });
  listen({ ...event, to: 'half-open' });
  listen({ ...event, to: 'closed' });
  const [open, half, closed] = lines();
  assert.equal(open?.level, 40);
  assert.match(open?.msg ?? '', /calls to EchoApp .* for 5 s/);
  assert.deepEqual([half?.level, closed?.level], [30, 30]);
  assert.doesNotMatch(JSON.stringify(lines()), /pw@/);
});

test('a scanner leaves one line, and one a minute while it goes on, with how many there were since', () => {
  const clock = mock.method(performance, 'now', () => 1000);
  try {
    const { listen, lines } = create('info');
    const scan = () => listen({ type: 'rejected', code: 'not_found', message: 'no app at /x', peer: '10.0.0.9' });
    for (let at = 0; at < 250; at++) scan();
    listen({ type: 'rejected', code: 'connections', message: 'too many', peer: '10.0.0.9' });
    clock.mock.mockImplementation(() => 60_999);
    scan();
    clock.mock.mockImplementation(() => 61_000);
    scan();
    clock.mock.mockImplementation(() => 120_999);
    scan();
    clock.mock.mockImplementation(() => 121_000);
    scan();
    assert.deepEqual(
      lines().map(({ code, count, level }) => [code, count, level]),
      [
        ['not_found', 1, 40],
        ['connections', 1, 40],
        ['not_found', 251, 40],
        ['not_found', 2, 40],
      ],
    );
    assert.equal(lines()[0]?.peer, '10.0.0.9');
  } finally {
    clock.mock.restore();
  }
});

test('an error is told with its causes, but never with the answer that it carries', () => {
  const { listen, lines } = create('info');
  const cause = Object.assign(new Error('socket'), { code: 'ECONNRESET' });
  const answer = { ...OK, body: Buffer.from('anna') };
  const error = new GatewayError('reset', undefined, { cause, answer });
  listen({ type: 'rung-failed', route, source: 'cached', error });
  listen({ type: 'defect', error: 'a text' });
  const [rung, defect] = lines();
  const told = rung?.err as Record<string, unknown> & { cause: Record<string, unknown> };
  assert.deepEqual([told.type, told.code, told.cause.code], ['GatewayError', 'reset', 'ECONNRESET']);
  assert.match(String(told.cause.stack), /log\.test\.ts/);
  assert.deepEqual(Object.keys(told), ['type', 'code', 'message', 'stack', 'cause']);
  assert.deepEqual([rung?.hook, rung?.source, rung?.level], ['connect', 'cached', 40]);
  assert.deepEqual([defect?.err, defect?.level], [{ message: 'a text' }, 50]);
});

test('an error that is its own cause is told, not followed for ever', () => {
  const { listen, lines } = create('info');
  const error = new GatewayError('internal');
  error.cause = error;
  listen({ type: 'defect', error });
  assert.equal(lines().length, 1);
});

test('debug lines of attempts show neither bodies nor users of upstreams', () => {
  const { listen, lines } = create('debug');
  listen({ type: 'attempt', call, attempt: { upstream: 'http://u:pw@a/x', sent: true, outcome: 'reset', ms: 3 } });
  listen({ type: 'retry', route, code: 'reset', result: 'sent' });
  const [attempt, retry] = lines();
  assert.deepEqual([attempt?.upstream, attempt?.outcome, attempt?.ms], ['http://a/x', 'reset', 3]);
  assert.deepEqual([retry?.msg, retry?.result], ['retry', 'sent']);
  assert.doesNotMatch(JSON.stringify(lines()), /appKey|body/);
});

test('an error of JSON.parse does not bring the text along that it quotes, nor any error a secret in its words', () => {
  const { listen, lines } = create('info');
  for (const text of ['{"token":HIDEME}', '{"a":1,"token":"x"HIDEME}', `${'x'.repeat(60)}HIDEME`])
    try {
      JSON.parse(text);
    } catch (error) {
      listen({ type: 'defect', error });
      listen({
        type: 'rung-failed',
        route,
        source: 'cached',
        error: new GatewayError('body', undefined, { cause: error }),
      });
    }
  listen({ type: 'defect', error: new Error('no way to redis://u:HIDEME@h with password=HIDEME') });
  listen({ type: 'defect', error: 'token=HIDEME' });
  assert.equal(lines().length, 8);
  assert.doesNotMatch(JSON.stringify(lines()), /HIDEME/);
});

test('what is most likely a WCS that is set up wrongly is a warning, any other fault of a client is not', () => {
  const { listen, lines } = create('info');
  const codes = ['not_found', 'bad_signature', 'bad_credentials', 'not_allowed', 'bad_request', 'too_large'] as const;
  for (const code of codes) listen({ type: 'rejected', code, message: code, peer: '10.0.0.9' });
  assert.deepEqual(
    lines().map(({ level }) => level),
    [40, 40, 40, 40, 30, 30],
  );
});

test('each session that is let in provisionally is told, and so is what the back-end says of it', () => {
  const { listen, lines } = create('info');
  for (const result of ['provisional', 'verified', 'refused'] as const)
    listen({ type: 'admission', app: 'EchoApp', callId: '1', result });
  assert.deepEqual(
    lines().map(({ level, app, callId }) => [level, app, callId]),
    [30, 30, 40].map(level => [level, 'EchoApp', '1']),
  );
  for (const [at, words] of [/let in provisionally/, /admitted by the back-end/, /refused by the back-end/].entries())
    assert.match(lines()[at]?.msg ?? '', words);
});

test('an outage leaves ten warnings of a kind in ten seconds and each hundredth; what goes well is all there', () => {
  const { listen, lines } = create('info');
  for (let at = 0; at < 1000; at++) {
    listen({ type: 'answered', call, answer: { ...OK, source: 'echo', reason: 'limit' }, ms: 1 });
    listen({ type: 'answered', call, answer: OK, ms: 1 });
    listen({ type: 'event', app: 'EchoApp', hook: 'StreamStatusEvent', id: 'x', result: 'stored', reason: '' });
  }
  listen({ type: 'answered', call, answer: { ...OK, source: 'echo', reason: 'refused' }, ms: 1 });
  const written = lines();
  const warnings = written.filter(({ level }) => level === 40);
  assert.equal(warnings.length, 21);
  assert.deepEqual([warnings[9]?.skipped, warnings[10]?.skipped, warnings[20]?.reason], [undefined, 89, 'refused']);
  assert.equal(written.filter(({ source }) => source === 'upstream').length, 1000);
  assert.equal(written.filter(({ msg }) => msg === 'event stored').length, 20);
});

test('calls whose clients go in masses leave ten lines of a kind and each hundredth, with how many were left out', () => {
  const { listen, lines } = create('info');
  const other = aCall({ route: { app: 'EchoApp', hook: 'publishStream' }, hook: 'publishStream' });
  for (let at = 0; at < 200; at++) listen({ type: 'abandoned', call, code: 'gone', ms: 1 });
  listen({ type: 'abandoned', call, code: 'closing', ms: 1 });
  listen({ type: 'abandoned', call: other, code: 'gone', ms: 1 });
  const written = lines();
  assert.equal(written.length, 14);
  assert.deepEqual(
    written.slice(9).map(({ hook, reason, skipped }) => [hook, reason, skipped]),
    [
      ['connect', 'gone', undefined],
      ['connect', 'gone', 89],
      ['connect', 'gone', 99],
      ['connect', 'closing', undefined],
      ['publishStream', 'gone', undefined],
    ],
  );
});
