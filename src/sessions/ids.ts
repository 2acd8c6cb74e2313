import { isUtf8 } from 'node:buffer';
import { hash } from 'node:crypto';
import { type Member, readMembers } from '../core/json-text.ts';

/** Longer ids are made up; nobody's memory is filled with them. */
const MOST_ID_BYTES = 1024;
/** The ids stand near the beginning, and no hook that could be held to its session is so long. */
const MOST_BODY_BYTES = 128 * 1024;
const BACKSLASH = '\\';

const IDS = [Buffer.from('sessionId'), Buffer.from('nodeId')];
const NODE = [Buffer.from('nodeId')];
const STATUS = [Buffer.from('status')];

/** What the member's name means, whatever its spelling; byte by byte where it is not ASCII, as no word of WCS is. */
export const nameOf = (text: Buffer, { at, nameEnd }: Member): string => {
  const spelt = text.toString('latin1', at + 1, nameEnd - 1);
  return spelt.includes(BACKSLASH) ? JSON.parse(text.toString('utf8', at, nameEnd)) : spelt;
};

/** A text; nothing for any other value, one that is too long, or bytes that could be read as another's. */
const readText = (text: Buffer, { valueAt, end }: Member): string | undefined => {
  if (end - valueAt > MOST_ID_BYTES || !isUtf8(text.subarray(valueAt, end))) return undefined;
  const value: unknown = JSON.parse(text.toString('utf8', valueAt, end));
  return typeof value === 'string' && value !== '' ? value : undefined;
};

/** The text under `name`; null if there is none, and nothing if it cannot be told: one that is said twice, above all. */
const textUnder = (text: Buffer, members: readonly Member[], name: string): string | null | undefined => {
  const [only, ...more] = members.filter(member => nameOf(text, member) === name);
  if (!only) return null;
  return more.length === 0 ? readText(text, only) : undefined;
};

const readBody = (body: Buffer, names: readonly Buffer[]): readonly Member[] | undefined =>
  body.length <= MOST_BODY_BYTES ? readMembers(body, names) : undefined;

/**
 * Under which name a session is known: a hash over the app, `nodeId` and `sessionId`. Bodies of WCS 4 have no `nodeId`.
 * Nothing for a body that does not tell its session beyond doubt.
 */
export const sessionName = (app: string, body: Buffer): string | undefined => {
  const members = readBody(body, IDS);
  const session = members && textUnder(body, members, 'sessionId');
  const node = session ? textUnder(body, members, 'nodeId') : undefined;
  // As a whole: a part of a text would keep all of it in memory.
  return node === undefined ? undefined : hash('sha256', JSON.stringify([app, node, session]), 'base64url');
};

/** The node of WCS that a body names, if it names one beyond doubt. */
export const nodeOf = (body: Buffer): string | undefined => {
  const members = readBody(body, NODE);
  return (members && textUnder(body, members, 'nodeId')) ?? undefined;
};

/** The text under `status` in a body, if there is just one. */
export const statusOf = (body: Buffer): string | undefined => {
  const members = readBody(body, STATUS);
  return (members && textUnder(body, members, 'status')) ?? undefined;
};
