import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Answer, sentAttempts } from '../core/call.ts';
import type { Through } from '../gateway/through.ts';
import { discardBody, LINGER } from './body.ts';
import type { Visitor } from './calls.ts';
import type { Changing } from './change.ts';
import type { AskedThrough } from './front-door.ts';
import { HttpPassage } from './passage.ts';
import type { Reception } from './reception.ts';
import { respond } from './respond.ts';

/** What of a refused body may come before the answer, so that the connection can serve the next request. */
const AT_ONCE = { bytes: 2 * 1024 * 1024, ms: 200 };

/** The answer to a question about the server as such (RFC 9110 §9.3.7). */
export const PONG: Answer = { status: 204, headers: [], body: Buffer.alloc(0), source: 'default' };

/** One request of node:http and the only owner of its response. */
export interface Visit {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly visitor: Visitor;
  /** True while the client waits for a word before it sends its body. */
  awaitsContinue: boolean;
  /** Set where the client offers another protocol. */
  readonly changing: Changing | undefined;
  /** To be called when the answer has left, or never will. */
  readonly leave: () => void;
  /** True if no request has come after it on its connection. */
  readonly isLatest: () => boolean;
}

/** Has the client send its body, if it waits for a word. */
export const goOn = (visit: Visit): void => {
  if (!visit.awaitsContinue) return;
  visit.awaitsContinue = false;
  visit.response.writeContinue();
};

/** True if the connection is to end with this answer: of requests in a row with the last one's, not the first one's. */
export const isLast = ({ draining }: Reception, { isLatest }: Visit): boolean => draining && isLatest();

/** Writes an answer of the gateway's own, whatever is still on its way of the body. */
export const conclude = async (reception: Reception, visit: Visit, answer: Answer, attempts: number): Promise<void> => {
  const { request, response, visitor, awaitsContinue, changing } = visit;
  // No body comes from a client that waits for a 100, nor after one that could not be read.
  const bodyComes = !awaitsContinue && visitor.cancel.reason?.row.fault !== 'client';
  const whole = bodyComes && (changing !== undefined || (await discardBody(request, AT_ONCE)));
  if (response.destroyed || response.headersSent) return;
  const close = !whole || changing !== undefined || isLast(reception, visit);
  respond(response, answer, { callId: visitor.id, attempts, close, linger: !whole });
  if (whole) return;
  // The client has the answer; ending the connection under a body that is still on its way would reset it.
  if (bodyComes) await discardBody(request, LINGER);
  response.end();
};

/** Serves what is no hook. Its bodies go their own way; what comes back is an answer that has left, or one to write. */
export const letThrough = async (reception: Reception, visit: Visit, asked: AskedThrough<Through>): Promise<void> => {
  const { request, response, visitor, changing } = visit;
  const passage = new HttpPassage({
    request,
    response,
    path: asked.path,
    target: asked.through.rest + asked.query,
    callId: visitor.id,
    goOn: () => goOn(visit),
    closes: () => changing !== undefined || isLast(reception, visit),
    changing,
  });
  const call = reception.calls.ofPassage(visitor, asked, passage);
  // What changes its protocol has bounds of its own.
  const stop = changing === undefined ? reception.watchPassing(request, visitor) : undefined;
  const answer = await asked.through.route.handler(call).finally(stop);
  if (answer.status === 101) visit.leave();
  else if (!passage.hasBegun) await conclude(reception, visit, answer, sentAttempts(call));
  else reception.boundWrite(request.socket, visitor.client);
};
