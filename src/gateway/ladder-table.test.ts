import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { after, describe, test } from 'node:test';
import { MemoryJournal } from '../../test/kit/memory-journal.ts';
import { callOf, someSessions } from '../../test/kit/sessions.ts';
import type { Verdict } from '../answers/verdicts.ts';
import { parseConfig } from '../config/load.ts';
import type { Answer } from '../core/call.ts';
import { Delivery } from '../delivery/delivery.ts';
import { CATALOGUE } from '../hooks/catalogue.ts';
import { Upgrades } from '../passthrough/upgrades.ts';
import { sessionName } from '../sessions/ids.ts';
import type { SessionState } from '../sessions/sessions.ts';
import { KeptAnswers } from '../static/kept-answers.ts';
import { Names } from '../upstream/names.ts';
import { createGateway } from './gateway.ts';

/**
 * What WCS gets while the back-end is away, written out from the contract, part 4: by hook, by what is known of the
 * session, and by what its `restClientConfig` says of the hook. The words:
 *
 *   last    the last verdict on the same caller if there is one, else 503
 *   503     503, whatever was said before
 *   403     403, likewise
 *   echo    200 with the request's own bytes, likewise
 *   store   the same, and the event is kept
 *   200     200 with the request's own fields and a configuration that holds the session
 */
type Word = 'last' | '503' | '403' | 'echo' | 'store' | '200';

/** WCS goes on whatever the answer is. */
const NOTED = ['-', '{}', 'LOG NOTIFY', 'LOG DISABLE', 'LOG DISABLED', 'LOG -', '- NOTIFY', '- DISABLED'];
/** WCS acts on the answer, or may: what nobody understands is taken for that. */
const ACTED_ON = [
  'FAIL NOTIFY',
  'FAIL -',
  'FAIL DISABLE',
  'FAIL DISABLED',
  'LOG OVERWRITE',
  '- OVERWRITE',
  'FAIL OVERWRITE',
  'fail -',
  '- overwrite',
];

const GROUPS = {
  always: 'connect playHLS playRTSP',
  'told by caller': 'publishStream playStream snapshot call answer transfer OnCallEvent',
  'not told by caller':
    'hold unhold sendDtmf sendDTMF sendMessage sendIMDN subscribe sendXcapRequest OnDataEvent OnMessageEvent OnTransferEvent',
  harmless: 'pauseStream stopStream unPublishStream hangup submitBugReport sendBugReport pushLogs sessionDebug',
  'keep-alive': 'StreamKeepAliveEvent',
  notifications:
    'ConnectionStatusEvent RegistrationStatusEvent CallStatusEvent TransferStatusEvent StreamStatusEvent DataStatusEvent MessageStatusEvent SubscriptionStatusEvent XcapStatusEvent RecordingStatusEvent BugReportStatusEvent SessionDebugStatusEvent ErrorEvent ErrorStatusEvent availableStream StreamsStatEvent StreamTranscodingGroupEvent FutureStatusEvent',
  'nobody knows': 'futureThing OnFutureEvent CONNECT Publishstream constructor __proto__',
} as const;
type Group = keyof typeof GROUPS;

/** One row a group; the columns are what is known of the session. */
type Row = readonly [
  group: Group,
  notKnown: Word,
  unverified: Word,
  refused: Word,
  openNoted: Word,
  openActedOn: Word,
  verifiedNoted: Word,
  verifiedActedOn: Word,
];

/** Where every ladder is `auto`: unverified and refused are sessions from before a reload, or of another instance. */
const AUTO: readonly Row[] = [
  // group               not known  unverified refused   open: noted acted on  verified: noted acted on
  ['always', 'last', 'last', 'last', 'last', 'last', 'last', 'last'],
  ['told by caller', 'last', '503', '403', 'echo', 'last', 'echo', 'last'],
  ['not told by caller', '503', '503', '403', 'echo', '503', 'echo', '503'],
  ['harmless', '503', '503', '503', 'echo', '503', 'echo', '503'],
  ['keep-alive', 'echo', 'echo', '403', 'echo', 'echo', 'echo', 'echo'],
  ['notifications', 'store', 'store', 'store', 'store', 'store', 'store', 'store'],
  ['nobody knows', '503', '503', '403', '503', '503', '503', '503'],
];

