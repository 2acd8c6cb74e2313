import type { Call } from '../core/call.ts';
import { now } from '../core/clock.ts';
import type { Emit } from '../core/events.ts';
import { sessionName } from './ids.ts';
import { type Deciding, readRules } from './rules.ts';
import type { Session, SessionKind, SessionState, SessionStore } from './sessions.ts';

export interface RegisterParts {
  readonly store: SessionStore;
  readonly kind: SessionKind;
  /** A session that did not connect anew for so long is forgotten. */
  readonly keepForMs: number;
  readonly emit: Emit;
}

/** An answer of status 200 to `connect`, and what it was given for. */
export interface Admitted {
  readonly name: string;
  readonly app: string;
  readonly body: Buffer;
  readonly state: SessionState;
}

/** What is left of the time that a session is kept for, as a share, when one that is asked for gets all of it anew. */
const RENEW_BELOW = 0.9;

/** How long it is believed that no session of an app is held, or that some are. */
const HELD_MS = 60_000;
const LOOKUP_MS = 1000;

/** No name of a session: those are hashes. */
const heldMark = (app: string): string => `held/${app}`;

/** Which sessions there are, and what the back-end said of their hooks. */
export class Register {
  readonly #parts: RegisterParts;
  /** By session, the number of the `connect` that came last, while it is out. Calls themselves would grow old in it. */
  readonly #connects = new Map<string, number>();
  #begun = 0;
  /** By app, what is known of sessions that are held, and since when. */
  readonly #held = new Map<string, { readonly isHeld: boolean; readonly at: number }>();

  constructor(parts: RegisterParts) {
    this.#parts = parts;
  }

  /** The session of a call, looked for `withinMs` at most; nothing if it is not known. */
  async find({ route, body }: Call, withinMs: number): Promise<Session | undefined> {
    const name = sessionName(route.app, body);
    return name === undefined ? undefined : this.named(name, withinMs);
  }

  /** The session `name`; one that is asked for is not forgotten for its age. */
  async named(name: string, withinMs: number): Promise<Session | undefined> {
    const { store, keepForMs } = this.#parts;
    const session = await store.get(name, withinMs);
    if (session && store.leftMs(name) < keepForMs * RENEW_BELOW) store.set(name, session, keepForMs);
    return session;
  }

  /**
   * A `connect` goes to the back-end: what an older one of the session is answered does not count any more. To be
   * called once it has ended, what is returned gives false if the session has ended meanwhile, or begun anew.
   */
  begin(name: string): () => boolean {
    const connect = ++this.#begun;
    this.#connects.set(name, connect);
    return () => this.#connects.get(name) === connect && this.#connects.delete(name);
  }

  /** How many sessions are being connected; 0 when all is done. */
  get connecting(): number {
    return this.#connects.size;
  }

  /** True if some session of `app` is, or was lately, unverified or refused; also one of another instance. */
  mayHold(app: string): boolean | Promise<boolean> {
    const known = this.#held.get(app);
    if (known && now() - known.at < HELD_MS) return known.isHeld;
    return this.#lookForHeld(app);
  }

  async #lookForHeld(app: string): Promise<boolean> {
    const isHeld = (await this.#parts.store.get(heldMark(app), LOOKUP_MS)) !== undefined;
    this.#held.set(app, { isHeld, at: now() });
    return isHeld;
  }

  /** A session of `app` is held: whoever knows nothing of it must not let it pass either. */
  #markHeld(app: string): void {
    if (this.#held.get(app)?.isHeld !== true) {
      const { store, kind, keepForMs } = this.#parts;
      store.set(heldMark(app), kind.make('unverified', []), keepForMs);
    }
    this.#held.set(app, { isHeld: true, at: now() });
  }

  /** Begins a new session under `name`, or changes what is known of it. */
  enter(name: string, app: string, state: SessionState, deciding: Deciding): void {
    if (state === 'unverified' || state === 'refused') this.#markHeld(app);
    const { store, kind, keepForMs } = this.#parts;
    store.set(name, kind.make(state, deciding), keepForMs);
  }

  forget(name: string): void {
    this.#connects.delete(name);
    this.#parts.store.delete(name);
  }

  /** Notes what a 200 to `connect` says. Where that cannot be understood, `otherwise` holds, or nothing is known. */
  learn({ name, app, body, state }: Admitted, otherwise?: Deciding): void {
    const { deciding = otherwise, doubts } = readRules(body);
    if (doubts.length > 0) this.#parts.emit({ type: 'rules-doubted', app, doubts });
    if (deciding) this.enter(name, app, state, deciding);
    else this.forget(name);
  }
}
