import { after } from '../core/clock.ts';

/** One lane: who goes through it now, and whether some of it is stored. */
interface Lane {
  /** Ends when the one who came last has left. */
  turn: Promise<void>;
  /** Lets the next one in. */
  letNext: () => void;
  /** Has the one that is in make an end. */
  hurry: () => void;
  /** Calls that are in or wait to come in. */
  inside: number;
  /** How many events are in the journal or on their way to it, as far as this process knows. */
  marks: number;
  /** How often it was marked, and how often it had been when the marks were last cleared. */
  marked: number;
  cleared: number;
}

const NOBODY = Promise.resolve();
const NOTHING = (): void => {};

/**
 * Keeps the notifications of each session in the order of their arrival: one at a time goes to the back-end, and while
 * some are stored, those that follow are stored behind them. Bounded by what is in flight and in the journal.
 */
export class Lanes {
  readonly #lanes = new Map<string, Lane>();
  /** How many lanes have marks. */
  #marked = 0;

  /** How many lanes there is something of. */
  get size(): number {
    return this.#lanes.size;
  }

  /**
   * Waits for those who came before; what it gives is to be called when one is through. Where that takes longer than
   * `waitMs`, who is in is told to `hurry`: the limit of one may be over sooner than the limit of another before it.
   */
  async enter(name: string, hurry: () => void = NOTHING, waitMs?: number): Promise<() => void> {
    const lane = this.#obtain(name);
    const before = lane.turn;
    const { promise, resolve } = Promise.withResolvers<void>();
    lane.turn = promise;
    const stop = lane.inside++ > 0 && waitMs !== undefined ? after(waitMs, () => lane.hurry()) : NOTHING;
    await before;
    stop();
    lane.letNext = resolve;
    lane.hurry = hurry;
    return () => {
      resolve();
      lane.inside--;
      this.#tidy(name, lane);
    };
  }

  /** True if something is stored of any lane. */
  get haveStored(): boolean {
    return this.#marked > 0;
  }

  /** True if something of the lane is stored, so that nothing may overtake it. */
  hasStored(name: string): boolean {
    return (this.#lanes.get(name)?.marks ?? 0) > 0;
  }

  /**
   * Something of the lane is on its way to the journal: who comes next goes behind it, and need not wait for the disk. What
   * it gives is to be called if it never came there.
   */
  mark(name: string): () => void {
    const lane = this.#obtain(name);
    if (lane.marks++ === 0) this.#marked++;
    const number = ++lane.marked;
    lane.letNext();
    return () => {
      if (number > lane.cleared) this.#unmark(name, lane, lane.marks - 1);
    };
  }

  /** To be asked before something of the lane is taken out; what it gives says that nothing else was left. */
  leaving(name: string): () => void {
    const lane = this.#lanes.get(name);
    const marked = lane?.marked;
    return () => {
      // What was stored in the meantime is there now.
      if (!lane || lane.marked !== marked) return;
      lane.cleared = lane.marked;
      this.#unmark(name, lane, 0);
    };
  }

  /** `leaving` for all lanes at once; what it gives is to be told in which lanes something is left. */
  leavingAll(): (left: ReadonlySet<string>) => void {
    const marked = [...this.#lanes].filter(([, { marks }]) => marks > 0);
    const leaving = marked.map(([name]) => [name, this.leaving(name)] as const);
    return left => {
      for (const [name, nothingLeft] of leaving) if (!left.has(name)) nothingLeft();
    };
  }

  #unmark(name: string, lane: Lane, marks: number): void {
    if (lane.marks > 0 && marks === 0) this.#marked--;
    lane.marks = marks;
    this.#tidy(name, lane);
  }

  #obtain(name: string): Lane {
    const known = this.#lanes.get(name);
    if (known) return known;
    const lane: Lane = { turn: NOBODY, letNext: NOTHING, hurry: NOTHING, inside: 0, marks: 0, marked: 0, cleared: 0 };
    this.#lanes.set(name, lane);
    return lane;
  }

  #tidy(name: string, lane: Lane): void {
    if (lane.inside === 0 && lane.marks === 0 && this.#lanes.get(name) === lane) this.#lanes.delete(name);
  }
}
