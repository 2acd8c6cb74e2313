import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aCall, OK } from '../../test/kit/hand-played.ts';
import type { Event } from '../core/events.ts';
import type { Passage } from '../core/passage.ts';
import { AccessLine } from './access-line.ts';
import type { LineWriter } from './line-writer.ts';
import { createLog } from './log.ts';
import { ACCESS_FIELDS, CHANGES } from './log-docs.ts';

const fieldsOf = (line: Record<string, unknown>): string[] =>
  Object.entries(line).flatMap(([name, value]) =>
    name === 'attempts'
      ? [name, ...(value as object[]).flatMap(each => Object.keys(each).map(key => `${name}[].${key}`))]
      : [name],
  );

test('the line of a call has exactly the fields of the table, in its order', () => {
  const attempts = [{ upstream: 'http://a', sent: true, outcome: 'refused', why: 'ECONNREFUSED', ms: 1 } as const];
  const trace = { traceId: 'a'.repeat(32), flags: '01' };
  const answer = { ...OK, source: 'cached', reason: 'refused', ageSeconds: 1 } as const;
  const passage = { request: { method: 'GET' }, path: '/a', bytesIn: 1, bytesOut: 2, hasBegun: true };
  const call = aCall({ attempts, trace, passage: passage as unknown as Passage });
  const event = { type: 'answered', call, answer, ms: 1 } as const;
  const full = fieldsOf(JSON.parse(new AccessLine('redacted').answered(event, 5)));
  assert.deepEqual(
    full,
    ACCESS_FIELDS.map(({ name }) => name),
  );
  const left = { type: 'abandoned', call: aCall(), code: 'gone', ms: 1 } as const;
  const always = ACCESS_FIELDS.filter(({ name, when }) => when === 'always' && !name.includes('[]')).map(
    ({ name }) => name,
  );
  const plain = fieldsOf(JSON.parse(new AccessLine('none').abandoned(left))).filter(name => name !== 'reason');
  assert.deepEqual(plain, always);
});

test('each change of state is a line of the table, at its level', () => {
  const texts: string[] = [];
  const writer: LineWriter = {
    write: line => void texts.push(line),
    flushSync: () => {},
    close: async () => {},
    dropped: 0,
    written: 0,
  };
  const { listen } = createLog({ level: 'info', body: 'none', sample: true, writer });
  const changes: Event[] = [
    ...(['open', 'half-open', 'closed'] as const).map(
      to => ({ type: 'breaker', app: 'a', upstream: 'http://a', to }) as const,
    ),
    { type: 'breaker', app: 'a', upstream: 'http://a', to: 'closed', isReplaced: true },
    ...(['begun', 'over'] as const).map(is => ({ type: 'backlog', app: 'a', is, pending: 1 }) as const),
    ...[true, false].map(isWell => ({ type: 'journal', isWell, detail: 'the journal in ./data' }) as const),
    ...(['up', 'down', 'refusing'] as const).map(is => ({ type: 'redis', is, detail: 'x' }) as const),
    { type: 'ejected', app: 'a', upstream: 'http://a', reason: 'slow', detail: 'x', forMs: 10_000 },
    { type: 'returned', app: 'a', upstream: 'http://a', slowStartMs: 10_000 },
    ...(['failed', 'found', 'changed'] as const).map(
      is => ({ type: 'dns', host: 'a', is, isNews: true, known: 1, detail: 'x' }) as const,
    ),
    ...(['up', 'down'] as const).map(is => ({ type: 'traces', is, detail: 'x' }) as const),
    ...(['applied', 'refused'] as const).map(is => ({ type: 'certificate', is, detail: 'x', ends: 0 }) as const),
    { type: 'tls-failed', app: 'a', upstream: 'https://a', detail: 'x' },
  ];
  for (const change of changes) listen(change);
  const rows = texts.map(text => {
    const { level, msg } = JSON.parse(text);
    return (
      CHANGES.find(row => row.level === level && msg.startsWith(row.begins))?.begins ?? `no row for ${level} ${msg}`
    );
  });
  const elsewhere = (begins: string) => begins.startsWith('reload');
  assert.deepEqual(
    rows.toSorted(),
    CHANGES.map(({ begins }) => begins)
      .filter(begins => !elsewhere(begins))
      .toSorted(),
  );
});
