import { hash } from 'node:crypto';
import { fieldOf } from './fields.ts';
import type { Place } from './kept-answers.ts';
import type { Asked } from './may-keep.ts';

/** Who asks, as far as the request shows it; a SHA-256, so that a name gives away no secret. */
const personOf = ({ fields }: Asked): string =>
  hash(
    'sha256',
    JSON.stringify([fieldOf(fields, 'authorization') ?? null, fieldOf(fields, 'cookie') ?? null]),
    'base64url',
  );

/**
 * Where the answer to a request belongs: to a target of a host of an app, and, where persons are kept apart, to whoever
 * has these credentials. What was kept under one rule is not found under the other.
 */
export const placeOf = (app: string, asked: Asked, personal: boolean): Place => ({
  resource: JSON.stringify([app, asked.host.toLowerCase(), asked.target]),
  person: personal ? personOf(asked) : '',
});
