import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createIds } from '../../src/core/id.ts';
import type { Journal, StoredEvent } from '../../src/delivery/journal.ts';
import { sqliteJournal } from '../../src/delivery/sqlite/sqlite-journal.ts';

export const APP = 'app';
/** What a StreamStatusEvent of WCS takes. */
const BODY = Buffer.from(JSON.stringify({ nodeId: 'Qb3d@192.168.1.1', appKey: 'app', info: 'x'.repeat(942) }));
const HEAD = 'Content-Type: application/json\r\nAuthorization: Bearer 0123456789abcdef0123456789abcdef\r\n';
const newId = createIds();

export const anEvent = (lane: string): StoredEvent => {
  const receivedAt = Date.now();
  const times = { receivedAt, expiresAt: receivedAt + 86_400_000 };
  return { id: newId(), app: APP, hook: 'StreamStatusEvent', query: '', head: HEAD, body: BODY, lane, ...times };
};

export const openJournal = (dir: string, keys: readonly Buffer[] = []): Promise<Journal> =>
  sqliteJournal({
    dir,
    maxBytes: 4 * 1024 ** 3,
    keys,
    onProblem: ({ message }) => process.stderr.write(`${message}\n`),
  });

/** Gives `run` a folder on the disk of temporary files, and removes it afterwards. */
export const inFolder = async <T>(run: (dir: string) => Promise<T>): Promise<T> => {
  const dir = mkdtempSync(join(tmpdir(), 'breakwater-bench-journal-'));
  try {
    return await run(dir);
  } finally {
    rmSync(dir, { recursive: true });
  }
};

export const quantile = (times: readonly number[], at: number): number =>
  times.toSorted((one, other) => one - other)[Math.floor(times.length * at)] ?? Number.NaN;
