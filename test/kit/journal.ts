import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import type { Journal, JournalProblem, StoredEvent } from '../../src/delivery/journal.ts';
import type { Opened } from '../../src/delivery/journal-scene.ts';
import { type SqliteJournalOptions, sqliteJournal } from '../../src/delivery/sqlite/sqlite-journal.ts';

/** An event for tests, the nth of its lane. */
export const nthEvent = (nth: number, lane = 'lane', bytes = 100): StoredEvent => ({
  id: `${lane}-${String(nth).padStart(9, '0')}`,
  app: 'app',
  hook: 'StreamStatusEvent',
  query: '',
  head: 'Authorization: Bearer secret-token\r\n',
  body: Buffer.alloc(bytes, 'secret-body '),
  lane,
  receivedAt: Date.now(),
  expiresAt: Date.now() + 86_400_000,
});

/** Stores events `from` up to `to` of one lane. */
export const fill = (journal: Journal, from: number, to: number, bytes?: number): Promise<unknown> =>
  Promise.all(Array.from({ length: to - from }, (_, i) => journal.append(nthEvent(from + i, 'lane', bytes), 0)));

/** A folder that is removed after the tests of the file. */
export const folderForTests = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'breakwater-journal-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
};

/** Opens a journal and collects what it says. It is closed after the test, unless the test has done so. */
export const openForTest = async (options: Partial<SqliteJournalOptions> & { readonly dir: string }) => {
  const problems: JournalProblem[] = [];
  const journal = await sqliteJournal({
    maxBytes: 64 << 20,
    onProblem: problem => problems.push(problem),
    ...options,
  });
  after(() => journal.close());
  return { journal, problems };
};

/** The ids of all that is in a journal, in the order of storing. */
export const idsIn = async (journal: Pick<Journal, 'list'>): Promise<string[]> =>
  (await journal.list({})).map(({ id }) => id);

/** Makes empty journals for the contract suite, which closes them. */
export const sqliteForContract = (keys: readonly Buffer[] = []) => {
  const root = folderForTests();
  let count = 0;
  return async (): Promise<Opened> => {
    const dir = join(root, String(count++));
    const open = () => sqliteJournal({ dir, maxBytes: 16 << 20, keys, onProblem: () => {} });
    let journal = await open();
    const reopen = async () => {
      await journal.close();
      journal = await open();
      return journal;
    };
    return { journal, reopen };
  };
};
