import { now } from '../core/clock.ts';

/** How many lines of one kind are written. */
export interface Pace {
  /** So many in `windowMs`, and then one in `each`. */
  readonly first: number;
  readonly windowMs: number;
  readonly each: number;
  /** What is kept of kinds is forgotten beyond so many. */
  readonly mostKinds: number;
}

/** Kinds come from the configuration, the catalogue and the codes. */
export const IN_OUTAGES: Pace = { first: 10, windowMs: 10_000, each: 100, mostKinds: 10_000 };
/** Kinds may come from strangers: each wrong path is one. */
export const ONE_A_MINUTE: Pace = { first: 1, windowMs: 60_000, each: Number.POSITIVE_INFINITY, mostKinds: 1000 };

interface Kind {
  endsAt: number;
  seen: number;
  skipped: number;
}

/** Lets some lines of a kind through, so that more of the same does not flood the log. */
export class LineThinning {
  readonly #isOn: boolean;
  readonly #pace: Pace;
  readonly #kinds = new Map<string, Kind>();
  #skipped = 0;

  constructor(pace: Pace, isOn = true) {
    this.#pace = pace;
    this.#isOn = isOn;
  }

  /** How many lines were left out so far. */
  get skipped(): number {
    return this.#skipped;
  }

  /** How many lines of this kind were left out since the last one that was written; nothing if this one is left out too. */
  admit(name: string): number | undefined {
    if (!this.#isOn) return 0;
    const { first, windowMs, each } = this.#pace;
    const kind = this.#obtain(name);
    const at = now();
    if (at >= kind.endsAt) {
      kind.endsAt = at + windowMs;
      kind.seen = 0;
    }
    kind.seen++;
    if (kind.seen <= first || kind.seen % each === 0) {
      const { skipped } = kind;
      kind.skipped = 0;
      return skipped;
    }
    kind.skipped++;
    this.#skipped++;
    return undefined;
  }

  #obtain(name: string): Kind {
    const known = this.#kinds.get(name);
    if (known) return known;
    if (this.#kinds.size >= this.#pace.mostKinds) this.#kinds.clear();
    const kind = { endsAt: 0, seen: 0, skipped: 0 };
    this.#kinds.set(name, kind);
    return kind;
  }
}
