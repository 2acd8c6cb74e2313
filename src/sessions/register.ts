import type { Call } from '../core/call.ts';
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

/** Which sessions there are, and what the back-end said of their hooks. */
export class Register {
  readonly #parts: RegisterParts;
  /** By session, the number of the `connect` that came last, while it is out. Calls themselves would grow old in it. */
  readonly #connects = new Map<string, number>();
  #begun = 0;

  constructor(parts: RegisterParts) {
    this.#parts = parts;
  }

  /** The session of a call, looked for `withinMs` at most; nothing if it is not known. */
  async find({ route, body }: Call, withinMs: number): Promise<Session | undefined> {
    const name = sessionName(route.app, body);
    return name === undefined ? undefined : this.#parts.store.get(name, withinMs);
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

  /** Begins a new session under `name`, or changes what is known of it. */
  enter(name: string, state: SessionState, deciding: Deciding): void {
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
    if (deciding) this.enter(name, state, deciding);
    else this.forget(name);
  }
}
