import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Loaded, loadConfig, parseConfig } from './load.ts';

const FALLBACK = /are not stored then/;

const lost = ({ warnings }: Loaded): string[] =>
  warnings.filter(({ message }) => FALLBACK.test(message)).map(({ path }) => path);

const read = (app: string): Loaded =>
  parseConfig(`apps: [{ name: a, path: /a, upstreams: ["http://a:1"], ${app} }]`, { file: 'test.yaml', env: {} });

test('a ladder for all hooks that does not store says so, and stops when the remedy that it names is taken', () => {
  const found = read('fallback: [cached, unavailable]');
  assert.deepEqual(lost(found), ['apps[0].fallback']);
  const [{ message, position } = assert.fail()] = found.warnings.filter(({ message }) => FALLBACK.test(message));
  assert.match(
    message,
    /^holds for ConnectionStatusEvent, RegistrationStatusEvent, CallStatusEvent and \d+ more too, .* write for them under hooks/,
  );
  assert.equal(position?.line, 1);
  const rest = read('fallback: [cached, unavailable], hooks: { "*StatusEvent": { fallback: auto } }');
  assert.match(
    rest.warnings.map(({ message }) => message).join(),
    /holds for ErrorEvent, StreamsStatEvent, StreamTranscodingGroupEvent too/,
  );
  assert.deepEqual(lost(read('fallback: [cached, unavailable], hooks: { "*Event": { fallback: auto } }')), []);
});

test('what was written for notifications is meant, and so is what stores them', () => {
  assert.deepEqual(lost(read('fallback: [refuse], hooks: { "*Event": { fallback: [refuse] } }')), []);
  assert.deepEqual(lost(read('hooks: { "*": { fallback: [refuse] } }')), ['apps[0].hooks."*".fallback']);
  assert.deepEqual(lost(read('fallback: auto')), []);
});

test('the configuration for EchoApp means it', () => {
  assert.deepEqual(lost(loadConfig(join(import.meta.dirname, '../../config/default.yaml'), {})), []);
});
