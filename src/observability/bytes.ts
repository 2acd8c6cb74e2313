import type { Answer, Call } from '../core/call.ts';

/** Bytes of the request's body; of what passes through, as many as have come. */
export const bytesIn = ({ passage, body }: Call): number => passage?.bytesIn ?? body.length;

/** Bytes of the answer's body; of what passes through, as many as have left. */
export const bytesOut = ({ passage }: Call, { body }: Answer): number =>
  passage?.hasBegun ? passage.bytesOut : body.length;
