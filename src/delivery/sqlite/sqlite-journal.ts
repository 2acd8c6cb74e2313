import type { Filter, Journal, JournalProblem, Leased, OperatorJournal } from '../journal.ts';
import { Sealer } from './content.ts';
import { cannotUse } from './folder.ts';
import { Link } from './link.ts';
import { openBeside } from './open.ts';
import { type Hurried, MOST_AT_ONCE, type Span, type Swept, Tables } from './tables.ts';
import { transact } from './transact.ts';
import { Views } from './views.ts';

export interface SqliteJournalOptions {
  /** The folder of its files. It is made if it is missing; one journal has it for itself. */
  readonly dir: string;
  /** What all events together may take, dead ones included. */
  readonly maxBytes: number;
  /** Keys of 32 bytes: the first encrypts what is stored from now on, any opens what was stored before. */
  readonly keys?: readonly Uint8Array[];
  readonly onProblem: (problem: JournalProblem) => void;
}

/** A change of many events goes in parts, so that others get their turn in between. */
const inParts = async (part: (span: Span) => Promise<Swept>): Promise<number> => {
  let all = 0;
  let span: Span | undefined = { after: 0, most: MOST_AT_ONCE };
  while (span) {
    const { count, next }: Swept = await part(span);
    all += count;
    span = next && { ...next, most: MOST_AT_ONCE };
  }
  return all;
};

const atMost = ({ most = Number.POSITIVE_INFINITY }: Filter, part: (span: Span) => Promise<Swept>): Promise<number> => {
  let left = most;
  return inParts(async span => {
    const { count, next } = await part({ ...span, most: Math.min(span.most, left) });
    left -= count;
    return next && left > 0 ? { count, next } : { count };
  });
};

/** Goes on until all is due that waited when it began. */
const hurryAll = async (part: () => Promise<Hurried>): Promise<void> => {
  let { count, left } = await part();
  while (count > 0 && left > 0) {
    ({ count } = await part());
    left -= count;
  }
};

/** A Buffer arrives from another thread as a plain array of bytes. */
const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
const withBuffer = <T extends { readonly body: Uint8Array }>(event: T): T & { readonly body: Buffer } => ({
  ...event,
  body: asBuffer(event.body),
});

/**
 * A journal in a file of SQLite, in a thread of its own: the event loop never waits for the disk, and all changes that come
 * while the disk is busy are made durable together. Resolves once it is open; rejects with a JournalError that names the
 * thing and the remedy.
 */
export const sqliteJournal = async ({
  dir,
  maxBytes,
  keys = [],
  onProblem,
}: SqliteJournalOptions): Promise<Journal> => {
  const link = new Link({ dir, maxBytes, keys }, onProblem);
  await link.open();
  let closed: Promise<void> | undefined;
  return {
    append: (event, holdMs) => link.ask('append', event, holdMs),
    release: id => link.ask('release', id),
    take: id => link.ask('take', id),
    lease: async (...args) => (await link.ask('lease', ...args)).map(withBuffer) as Leased[],
    settle: (id, settlement) => link.ask('settle', id, settlement),
    ended: () => link.ask('ended'),
    hurry: app => hurryAll(() => link.ask('hurry', app)),
    lanes: async () => new Set(await link.ask('lanes')),
    backlog: () => link.ask('backlog'),
    list: filter => link.ask('list', filter),
    show: async id => {
      const shown = await link.ask('show', id);
      return shown && withBuffer(shown);
    },
    retry: (filter, keepForMs) => atMost(filter, span => link.ask('retry', filter, keepForMs, span)),
    drop: filter => atMost(filter, span => link.ask('drop', filter, span)),
    close: () => {
      closed ??= link.close();
      return closed;
    },
  };
};

/** Turns what SQLite throws into what a journal rejects with. */
const asked = async <T>(dir: string, run: () => T): Promise<T> => {
  try {
    return run();
  } catch (error) {
    throw cannotUse(dir, error);
  }
};

/**
 * The journal in `dir` for an operator's tool, beside the gateway that keeps it or without one. It blocks this thread while
 * it reads or writes. `tell` hears what a crash has cost, if no gateway has told that yet. Throws a JournalError if there is
 * none.
 */
export const openJournalFile = (
  dir: string,
  keys: readonly Uint8Array[] = [],
  tell: (message: string) => void = () => {},
): OperatorJournal => {
  const sealer = new Sealer(keys);
  const db = openBeside(dir, tell);
  const views = new Views(db, sealer);
  const tables = new Tables(db, { sealer, maxBytes: Number.POSITIVE_INFINITY });
  const ask = <T>(run: () => T): Promise<T> => asked(dir, run);
  const change = <T>(run: () => T): Promise<T> => ask(() => transact(db, run));
  return {
    backlog: () => ask(() => views.backlog()),
    list: filter => ask(() => views.list(filter)),
    show: id => ask(() => views.show(id)),
    retry: (filter, keepForMs) => atMost(filter, span => change(() => tables.retry(filter, keepForMs, span))),
    drop: filter => atMost(filter, span => change(() => tables.drop(filter, span))),
    close: () => ask(() => db.isOpen && db.close()) as Promise<void>,
  };
};
