import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compact, requests, sampleFiles, samples } from '../../test/samples.ts';
import { CATALOGUE, type Decides, findHook, type HookKind } from './catalogue.ts';
import { autoLadder } from './ladder.ts';

const CACHED = 'cached unavailable';
type Row = readonly [name: string, kind: HookKind, decides: Decides, ladder: string];

const GOLDEN: readonly Row[] = [
  ['connect', 'connect', 'always', CACHED],
  ['publishStream', 'direct', 'by-policy', CACHED],
  ['playStream', 'direct', 'by-policy', CACHED],
  ['pauseStream', 'direct', 'by-policy', 'unavailable'],
  ['stopStream', 'direct', 'by-policy', 'unavailable'],
  ['unPublishStream', 'direct', 'by-policy', 'unavailable'],
  ['snapshot', 'direct', 'by-policy', CACHED],
  ['playHLS', 'direct', 'always', CACHED],
  ['playRTSP', 'direct', 'always', CACHED],
  ['call', 'direct', 'by-policy', CACHED],
  ['answer', 'direct', 'by-policy', CACHED],
  ['hold', 'direct', 'by-policy', 'unavailable'],
  ['unhold', 'direct', 'by-policy', 'unavailable'],
  ['hangup', 'direct', 'by-policy', 'unavailable'],
  ['transfer', 'direct', 'by-policy', CACHED],
  ['sendDtmf', 'direct', 'by-policy', 'unavailable'],
  ['sendDTMF', 'direct', 'by-policy', 'unavailable'],
  ['sendMessage', 'direct', 'by-policy', 'unavailable'],
  ['sendIMDN', 'direct', 'by-policy', 'unavailable'],
  ['subscribe', 'direct', 'by-policy', 'unavailable'],
  ['sendXcapRequest', 'direct', 'by-policy', 'unavailable'],
  ['OnDataEvent', 'direct', 'by-policy', 'unavailable'],
  ['submitBugReport', 'direct', 'by-policy', 'unavailable'],
  ['sendBugReport', 'direct', 'by-policy', 'unavailable'],
  ['pushLogs', 'direct', 'by-policy', 'unavailable'],
  ['sessionDebug', 'direct', 'by-policy', 'unavailable'],
  ['OnCallEvent', 'incoming', 'by-policy', CACHED],
  ['OnMessageEvent', 'incoming', 'by-policy', 'unavailable'],
  ['OnTransferEvent', 'incoming', 'by-policy', 'unavailable'],
  ['ConnectionStatusEvent', 'notification', 'never', 'store unavailable'],
  ['RegistrationStatusEvent', 'notification', 'never', 'store unavailable'],
  ['CallStatusEvent', 'notification', 'never', 'store unavailable'],
  ['TransferStatusEvent', 'notification', 'never', 'store unavailable'],
  ['StreamStatusEvent', 'notification', 'never', 'store unavailable'],
  ['StreamKeepAliveEvent', 'notification', 'by-policy', 'echo'],
  ['DataStatusEvent', 'notification', 'never', 'store unavailable'],
  ['MessageStatusEvent', 'notification', 'never', 'store unavailable'],
  ['SubscriptionStatusEvent', 'notification', 'never', 'store unavailable'],
  ['XcapStatusEvent', 'notification', 'never', 'store unavailable'],
  ['RecordingStatusEvent', 'notification', 'never', 'store unavailable'],
  ['BugReportStatusEvent', 'notification', 'never', 'store unavailable'],
  ['SessionDebugStatusEvent', 'notification', 'never', 'store unavailable'],
  ['ErrorEvent', 'notification', 'never', 'store unavailable'],
  ['ErrorStatusEvent', 'notification', 'never', 'store unavailable'],
  ['availableStream', 'notification', 'never', 'store unavailable'],
  ['StreamsStatEvent', 'notification', 'never', 'store unavailable'],
  ['StreamTranscodingGroupEvent', 'notification', 'never', 'store unavailable'],
];

test('every hook has the kind, the weight and the automatic ladder that the documentation gives it', () => {
  const rows = CATALOGUE.map(hook => [hook.name, hook.kind, hook.decides, autoLadder(hook, hook.keyed).join(' ')]);
  assert.deepEqual(rows, GOLDEN);
});

test('no hook is listed twice', () => {
  assert.equal(new Set(CATALOGUE.map(hook => hook.name)).size, CATALOGUE.length);
});

test('every hook says where it is described', () => {
  for (const hook of CATALOGUE) assert.match(hook.source, /^https:\/\//, hook.name);
});

test('equal calls are genuine for exactly the hooks that repeat themselves, and for all notifications', () => {
  const genuine = CATALOGUE.filter(hook => hook.equalCallsAreGenuine);
  const others = genuine.filter(({ kind }) => kind !== 'notification').map(({ name }) => name);
  assert.deepEqual(others, ['playHLS', 'playRTSP', 'hold', 'unhold', 'sendDtmf', 'sendDTMF']);
  const notifications = CATALOGUE.filter(({ kind }) => kind === 'notification');
  assert.ok(notifications.length > 15);
  for (const { name, equalCallsAreGenuine } of [...notifications, findHook('NewStatusEvent')])
    assert.equal(equalCallsAreGenuine, true, name);
});

test('a hook that says something once is not repeatable, one that asks is', () => {
  for (const name of ['sendDtmf', 'sendMessage', 'call', 'hold']) assert.equal(findHook(name).repeatable, false, name);
  for (const name of ['connect', 'playHLS', 'StreamStatusEvent']) assert.equal(findHook(name).repeatable, true, name);
});

test('no notification and no unknown hook has a key of its own', () => {
  for (const hook of CATALOGUE) assert.ok(!(hook.keyed && hook.kind === 'notification'), hook.name);
  assert.equal(findHook('whatever').keyed, false);
});

test('an unknown name is a notification if it ends in Event and does not begin with On, else it decides', () => {
  const classified = (name: string) => {
    const { kind, decides, known } = findHook(name);
    return [kind, decides, known];
  };
  assert.deepEqual(classified('FutureStatusEvent'), ['notification', 'never', false]);
  for (const name of ['OnFutureEvent', 'futureThing', 'event', '', 'constructor', '__proto__', 'CONNECT']) {
    assert.deepEqual(classified(name), ['direct', 'by-policy', false], name);
  }
});

test('without a key a decision goes straight to unavailable', () => {
  assert.deepEqual(autoLadder(findHook('connect'), false), ['unavailable']);
  assert.deepEqual(autoLadder(findHook('unknown'), true), ['cached', 'unavailable']);
});

test('the index lists every sample file and no other', () => {
  assert.deepEqual(
    samples()
      .map(sample => sample.file)
      .sort(),
    [...sampleFiles()].sort(),
  );
});

test('a sample without its white space has the size that was seen on the wire', () => {
  for (const { file, compactBytes } of samples()) {
    if (file.endsWith('.json')) assert.equal(compact(file).length, compactBytes, file);
  }
});

test('the catalogue knows the hook of every sample request', () => {
  const hooks = requests().map(sample => sample.hook);
  assert.ok(hooks.length >= 45);
  for (const hook of hooks) assert.equal(findHook(hook).known, true, hook);
});