/** Where the ladder of `connect` is `[cached, provisional]`, and every other is `auto`. */
const PROVISIONAL: readonly Row[] = [
  // group               not known  unverified refused   open: noted acted on  verified: noted acted on
  ['told by caller', '503', '503', '403', 'echo', 'last', 'echo', 'last'],
  ['not told by caller', '503', '503', '403', 'echo', '503', 'echo', '503'],
  ['harmless', '503', '503', '503', 'echo', '503', 'echo', '503'],
  ['keep-alive', 'echo', 'echo', '403', 'echo', 'echo', 'echo', 'echo'],
  ['notifications', 'store', 'store', 'store', 'store', 'store', 'store', 'store'],
  ['nobody knows', '503', '503', '403', '503', '503', '503', '503'],
];

/** A port that refuses: it was bound, and is closed. */
const deadPort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
};

const port = await deadPort();
const yaml = (connect: string) => `
apps: [{ name: app, path: /app, upstreams: ['http://127.0.0.1:${port}'], retry: false, hooks: { connect: { fallback: ${connect} } } }]`;

const SAID: Verdict = { version: 1, storedAt: Date.now(), status: 200, patch: '{"said":true}' };

const delivery = new Delivery({ open: async () => new MemoryJournal(), keepForMs: 60_000, emit: () => {} });
await delivery.open();
after(() => delivery.close());

/** A gateway whose back-end is away, and which remembers a verdict on every caller or on none. */
const aGateway = (connect: string, said: Verdict | undefined) => {
  const { config } = parseConfig(yaml(connect), { file: 'test.yaml', env: {} });
  const { register, admissions, emit } = { ...someSessions({ entries: 100_000 }), emit: () => {} };
  const verdicts = { get: async () => said, set: () => {}, delete: () => {}, close: async () => {} };
  const kept = new KeptAnswers({ bytes: 0, each: 0 });
  const memory = {
    kept,
    register,
    admissions: () => admissions,
    verdicts,
    names: new Names(emit),
    storesMs: 0,
    journalMs: 100,
    upgrades: new Upgrades(),
    delivery,
  };
  return { gateway: createGateway({ config, memory, emit }), register };
};
type Gateway = ReturnType<typeof aGateway>;

let sessions = 0;

/** The policy as the back-end would have written it in its answer to `connect`. */
const configOf = (hook: string, policy: string): string => {
  if (policy === '-') return '{}';
  const [restOnError = '-', restPolicy = '-'] = policy === '{}' ? [] : policy.split(' ');
  const keys = Object.entries({ restOnError, restPolicy }).filter(([, value]) => value !== '-');
  // Another hook has the opposite, which must not matter.
  const other = policy.startsWith('FAIL') ? 'LOG' : 'FAIL';
  const another = `"anything":{"restOnError":"${other}"},"${hook === 'call' ? 'hold' : 'call'}":{"restOnError":"${other}"}`;
  return `{"restClientConfig":{${another},${JSON.stringify(hook)}:${JSON.stringify(Object.fromEntries(keys))}}}`;
};

const put = async ({ gateway, register }: Gateway, hook: string, state: SessionState | undefined, policy: string) => {
  const found = gateway.find(`/app/${hook}`);
  assert.ok(found);
  const call = { ...callOf(hook, `s${sessions++}`), route: found.route };
  const name = sessionName('app', call.body);
  assert.ok(name);
  const body = Buffer.from(configOf(hook, policy));
  if (state) register.learn({ name, app: 'app', body, state });
  return { call, answer: await found.route.handler(call) };
};

