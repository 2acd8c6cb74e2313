import type { Answer, Call } from '../core/call.ts';
import { now } from '../core/clock.ts';
import { Roster } from '../core/roster.ts';
import { isEqual } from './equal-calls.ts';

const MOST = 256;
const LARGEST_BYTES = 16 * 1024;

interface Kept {
  readonly call: Call;
  readonly answer: Answer;
  readonly until: number;
  drop: () => void;
}

/** Answers whose client had gone before it could read them; each is for one repeat of its call. Few, and not for long. */
export class Undelivered {
  /** The one that is kept longest comes first. */
  readonly #kept = new Roster<Kept>();
  readonly #keepMs: number;

  /** `keepMs`: WCS sends a request whose connection broke again within moments (wcs-rest-hooks 7.20). */
  constructor(keepMs = 3000) {
    this.#keepMs = keepMs;
  }

  put(call: Call, answer: Answer): void {
    this.#dropExpired();
    if (this.#kept.size >= MOST || call.body.length + answer.body.length > LARGEST_BYTES) return;
    const kept: Kept = { call, answer, until: now() + this.#keepMs, drop: () => {} };
    kept.drop = this.#kept.add(kept);
  }

  /** The answer to an equal call, which is then no longer kept. */
  take(call: Call): Answer | undefined {
    if (this.#kept.size === 0) return undefined;
    this.#dropExpired();
    const found = this.#kept.all().find(kept => isEqual(kept.call, call));
    found?.drop();
    return found?.answer;
  }

  #dropExpired(): void {
    for (let { first } = this.#kept; first && first.until <= now(); { first } = this.#kept) first.drop();
  }
}
