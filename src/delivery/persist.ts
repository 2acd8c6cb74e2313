import { now, pause } from '../core/clock.ts';
import { JournalError } from './journal.ts';

const AGAIN_MS = 500;

/**
 * What `ask` gives, asked again every half second for `forMs` while the journal does not answer: what became of an event
 * must not be forgotten, or it is delivered once more. `failed` hears of each error; nothing is given for the last one.
 */
export const persist = async <T>(
  ask: () => Promise<T>,
  forMs: number,
  failed: (error: unknown) => void,
): Promise<T | undefined> => {
  for (const end = now() + forMs; ; await pause(AGAIN_MS)) {
    try {
      return await ask();
    } catch (error) {
      failed(error);
      if (!(error instanceof JournalError) || now() + AGAIN_MS > end) return undefined;
    }
  }
};
