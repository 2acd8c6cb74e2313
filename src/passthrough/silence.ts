import { after, now } from '../core/clock.ts';

/** Says when nothing has happened for a while. Noting that something has costs a look at the clock, and no timer. */
export class Silence {
  readonly #run: () => void;
  #ms: number;
  #heardAt = now();
  #stop: () => void;

  /** Runs `run` once `ms` have passed in which nothing was heard; again after each such time, until it is stopped. */
  constructor(ms: number, run: () => void) {
    this.#run = run;
    this.#ms = ms;
    this.#stop = after(ms, this.#look);
  }

  /** When something was last heard. */
  get heardAt(): number {
    return this.#heardAt;
  }

  readonly hear = (): void => {
    this.#heardAt = now();
  };

  /** From now on as long as this counts as silence. */
  allow(ms: number): void {
    this.#stop();
    this.#ms = ms;
    this.hear();
    this.#stop = after(ms, this.#look);
  }

  stop(): void {
    this.#stop();
  }

  readonly #look = (): void => {
    const leftMs = this.#heardAt + this.#ms - now();
    this.#stop = after(leftMs > 0 ? leftMs : this.#ms, this.#look);
    if (leftMs <= 0) this.#run();
  };
}
