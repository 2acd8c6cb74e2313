import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import fc from 'fast-check';
import { createIds } from '../core/id.ts';
import type { Filter, Journal, Settlement, StoredEvent } from './journal.ts';

const LONG_MS = 600_000;
const LANES = 3;
const SCRIPTS = 60;

/** What the model knows of one event. */
interface Modelled {
  readonly id: string;
  readonly lane: string;
  state: 'pending' | 'dead';
  attempts: number;
  isHeld: boolean;
  isLeased: boolean;
  isWaiting: boolean;
}

type OnOne = 'append again' | 'release' | 'take' | 'drop' | 'retry';

/** All that is asked of a journal; some of it on the nth event that the script stored. */
type Step =
  | { readonly do: 'append'; readonly lane: number; readonly isHeld: boolean }
  | { readonly do: OnOne; readonly nth: number }
  | { readonly do: 'settle'; readonly nth: number; readonly as: 'delivered' | 'dead' | 'now' | 'later' }
  | { readonly do: 'lease'; readonly most: number }
  | { readonly do: 'hurry' }
  | { readonly do: 'retry dead' }
  | { readonly do: 'drop dead' };

const nth = fc.nat(20);
const STEP: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('append' as const), lane: fc.nat(LANES - 1), isHeld: fc.boolean() }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('lease' as const), most: fc.constantFrom(1, 2, 100) }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('settle' as const),
      nth,
      as: fc.constantFrom('delivered' as const, 'dead' as const, 'now' as const, 'later' as const),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constantFrom('append again', 'release', 'take', 'drop', 'retry'), nth }),
  },
  { weight: 1, arbitrary: fc.constantFrom({ do: 'hurry' }, { do: 'retry dead' }, { do: 'drop dead' }) },
);

const SETTLEMENTS: Readonly<Record<'delivered' | 'dead' | 'now' | 'later', Settlement>> = {
  delivered: { type: 'delivered' },
  dead: { type: 'dead', reason: 'status 400' },
  now: { type: 'again', ms: 0 },
  later: { type: 'again', ms: LONG_MS },
};

/** A journal as one would write it if there were neither disks nor ends. The order is that of storing. */
class Model {
  readonly #journal: Journal;
  readonly #app: string;
  readonly #stored: StoredEvent[] = [];
  readonly #newId: () => string;
  #events: Modelled[] = [];

  constructor(journal: Journal, newId: () => string) {
    this.#journal = journal;
    this.#newId = newId;
    this.#app = `model-${newId()}`;
  }

