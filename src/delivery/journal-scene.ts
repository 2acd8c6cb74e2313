import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { until } from '../../test/poll.ts';
import { createIds } from '../core/id.ts';
import { type Backlog, type Filter, type Journal, JournalError, type Leased, type StoredEvent } from './journal.ts';

/** Longer than any test takes. */
export const LONG_MS = 600_000;
/** Wall clocks are read to the millisecond, and not all at the same moment. */
export const ROUNDING_MS = 2;

/** A journal that a test may end and begin again, as a process does. */
export interface Opened {
  readonly journal: Journal;
  /** Closes what is open, and opens what that has left. */
  reopen(): Promise<Journal>;
}

const newId = createIds();

/** An event of the lane `lane` of `app`, to be kept for a day. */
export const anEvent = (parts: Partial<StoredEvent> = {}): StoredEvent => {
  const receivedAt = Date.now();
  const app = parts.app ?? 'app';
  return {
    id: newId(),
    app,
    hook: 'StreamStatusEvent',
    query: '',
    head: 'Content-Type: application/json\r\n',
    body: Buffer.from('{"status":"PUBLISHING"}'),
    lane: `${app}/lane`,
    receivedAt,
    expiresAt: receivedAt + 86_400_000,
    ...parts,
  };
};

export const NOTHING: Omit<Backlog, 'app'> = { pending: 0, dead: 0, bytes: 0 };

export const rejectsWithJournalError = (answer: Promise<unknown>): Promise<void> =>
  assert.rejects(answer, error => error instanceof JournalError);

/** The journal of the test that runs. */
interface Stage {
  opened: Opened | undefined;
  journal: Journal;
}

/** Runs a test on an empty journal of its own. */
const holdsOn =
  (scene: Stage, create: () => Promise<Opened>, skip: string | false) =>
  (sentence: string, run: (t: TestContext) => Promise<unknown>) =>
    // A suite that is skipped whole would not be counted.
    test(sentence, { skip }, async t => {
      scene.opened = await create();
      scene.journal = scene.opened.journal;
      await run(t);
    });

/** What the tests of a journal do with it, in few words. `journal` is that of the test that runs. */
export const createScene = (create: () => Promise<Opened>, skip: string | false) => {
  const scene: Stage = { opened: undefined, journal: undefined as unknown as Journal };
  const reopen = async () => {
    scene.journal = (await scene.opened?.reopen()) ?? assert.fail();
  };

  const store = async (parts: Partial<StoredEvent> = {}, holdMs = 0): Promise<StoredEvent> => {
    const event = anEvent(parts);
    await scene.journal.append(event, holdMs);
    return event;
  };
  /** Stores one in each of `lanes`, in this order, and no two in the same millisecond. */
  const storeIn = async (lanes: readonly string[]): Promise<StoredEvent[]> => {
    const events: StoredEvent[] = [];
    for (const lane of lanes) {
      events.push(await store({ lane }));
      await tick();
    }
    return events;
  };
  const tick = () => {
    const from = Date.now();
    return until(() => Date.now() > from, { what: 'the next millisecond', everyMs: 1 });
  };
  const lease = (most = 100, leaseMs = LONG_MS, app = 'app') => scene.journal.lease(app, most, leaseMs);
  const leasedIds = async (...args: Parameters<typeof lease>): Promise<string[]> =>
    (await lease(...args)).map(({ id }) => id);
  /** Waits until `id` is given out, which has to be the next one; gives it. */
  const untilGiven = async (id: string, leaseMs = LONG_MS): Promise<Leased> => {
    const next = async (): Promise<Leased | undefined> => (await lease(1, leaseMs))[0];
    const given = await until(next, { what: `${id} is given out`, deadlineMs: 20_000, everyMs: 1 });
    assert.equal(given?.id, id);
    return given ?? assert.fail();
  };
  const deliver = (id: string) => scene.journal.settle(id, { type: 'delivered' });
  const again = (id: string, ms = LONG_MS, reason = 'status 503') =>
    scene.journal.settle(id, { type: 'again', ms, reason });
  const die = (id: string, reason = 'status 400') => scene.journal.settle(id, { type: 'dead', reason });
  /** Leases what comes next and says what became of it. */
  const leaseAnd = async (settle: (id: string) => Promise<unknown>): Promise<string | undefined> => {
    const [event] = await lease(1);
    if (event) await settle(event.id);
    return event?.id;
  };
  const listedIds = async (filter: Filter = {}): Promise<string[]> =>
    (await scene.journal.list(filter)).map(({ id }) => id);
  const backlogOf = async (app: string): Promise<Omit<Backlog, 'app'>> => {
    const { app: _, ...counts } = (await scene.journal.backlog()).find(each => each.app === app) ?? { app, ...NOTHING };
    return counts;
  };
  const deadReasons = async (): Promise<Record<string, string>> =>
    Object.fromEntries((await scene.journal.list({ state: 'dead' })).map(({ id, reason }) => [id, reason]));
  return Object.assign(scene, {
    holds: holdsOn(scene, create, skip),
    reopen,
    store,
    storeIn,
    tick,
    lease,
    leasedIds,
    untilGiven,
    deliver,
    again,
    die,
    leaseAnd,
    listedIds,
    backlogOf,
    deadReasons,
  });
};
export type Scene = ReturnType<typeof createScene>;
