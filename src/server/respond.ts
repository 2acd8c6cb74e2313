import type { ServerResponse } from 'node:http';
import type { Answer } from '../core/call.ts';

/** Smaller bodies leave in one write with the header block. */
const ONE_WRITE_BYTES = 8192;

/** What the `Breakwater-Answer` header says (contract 5). */
export const answerNote = ({ source, reason, ageSeconds }: Answer, attempts: number): string => {
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

/** Writes an answer: its own end-to-end headers, where it came from, and the exact length. To be called once. */
export const respond = (response: ServerResponse, answer: Answer, closing: Closing): void => {
  const { callId, attempts, close } = closing;
  const { status, headers, body } = answer;
  const all = [...headers, 'Breakwater-Answer', answerNote(answer, attempts), 'Breakwater-Call-Id', callId];
  if (!bodyless(status)) all.push('Content-Length', String(body.length));
  if (close) all.push('Connection', 'close');
  response.writeHead(status, all);
  if (closing.linger) response.write(body);
  else if (body.length < ONE_WRITE_BYTES) response.end(body.toString('latin1'), 'latin1');
  else response.end(body);
};