  async play(step: Step): Promise<void> {
    if (step.do === 'append') return this.#append(step.lane, step.isHeld);
    if (step.do === 'lease') return this.#lease(step.most);
    if (step.do === 'hurry') return this.#hurry();
    if (step.do === 'retry dead') return this.#retry({ state: 'dead' });
    if (step.do === 'drop dead') return this.#drop({ state: 'dead' });
    const event = this.#stored[step.nth % Math.max(1, this.#stored.length)];
    if (event) await (step.do === 'settle' ? this.#settle(event.id, step.as) : this.#playOn(event, step.do));
  }

  async #playOn(event: StoredEvent, what: OnOne): Promise<void> {
    const ids = [event.id];
    if (what === 'append again') return this.#appendAgain(event);
    if (what === 'release') return this.#release(event.id);
    if (what === 'take') return this.#take(event.id);
    if (what === 'retry') return this.#retry({ ids });
    // What follows a dropped one that is leased may or may not go.
    if (!this.#find(event.id)?.isLeased) await this.#drop({ ids });
  }

  /** Everything is where the model has it; then all is delivered, and comes in the order of the model. */
  async compare(): Promise<void> {
    const listed = await this.#journal.list({ app: this.#app });
    const seen = new Map(listed.map(({ id, state, attempts }) => [id, { state, attempts }]));
    assert.deepEqual(seen, new Map(this.#events.map(({ id, state, attempts }) => [id, { state, attempts }])));
    const lanes = [...(await this.#journal.lanes())].filter(lane => lane.startsWith(`${this.#app}/`));
    assert.deepEqual(new Set(lanes), new Set(this.#pending().map(({ lane }) => lane)));
    for (const { id, isLeased } of this.#pending()) await (isLeased ? this.#settle(id, 'now') : this.#release(id));
    await this.#hurry();
    while (this.#pending().length > 0) {
      const due = this.#due();
      await this.#lease(100);
      for (const { id } of due) await this.#settle(id, 'delivered');
    }
    const [backlog] = (await this.#journal.backlog()).filter(({ app }) => app === this.#app);
    assert.equal(backlog?.dead ?? 0, this.#events.length);
    await this.#drop({});
  }

  async #append(lane: number, isHeld: boolean): Promise<void> {
    const event: StoredEvent = {
      id: this.#newId(),
      app: this.#app,
      hook: 'h',
      query: '',
      head: '',
      body: Buffer.from('{}'),
      lane: `${this.#app}/${lane}`,
      receivedAt: Date.now(),
      expiresAt: Date.now() + LONG_MS,
    };
    await this.#journal.append(event, isHeld ? LONG_MS : 0);
    this.#stored.push(event);
    const { id } = event;
    const state = { state: 'pending', attempts: 0, isHeld, isLeased: false, isWaiting: false } as const;
    this.#events.push({ id, lane: event.lane, ...state });
  }

  /** Of one that is gone nothing is known: it would be stored anew. */
  async #appendAgain(event: StoredEvent): Promise<void> {
    if (this.#find(event.id)) await this.#journal.append(event, LONG_MS);
  }

  async #lease(most: number): Promise<void> {
    const leased = (await this.#journal.lease(this.#app, most, LONG_MS)).map(({ id }) => id);
    const due = this.#due();
    assert.equal(leased.length, Math.min(most, due.length));
    for (const id of leased) {
      const event = due.find(each => each.id === id) ?? assert.fail(`${id} was not due`);
      event.isLeased = true;
    }
    assert.equal(new Set(leased).size, leased.length);
  }

  async #settle(id: string, as: keyof typeof SETTLEMENTS): Promise<void> {
    const event = this.#find(id);
    if (event?.state === 'pending' && !event.isLeased) return;
    await this.#journal.settle(id, SETTLEMENTS[as]);
    if (as === 'delivered') this.#remove(({ id: each }) => each === id);
    else if (event?.state === 'pending') this.#fail(event, as);
  }

  #fail(event: Modelled, as: 'dead' | 'now' | 'later'): void {
    event.attempts++;
    event.isLeased = false;
    event.isHeld = false;
    event.isWaiting = as === 'later';
    if (as === 'dead') event.state = 'dead';
  }

  async #release(id: string): Promise<void> {
    await this.#journal.release(id);
    const event = this.#find(id);
    if (event) event.isHeld = false;
  }

  async #take(id: string): Promise<void> {
    assert.equal(await this.#journal.take(id), this.#find(id) !== undefined);
    this.#remove(each => each.id === id);
  }

  async #hurry(): Promise<void> {
    await this.#journal.hurry(this.#app);
    for (const event of this.#events) event.isWaiting = false;
  }

  async #retry(filter: Filter): Promise<void> {
    const matching = this.#events.filter(event => matches(event, filter));
    assert.equal(await this.#journal.retry({ app: this.#app, ...filter }, LONG_MS), matching.length);
    const dead = matching.filter(({ state }) => state === 'dead');
    for (const event of matching) event.isWaiting = false;
    this.#remove(event => dead.includes(event));
    this.#events.push(...dead.map(event => ({ ...event, state: 'pending' as const, attempts: 0 })));
  }

  async #drop(filter: Filter): Promise<void> {
    const matching = this.#events.filter(event => matches(event, filter));
    assert.equal(await this.#journal.drop({ app: this.#app, ...filter }), matching.length);
    this.#remove(event => matching.includes(event));
  }

  #pending(): Modelled[] {
    return this.#events.filter(({ state }) => state === 'pending');
  }

  /** The first of each lane, if it may go. */
  #due(): Modelled[] {
    const firsts = new Map(
      this.#pending()
        .reverse()
        .map(event => [event.lane, event]),
    );
    return [...firsts.values()].filter(({ isHeld, isLeased, isWaiting }) => !(isHeld || isLeased || isWaiting));
  }

  #find(id: string): Modelled | undefined {
    return this.#events.find(event => event.id === id);
  }

  #remove(isMeant: (event: Modelled) => boolean): void {
    this.#events = this.#events.filter(event => !isMeant(event));
  }
}

const matches = (event: Modelled, { state, ids }: Filter): boolean =>
  (state === undefined || state === event.state) && (ids === undefined || ids.includes(event.id));

/** For tests: any script leaves a journal as it leaves a model of one. Scripts share the journal and have an app each. */
export const keepsToModel = async (t: TestContext, journal: Journal): Promise<void> => {
  const newId = createIds();
  let played = 0;
  const property = fc.asyncProperty(fc.array(STEP, { maxLength: 60, size: 'max' }), async steps => {
    const model = new Model(journal, newId);
    for (const step of steps) await model.play(step);
    await model.compare();
    played += steps.length;
  });
  await fc.assert(property, { numRuns: SCRIPTS });
  t.diagnostic(`${played} steps`);
};
