import { type Fields, fieldOf } from './fields.ts';

const TAG = /(?:W\/)?("[^"]*")/g;

/** The opaque parts of entity tags: whether they are weak does not count here (RFC 9110 §8.8.3.2). */
const tagsIn = (text: string): readonly string[] => Array.from(text.matchAll(TAG), ([, tag = '']) => tag);

/**
 * True if the client that sends `asked` has the answer with the fields `kept` already, so that a 304 is enough. An
 * `If-Modified-Since` counts only without `If-None-Match` (RFC 9110 §13.1.2, §13.1.3).
 */
export const isNotModified = (asked: Fields, kept: Fields): boolean => {
  const noneMatch = fieldOf(asked, 'if-none-match');
  if (noneMatch !== undefined) {
    const [own] = tagsIn(fieldOf(kept, 'etag') ?? '');
    return noneMatch === '*' || (own !== undefined && tagsIn(noneMatch).includes(own));
  }
  const since = Date.parse(fieldOf(asked, 'if-modified-since') ?? '');
  // A date that is none makes the comparison false.
  return Date.parse(fieldOf(kept, 'last-modified') ?? '') <= since;
};
