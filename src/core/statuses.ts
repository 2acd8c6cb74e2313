/** Too early, too many, too late (RFC 8470 §5.2, RFC 6585 §4, RFC 9110 §15.5.9): what was said before may still hold. */
const NOT_NOW: ReadonlySet<number> = new Set([408, 425, 429]);

/** True for a status by which a back-end says no for good. */
export const isFinalNo = (status: number): boolean => status >= 400 && status < 500 && !NOT_NOW.has(status);
