import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { CATALOGUE } from '../hooks/catalogue.ts';
import type { MemoryStore } from '../store/memory.ts';
import type { Kind } from '../store/store.ts';
import type { Deciding } from './rules.ts';

/**
 * How a session was let in. `open`: by an answer to its `connect`, the back-end's or one that the operator has chosen.
 * `unverified`: provisionally, and the back-end is yet to say. `verified`, `refused`: it said so later.
 */
export type SessionState = 'open' | 'unverified' | 'verified' | 'refused';

/** What is known of a session. Equal ones are one object: it is shared by all sessions that it holds for. */
export interface Session {
  readonly state: SessionState;
  /** The hooks whose answer WCS acts on. */
  readonly deciding: ReadonlySet<string>;
}

/** Of a hook that another release does not know, its sessions do not tell whether it decides. */
const VERSION = `1-${hash('sha256', CATALOGUE.map(({ name }) => name).join(), 'base64url').slice(0, 8)}`;
/** So many different ones are remembered; of more, equal ones may exist twice. */
const MOST_KINDS = 1000;

const STATES: ReadonlySet<string> = new Set(['open', 'unverified', 'verified', 'refused'] satisfies SessionState[]);

const isState = (word: string | undefined): word is SessionState => word !== undefined && STATES.has(word);

const encode = (state: SessionState, deciding: Iterable<string>): string =>
  JSON.stringify([VERSION, state, ...deciding]);

const read = (text: string): [SessionState, string[]] | undefined => {
  try {
    const [version, state, ...deciding] = JSON.parse(text) as string[];
    return version === VERSION && isState(state) && deciding.every(name => typeof name === 'string')
      ? [state, deciding]
      : undefined;
  } catch {
    // Damaged, or written by something else: as good as nothing.
    return undefined;
  }
};

/** Makes sessions, each different one once. */
export class SessionKind implements Kind<Session> {
  readonly name = 'session';
  readonly #made = new LRUCache<string, Session>({ max: MOST_KINDS });

  make(state: SessionState, deciding: Deciding): Session {
    const text = encode(state, deciding);
    const known = this.#made.get(text);
    if (known) return known;
    const session: Session = { state, deciding: new Set(deciding) };
    this.#made.set(text, session);
    return session;
  }

  sizeOf(): number {
    return 0;
  }

  own(session: Session): Session {
    return session;
  }

  saysTheSame(a: Session, b: Session): boolean {
    return a === b;
  }

  redate(): void {}

  /** Its `connect` may have come again, or been answered at last, through another instance. */
  isDoubtful(): boolean {
    return true;
  }

  isNewer(): boolean {
    return false;
  }

  encode({ state, deciding }: Session): string {
    return encode(state, deciding);
  }

  decode(text: string): Session | undefined {
    const found = read(text);
    return found && this.make(...found);
  }
}

/**
 * Whether WCS acts on the answer to `hook` of this session. Nothing if that is not known: no session, or one that the
 * back-end has not admitted.
 */
export const decidesFor = (session: Session | undefined, hook: string): boolean | undefined =>
  session?.state === 'open' || session?.state === 'verified' ? session.deciding.has(hook) : undefined;

/** All sessions that are known, by their name. */
export type SessionStore = MemoryStore<Session>;
