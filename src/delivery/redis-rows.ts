import type { Backlog, Ended, EventState, Leased, Listed, Shown, StoredEvent } from './journal.ts';
import type { Word } from './redis-link.ts';

/** A reply of Redis: bytes, a whole number, nothing, or more of them. */
export type Reply = Buffer | number | null | readonly Reply[];
type Row = readonly Reply[];

const text = (reply: Reply | undefined): string => String(reply ?? '');
const number = (reply: Reply | undefined): number => Math.floor(Number(text(reply)));
export const rowsOf = (reply: Reply | undefined): readonly Row[] =>
  Array.isArray(reply) ? (reply as readonly Row[]) : [];
export const textsOf = (reply: Reply | undefined): string[] => (Array.isArray(reply) ? reply.map(text) : []);

/** A name that no other lane's begins with, once a number follows it. */
export const nameOf = ({ app, lane }: Pick<StoredEvent, 'app' | 'lane'>): string =>
  `${app.length}:${app}${lane.length}:${lane}`;

const LANE = /^(\d+):/;

/** The lane of which this is the name. */
export const laneOf = (name: string): string => {
  const [head = '', length = '0'] = LANE.exec(name) ?? [];
  const rest = name.slice(head.length + Number(length));
  return rest.slice((LANE.exec(rest)?.[0] ?? '').length);
};

/** What Redis needs for an event beside its texts: 1.9 kB were measured with 100,000 events of 1 kB. */
const EVENT_BYTES = 2000;

const sizeOf = ({ body, ...texts }: StoredEvent): number => {
  const { id, app, hook, query, head, lane } = texts;
  return [id, app, hook, query, head, lane].reduce(
    (sum, each) => sum + Buffer.byteLength(each),
    EVENT_BYTES + body.length,
  );
};

/** An event as the script wants it. */
export const wordsOf = (event: StoredEvent): readonly Word[] => {
  const { id, app, hook, query, head, body, lane, receivedAt, expiresAt } = event;
  return [id, app, nameOf(event), sizeOf(event), lane, hook, query, head, body, receivedAt, expiresAt];
};

/** `how app` and how many, as the script counts what has ended. */
export const endedOf = ([key, count]: Row): Ended => {
  const [how = '', ...app] = text(key).split(' ');
  return { app: app.join(' '), how: how as Ended['how'], count: number(count) };
};

export const leasedOf = ([id, app, hook, lane, query, head, body, at, expires, tries]: Row): Leased => ({
  id: text(id),
  app: text(app),
  hook: text(hook),
  query: text(query),
  head: text(head),
  body: body as Buffer,
  lane: text(lane),
  receivedAt: number(at),
  expiresAt: number(expires),
  attempts: number(tries),
});

const stateOf = (state: string): EventState => (state === 'dead' ? 'dead' : 'pending');

/** An event of a list, and the number of its storing. */
export const listedOf = (row: Row): { readonly seq: number; readonly listed: Listed } => {
  const [id, due, behind, app, hook, lane, at, expires, state, why, tries, bytes, seq] = row;
  const listed: Listed = {
    id: text(id),
    app: text(app),
    hook: text(hook),
    lane: text(lane),
    receivedAt: number(at),
    expiresAt: number(expires),
    state: stateOf(text(state)),
    reason: text(why),
    attempts: number(tries),
    dueAt: number(due),
    ...(text(behind) !== '' && { behind: text(behind) }),
    bytes: number(bytes),
  };
  return { seq: number(seq), listed };
};

export const shownOf = (reply: Reply): Shown | undefined => {
  const [row, rest] = rowsOf(reply);
  if (!row || !rest) return undefined;
  const [query, head, body] = rest;
  return { ...listedOf(row).listed, query: text(query), head: text(head), body: body as Buffer };
};

export const backlogOf = ([app, pending, dead, oldest, bytes]: Row): Backlog => {
  const counts = { app: text(app), pending: number(pending), dead: number(dead), bytes: number(bytes) };
  return text(oldest) === '' ? counts : { ...counts, oldestAt: number(oldest) };
};
