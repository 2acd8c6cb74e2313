/** One lane: who goes through it now, and whether some of it is stored. */
interface Lane {
  /** Ends when the one who came last has left. */
  turn: Promise<void>;
  /** Lets the next one in. */
  letNext: () => void;
  /** Calls that are in or wait to come in. */
  inside: number;
  /** How often something was stored; 0 while nothing is. */
  marks: number;
}

const NOBODY = Promise.resolve();

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

  /** Waits for those who came before; what it gives is to be called when one is through. */
  async enter(name: string): Promise<() => void> {
    const lane = this.#obtain(name);
    lane.inside++;
    const before = lane.turn;
    const { promise, resolve } = Promise.withResolvers<void>();
    lane.turn = promise;
    await before;
    lane.letNext = resolve;
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

  /** Something of the lane is on its way to the journal: who comes next goes behind it, and need not wait for the disk. */
  mark(name: string): void {
    const lane = this.#obtain(name);
    if (lane.marks++ === 0) this.#marked++;
    lane.letNext();
  }

  /** To be asked before something of the lane is taken out; what it gives says that nothing else was left. */
  leaving(name: string): () => void {
    const lane = this.#lanes.get(name);
    const marks = lane?.marks;
    return () => {
      // What was stored in the meantime is there now.
      if (!lane || lane.marks !== marks) return;
      if (lane.marks > 0) this.#marked--;
      lane.marks = 0;
      this.#tidy(name, lane);
    };
  }

  #obtain(name: string): Lane {
    const known = this.#lanes.get(name);
    if (known) return known;
    const lane: Lane = { turn: NOBODY, letNext: () => {}, inside: 0, marks: 0 };
    this.#lanes.set(name, lane);
    return lane;
  }

  #tidy(name: string, { inside, marks }: Lane): void {
    if (inside === 0 && marks === 0) this.#lanes.delete(name);
  }
}
