import { JournalError, type JournalProblem } from '../journal.ts';
import { inWords } from './folder.ts';
import type { ThreadData } from './protocol.ts';

/** From this share of its room on a journal is said to be nearly full, and below the other no more. */
const NEAR_FULL = 0.9;
const ROOM_AGAIN = 0.8;

const percent = (share: number): string => `${Math.floor(share * 100)} %`;

/** Tells once when a journal fails or fills up, and once when that is over. */
export class Health {
  readonly #data: Pick<ThreadData, 'dir' | 'maxBytes'>;
  readonly #tell: (problem: JournalProblem) => void;
  #isFailing = false;
  #isNearFull = false;

  constructor(data: Pick<ThreadData, 'dir' | 'maxBytes'>, tell: (problem: JournalProblem) => void) {
    this.#data = data;
    this.#tell = tell;
  }

  /** After a batch: what the disk said, if it works, and how many bytes the events take now. */
  judge(error: unknown, isWell: boolean, used: number): void {
    if (error !== undefined) this.fail(error);
    else if (isWell && this.#isFailing) this.#recover();
    this.see(used);
  }

  see(used: number): void {
    const { dir, maxBytes } = this.#data;
    const share = used / maxBytes;
    if (!this.#isNearFull && share >= NEAR_FULL) {
      this.#isNearFull = true;
      const message = `the journal in ${dir} is ${percent(share)} full (${used} of ${maxBytes} bytes); raise maxBytes, or drop events that are not needed`;
      this.#tell({ code: 'near-full', message });
    }
    if (!this.#isNearFull || share >= ROOM_AGAIN) return;
    this.#isNearFull = false;
    this.#tell({ code: 'room-again', message: `the journal in ${dir} has room again (${percent(share)} full)` });
  }

  fail(error: unknown): void {
    if (this.#isFailing) return;
    this.#isFailing = true;
    const { dir } = this.#data;
    this.#tell({
      code: 'failing',
      message: error instanceof JournalError ? error.message : `the journal in ${dir} fails: ${inWords(dir, error)}`,
    });
  }

  #recover(): void {
    this.#isFailing = false;
    this.#tell({ code: 'working-again', message: `the journal in ${this.#data.dir} works again` });
  }
}