const told = ({ status, body, source }: Answer, request: Buffer): string => {
  if (source === 'stored') return 'stored';
  if (status !== 200) return `${status}`;
  if (body.equals(request)) return 'echo';
  return body.includes('"said":true') ? 'last' : '200';
};

/** What WCS gets if nothing was said of the caller before, and if something was. */
const EXPECTED: Record<Word, readonly [string, string]> = {
  last: ['503', 'last'],
  '503': ['503', '503'],
  '403': ['403', '403'],
  echo: ['echo', 'echo'],
  store: ['stored', 'stored'],
  '200': ['200', '200'],
};

const check = async (gateways: readonly Gateway[], hook: string, word: Word, state?: SessionState, policy = '-') => {
  const got = [];
  for (const gateway of gateways) {
    const { call, answer } = await put(gateway, hook, state, policy);
    got.push(told(answer, call.body));
  }
  assert.deepEqual(got, EXPECTED[word], `${hook}, session ${state ?? 'not known'}, ${policy}`);
};

/** The rungs by name, which tell `store` from `echo`. */
const RUNGS: Partial<Record<Word, readonly string[]>> = {
  last: ['cached', 'unavailable'],
  '503': ['unavailable'],
  echo: ['echo'],
  store: ['store', 'unavailable'],
};

const columns = ([, notKnown, unverified, refused, openNoted, openActedOn, verifiedNoted, verifiedActedOn]: Row) => [
  { state: undefined, policies: ['-'], word: notKnown },
  { state: 'unverified' as const, policies: [...NOTED, ...ACTED_ON], word: unverified },
  { state: 'refused' as const, policies: [...NOTED, ...ACTED_ON], word: refused },
  { state: 'open' as const, policies: NOTED, word: openNoted },
  { state: 'open' as const, policies: ACTED_ON, word: openActedOn },
  { state: 'verified' as const, policies: NOTED, word: verifiedNoted },
  { state: 'verified' as const, policies: ACTED_ON, word: verifiedActedOn },
];

describe('while the back-end is away', () => {
  test('the table has every hook of the catalogue once', () => {
    const listed = Object.values(GROUPS).flatMap(names => names.split(' '));
    assert.deepEqual(
      listed.filter((name, at) => listed.indexOf(name) !== at),
      [],
    );
    assert.deepEqual(
      CATALOGUE.filter(({ name }) => !listed.includes(name)),
      [],
    );
  });

  for (const [title, connect, rows] of [
    ['every ladder is auto', 'auto', AUTO],
    ['connect is let in provisionally', '[cached, provisional]', PROVISIONAL],
  ] as const) {
    const gateways = [aGateway(connect, undefined), aGateway(connect, SAID)];
    for (const row of rows) {
      test(`and ${title}, hooks of the kind "${row[0]}" are answered by their table`, async () => {
        for (const hook of GROUPS[row[0]].split(' ')) {
          if (rows === AUTO)
            assert.deepEqual(gateways[0]?.gateway.find(`/app/${hook}`)?.route.ladder, RUNGS[row[1]], hook);
          for (const { state, policies, word } of columns(row)) {
            for (const policy of policies) await check(gateways, hook, word, state, policy);
          }
        }
      });
    }
  }

  test('and connect is let in provisionally, a caller with a last verdict gets that, any other is held', async () => {
    const gateways = [aGateway('[cached, provisional]', undefined), aGateway('[cached, provisional]', SAID)];
    for (const state of [undefined, 'open', 'unverified', 'verified', 'refused'] as const) {
      const got = [];
      for (const gateway of gateways) {
        const { call, answer } = await put(gateway, 'connect', state, '-');
        const session = await gateway.register.find(call, 0);
        got.push(`${told(answer, call.body)} ${session?.state}`);
      }
      assert.deepEqual(got, ['200 unverified', 'last open'], state);
      for (const hook of ['playHLS', 'playRTSP']) await check(gateways, hook, 'last', state);
    }
    for (const { gateway } of gateways) gateway.close();
  });
});
