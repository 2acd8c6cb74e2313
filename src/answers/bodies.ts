import type { Call } from '../core/call.ts';
import { type JsonObject, parseObject } from './json.ts';

/** Gives the request body of a call as a JSON object; throws `not_json` if it is none. */
export type Bodies = (call: Call) => JsonObject;

/** Makes the `Bodies` that a stack's layers and rungs share, so that a body is parsed once however many ask for it. */
export const createBodies = (): Bodies => {
  const parsed = new WeakMap<Buffer, JsonObject>();
  return ({ body }) => {
    const known = parsed.get(body);
    if (known) return known;
    const object = parseObject(body);
    parsed.set(body, object);
    return object;
  };
};
