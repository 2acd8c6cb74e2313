import { VERDICTS, type Verdict } from '../answers/verdicts.ts';
import type { Config } from '../config/types.ts';
import type { Emit, SessionsState } from '../core/events.ts';
import { Delivery, type DeliveryOptions } from '../delivery/delivery.ts';
import type { Memory } from '../gateway/gateway.ts';
import { Upgrades } from '../passthrough/upgrades.ts';
import { Admissions } from '../sessions/admissions.ts';
import { Register } from '../sessions/register.ts';
import { type Session, SessionKind } from '../sessions/sessions.ts';
import { KeptAnswers } from '../static/kept-answers.ts';
import { type MemoryStore, memoryStore } from '../store/memory.ts';
import { redisStore } from '../store/redis.ts';
import { connectionOf } from '../store/redis-options.ts';
import { SharedRedis } from '../store/shared-redis.ts';
import type { Kind, Store } from '../store/store.ts';
import { tieredStore } from '../store/tiered.ts';
import { Names } from '../upstream/names.ts';

/** A disk has this long to take an event. */
const DISK_MS = 100;

type OpenJournal = DeliveryOptions['open'];
type Kept = Pick<Config, 'cache' | 'events'>;

/** What is kept from one call to another: in this process, and in Redis if one is configured. Outlives reloads. */
export class SharedMemory implements Memory {
  readonly verdicts: Store<Verdict>;
  readonly register: Register;
  readonly delivery: Delivery;
  readonly names: Names;
  readonly storesMs: number;
  readonly journalMs: number;
  readonly upgrades = new Upgrades();
  readonly kept: KeptAnswers;
  readonly #emit: Emit;
  readonly #redis: SharedRedis | undefined;
  readonly #sessions: MemoryStore<Session>;
  readonly #admissions = new Map<string, Admissions>();

  constructor({ cache: { memory, answers, sessions, redis }, events }: Kept, emit: Emit, open: OpenJournal) {
    this.#emit = emit;
    this.names = new Names(emit);
    this.kept = new KeptAnswers(answers);
    this.delivery = new Delivery({ open, keepForMs: events.keepFor, emit });
    this.#redis = redis && new SharedRedis(connectionOf(redis), emit);
    this.storesMs = redis?.budget ?? 0;
    this.journalMs = events.redis?.budget ?? DISK_MS;
    const told = (result: 'hit' | 'miss') => emit({ type: 'cache', tier: 'memory', result });
    this.verdicts = this.#share(VERDICTS, memoryStore(VERDICTS, memory, told), {
      entries: memory.entries,
      areConfirmed: true,
    });
    const kind = new SessionKind();
    this.#sessions = memoryStore(kind, sessions);
    const store = this.#share(kind, this.#sessions, { entries: sessions.entries, areConfirmed: false });
    this.register = new Register({ store, kind, keepForMs: sessions.keepFor, emit });
  }

  admissions(app: string): Admissions {
    const known = this.#admissions.get(app);
    if (known) return known;
    const admissions = new Admissions(this.register);
    this.#admissions.set(app, admissions);
    return admissions;
  }

  get redisIsUp(): boolean | undefined {
    return this.#redis?.isUp;
  }

  get sessions(): SessionsState {
    const waiting = [...this.#admissions].filter(([, { isUsed }]) => isUsed).map(([app, { size }]) => [app, size]);
    return { known: this.#sessions.size, provisional: Object.fromEntries(waiting) };
  }

  async close(): Promise<void> {
    for (const admissions of this.#admissions.values()) admissions.close();
    this.#redis?.close();
    await Promise.all([this.delivery.close(), this.verdicts.close(), this.#sessions.close()]);
  }

  #share<Value extends object>(
    kind: Kind<Value>,
    memory: MemoryStore<Value>,
    { entries, areConfirmed }: { readonly entries: number; readonly areConfirmed: boolean },
  ): MemoryStore<Value> {
    if (!this.#redis) return memory;
    const told = (result: 'hit' | 'miss' | 'error' | 'timeout') => this.#emit({ type: 'cache', tier: 'redis', result });
    const remote = redisStore({ redis: this.#redis, kind, told });
    return tieredStore({ kind, memory, remote, entries, areConfirmed });
  }
}
