import type { Backlog, Listed, Shown } from '../delivery/journal.ts';
import { redactBody, redactText } from '../observability/redact.ts';

const at = (ms: number): string => new Date(ms).toISOString();

const UNITS: readonly (readonly [string, number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1000],
];

/** `3 h`, `20 s`: one unit is enough to see what is old. */
const span = (ms: number): string => {
  const [unit, length] = UNITS.find(([, each]) => Math.abs(ms) >= each) ?? ['s', 1000];
  return `${Math.round(ms / length)} ${unit}`;
};

/** A gateway that may deliver does so within this time. */
const OVERDUE_MS = 5000;

/** What keeps an event back that is due is known to the gateway alone, if one runs. */
const dueIn = (wait: number): string => {
  if (wait > 0) return `due in ${span(wait)}`;
  return wait > -OVERDUE_MS ? 'due' : `overdue by ${span(-wait)}`;
};

const fate = ({ state, reason, dueAt, behind }: Listed): string => {
  if (state === 'dead') return reason;
  if (behind !== undefined) return `waits behind ${behind}`;
  const due = dueIn(dueAt - Date.now());
  return reason === '' ? due : `${due}, after: ${reason}`;
};

const HEADS = ['id', 'state', 'app', 'hook', 'age', 'attempts', 'bytes', 'what becomes of it'];

const rowOf = (event: Listed): string[] => [
  event.id,
  event.state,
  event.app,
  event.hook,
  span(Date.now() - event.receivedAt),
  String(event.attempts),
  String(event.bytes),
  fate(event),
];

const summary = ({ app, pending, dead, oldestAt, bytes }: Backlog): string => {
  const oldest = oldestAt === undefined ? '' : `, the oldest from ${span(Date.now() - oldestAt)} ago`;
  return `${app}: ${pending} pending${oldest}; ${dead} dead; ${bytes} bytes\n`;
};

/** A table for people, and what there is in all below it. */
export const table = (events: readonly Listed[], backlog: readonly Backlog[]): string => {
  if (backlog.length === 0) return 'nothing is stored\n';
  if (events.length === 0) return `nothing stored fits that\n\n${backlog.map(summary).join('')}`;
  const rows = [HEADS, ...events.map(rowOf)];
  const widths = HEADS.map((_, i) => Math.max(...rows.map(row => row[i]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd();
  return `${rows.map(line).join('\n')}\n\n${backlog.map(summary).join('')}`;
};

const contentOf = ({ query, head, body }: Shown, isRevealed: boolean) =>
  isRevealed
    ? { query, head, body: body.toString('utf8') }
    : { query: redactText(query), head: redactText(head), body: redactBody(body) };

/** One event for people. */
export const shownEvent = (event: Shown, isRevealed: boolean): string => {
  const { query, head, body } = contentOf(event, isRevealed);
  const { id, state, app, hook, lane, receivedAt, expiresAt, attempts, bytes } = event;
  const lines = [
    `${id}  ${state}`,
    `  ${app} ${hook}${query}`,
    `  received ${at(receivedAt)}, tried until ${at(expiresAt)}`,
    `  ${attempts} attempts; ${fate(event)}`,
    `  ${bytes} bytes; lane ${lane}`,
  ];
  return `${lines.join('\n')}\n\n${head.trimEnd().replaceAll(/^/gm, '  ')}\n\n  ${body}\n\n`;
};

/** One event as a line of JSON. A body that is no UTF-8 is given as base64 too. */
export const exported = (event: Shown, isRevealed: boolean): string => {
  const { receivedAt, expiresAt, dueAt, body, ...rest } = event;
  const times = { receivedAt: at(receivedAt), expiresAt: at(expiresAt), dueAt: at(dueAt) };
  const isText = Buffer.from(body.toString('utf8')).equals(body);
  const base64 = isRevealed && !isText ? { bodyBase64: body.toString('base64') } : {};
  return `${JSON.stringify({ ...rest, ...times, ...contentOf(event, isRevealed), ...base64 })}\n`;
};
