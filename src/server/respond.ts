import { type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Answer } from '../core/call.ts';

/** Longer than the idle time of any pooled Java client, and announced, so that neither side closes in the other's face. */
export const KEEP_ALIVE_MS = 90_000;

/** Smaller bodies leave in one write with the header block. */
const ONE_WRITE_BYTES = 8192;

/** What the `Breakwater-Answer` header says (contract 5). */
export const answerNote = (
  { source, reason, ageSeconds }: Pick<Answer, 'source' | 'reason' | 'ageSeconds'>,
  attempts: number,
): string => {
  let note: string = source;
  if (reason !== undefined) note += `; reason=${reason}`;
  if (ageSeconds !== undefined) note += `; age=${ageSeconds}`;
  if (attempts > 1) note += `; attempts=${attempts}`;
  return note;
};

export interface Closing {
  readonly callId: string;
  /** Attempts that reached an upstream. */
  readonly attempts: number;
  /** True if the connection is to end with this answer. */
  readonly close: boolean;
  /** True if the answer is written whole but not ended: the caller ends it. */
  readonly linger?: boolean;
}

const bodyless = (status: number): boolean => status === 204 || status === 304 || status < 200;

/** The fields of an answer, name and value in turn: its own end-to-end ones, where it came from, and the exact length. */
/** A back-end's own stays (RFC 9110 §6.6.1). */
const hasDate = (fields: readonly string[]): boolean => {
  for (let i = 0; i < fields.length; i += 2) if (/^date$/i.test(fields[i] as string)) return true;
  return false;
};

const fieldsOf = (answer: Answer, { callId, attempts, close }: Closing): string[] => {
  const { status, headers, body } = answer;
  const all = [...headers, 'Breakwater-Answer', answerNote(answer, attempts), 'Breakwater-Call-Id', callId];
  if (!bodyless(status)) all.push('Content-Length', String(body.length));
  if (close) all.push('Connection', 'close');
  return all;
};

/**
 * To be called behind `writeHead`. Where a response waits for the one before it on its connection, node:http would put its head
 * in front of all that waits with it, once a body of bytes is written: a 100 or 103 would then stand within the answer.
 */
export const placeHead = (response: ServerResponse): void => {
  if (response.socket === null) response.write('', 'latin1');
};

/** Writes an answer through node:http. To be called once. */
export const respond = (response: ServerResponse, answer: Answer, closing: Closing): void => {
  const { body } = answer;
  response.writeHead(answer.status, fieldsOf(answer, closing));
  placeHead(response);
  if (closing.linger) response.write(body);
  else if (body.length < ONE_WRITE_BYTES) response.end(body.toString('latin1'), 'latin1');
  else response.end(body);
};

/** What node:http adds to an answer over HTTP/1.1, in its order. */
const closingFields = (date: string, close: boolean): string =>
  `${date === '' ? '' : `Date: ${date}\r\n`}${close ? '' : `Connection: keep-alive\r\nKeep-Alive: timeout=${KEEP_ALIVE_MS / 1000}\r\n`}\r\n`;

export interface RawClosing extends Closing {
  readonly date: string;
  /** Hears that the answer has left, or with an error that it never will. */
  readonly sent: (error?: Error | null) => void;
}

/** Writes an answer to a POST over HTTP/1.1 as `respond` does, without node:http. To be called once. */
export const respondRaw = (socket: Socket, answer: Answer, closing: RawClosing): void => {
  const { date, close, sent } = closing;
  const { status, body } = answer;
  const fields = fieldsOf(answer, closing);
  let head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'unknown'}\r\n`;
  for (let i = 0; i < fields.length; i += 2) head += `${fields[i]}: ${fields[i + 1]}\r\n`;
  head += closingFields(hasDate(fields) ? '' : date, close);
  if (bodyless(status)) socket.write(head, 'latin1', sent);
  else if (body.length < ONE_WRITE_BYTES) socket.write(head + body.toString('latin1'), 'latin1', sent);
  else {
    socket.cork();
    socket.write(head, 'latin1');
    socket.write(body, sent);
    socket.uncork();
  }
};
