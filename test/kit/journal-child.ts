import { writeSync } from 'node:fs';
import { sqliteJournal } from '../../src/delivery/sqlite/sqlite-journal.ts';
import { nthEvent } from './journal.ts';

const LANES = 8;
const NEVER = new Int32Array(new SharedArrayBuffer(4));

/** Prints at once, whatever happens next; waits while the reader is behind. */
const say = (line: string): void => {
  for (let left = Buffer.from(`${line}\n`); left.length > 0; )
    try {
      left = left.subarray(writeSync(1, left));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      Atomics.wait(NEVER, 0, 0, 1);
    }
};

/**
 * Appends for ever, in some lanes at once and as fast as the disk allows, and prints the id of each event that is
 * acknowledged, a line each. Where an append fails it prints the error and ends.
 */
const main = async ([dir = '', life = '', bytes = '100']: readonly string[]): Promise<void> => {
  const journal = await sqliteJournal({ dir, maxBytes: 1 << 30, onProblem: ({ message }) => say(`# ${message}`) });
  say('# open');
  const work = async (lane: string): Promise<void> => {
    for (let nth = 0; ; nth++) {
      const event = nthEvent(nth, lane, Number(bytes));
      await journal.append(event, 60_000);
      say(event.id);
      // Some go again, so that pages are freed and used anew.
      if (nth % 5 === 4) {
        const isThere = await journal.take(event.id);
        say(`- ${event.id} ${isThere}`);
      }
    }
  };
  await Promise.all(Array.from({ length: LANES }, (_, i) => work(`${life}-${i}`)));
};

await main(process.argv.slice(2)).catch(error => {
  say(`! ${error.message}`);
  process.exit(1);
});
