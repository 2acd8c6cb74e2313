import type { IncomingMessage } from 'node:http';
import { GatewayError } from '../core/errors.ts';
import type { AnswerHead } from '../core/passage.ts';
import { endToEnd } from './fields.ts';

/** What an answer that goes on begins with. Throws `body` for one with a transfer coding that nobody asked for. */
export const answerHead = ({
  statusCode = 0,
  statusMessage = '',
  headers,
  rawHeaders,
}: IncomingMessage): AnswerHead => {
  const { 'content-length': length, 'transfer-encoding': coding = 'identity' } = headers;
  const isInChunks = /^chunked$/i.test(coding);
  // node:http undoes chunks, and hands on all else as it came: the client would not know that it is coded.
  if (!isInChunks && !/^identity$/i.test(coding))
    throw new GatewayError('body', 'the upstream answered in a transfer coding that it was not asked for');
  const hasEnd = isInChunks || length !== undefined;
  return { status: statusCode, message: statusMessage, headers: endToEnd(rawHeaders), hasEnd };
};
