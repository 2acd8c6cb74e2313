import type { Answer, Call } from './call.ts';

/** Turns a Call into an Answer, or throws a GatewayError. The HTTP client, a stack and the whole gateway are Handlers. */
export type Handler = (call: Call) => Promise<Answer>;

/** Wraps a Handler in one policy. It calls `next` at most once per attempt that it owns. */
export type Layer = (next: Handler) => Handler;

/** Composes layers around a handler; the first listed is the outermost. */
export const stack = (layers: readonly Layer[], handler: Handler): Handler =>
  layers.reduceRight((next, layer) => layer(next), handler);
