import { now } from '../core/clock.ts';

/** So many lines of one kind are written in so long, and then one in so many. */
const FIRST = 10;
const WINDOW_MS = 10_000;
const EACH = 100;
/** What is kept of kinds is forgotten beyond so many; they come from the configuration, the catalogue and the codes. */
const MOST_KINDS = 10_000;

interface Kind {
  endsAt: number;
  seen: number;
  skipped: number;
}

/** Lets ten lines of a kind through in ten seconds and then each hundredth, so that an outage does not flood the log. */
export class LineThinning {
  readonly #isOn: boolean;
  readonly #kinds = new Map<string, Kind>();
  #skipped = 0;

  constructor(isOn: boolean) {
    this.#isOn = isOn;
  }

  /** How many lines were left out so far. */
  get skipped(): number {
    return this.#skipped;
  }

  /** How many lines of this kind were left out since the last one that was written; nothing if this one is left out too. */
  admit(name: string): number | undefined {
    if (!this.#isOn) return 0;
    const kind = this.#obtain(name);
    const at = now();
    if (at >= kind.endsAt) {
      kind.endsAt = at + WINDOW_MS;
      kind.seen = 0;
    }
    kind.seen++;
    if (kind.seen <= FIRST || kind.seen % EACH === 0) {
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
    if (this.#kinds.size >= MOST_KINDS) this.#kinds.clear();
    const kind = { endsAt: 0, seen: 0, skipped: 0 };
    this.#kinds.set(name, kind);
    return kind;
  }
}
