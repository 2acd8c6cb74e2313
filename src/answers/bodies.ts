import type { Call } from '../core/call.ts';
import { type JsonObject, parseObject } from './json.ts';

/** Gives the request body of a call as a JSON object; throws `not_json` if it is none. */
export type Bodies = (call: Call) => JsonObject;

/**
 * Makes the `Bodies` that a stack's layers and rungs share. The last body asked for is remembered: those who need one
 * ask one after the other, so it is parsed once, and nothing is held for longer than the next call.
 */
export const createBodies = (): Bodies => {
  let last: { readonly body: Buffer; readonly object: JsonObject } | undefined;
  return ({ body }) => {
    if (last?.body !== body) last = { body, object: parseObject(body) };
    return last.object;
  };
};
