import type { Kind } from '../store/store.ts';

interface Kept {
  /** The form of the entry, for stores that outlive a release. */
  readonly version: 1;
  /** When the back-end said it: wall-clock epoch ms, because instances may share a store. */
  readonly storedAt: number;
}

/** A 200: what the back-end changed, as the JSON text of a merge patch from its request to its answer. */
export interface Admission extends Kept {
  readonly status: 200;
  readonly patch: string;
}

/** A 403, with the page that came with it. */
export interface Refusal extends Kept {
  readonly status: 403;
  /** Absent if the back-end named none. */
  readonly contentType?: string;
  readonly body: Buffer;
}

/** The last thing the back-end said to a caller. */
export type Verdict = Admission | Refusal;

/** So long after it was said, a verdict may have been overtaken by what another instance heard. */
const FRESH_MS = 1000;

const isSame = (a: Verdict, b: Verdict): boolean =>
  a.status === 200
    ? b.status === 200 && a.patch === b.patch
    : b.status === 403 && a.contentType === b.contentType && a.body.equals(b.body);

const isText = (value: unknown): value is string => typeof value === 'string';

const isDate = (value: unknown): value is number => Number.isSafeInteger(value);

const readVerdict = (text: string): Verdict | undefined => {
  const { version, storedAt, status, patch, contentType, body } = JSON.parse(text) as Record<string, unknown>;
  if (version !== 1 || !isDate(storedAt)) return undefined;
  if (status === 200 && isText(patch)) return { version, storedAt, status, patch };
  if (status !== 403 || !isText(body)) return undefined;
  const refusal = { version, storedAt, status, body: Buffer.from(body, 'base64') } as const;
  return isText(contentType) ? { ...refusal, contentType } : refusal;
};

/** How verdicts are kept. */
export const VERDICTS: Kind<Verdict> = {
  name: 'verdict',
  sizeOf: verdict => (verdict.status === 200 ? 2 * verdict.patch.length : verdict.body.length),
  own: verdict => ({ ...verdict }),
  saysTheSame: isSame,
  redate: (old, { storedAt }) => void Object.assign(old, { storedAt }),
  isDoubtful: ({ storedAt }) => Date.now() - storedAt > FRESH_MS,
  isNewer: (a, b) => a.storedAt >= b.storedAt,
  encode: verdict =>
    JSON.stringify(verdict.status === 403 ? { ...verdict, body: verdict.body.toString('base64') } : verdict),
  decode: text => {
    try {
      return readVerdict(text);
    } catch {
      // Damaged, or written by something else: as good as nothing.
      return undefined;
    }
  },
};
