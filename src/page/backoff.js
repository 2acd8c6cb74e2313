const LONGEST_MS = 15_000;

/** How long to wait before try number `tries` (from 1) to connect again, in milliseconds: 1 s, twice as long each time. */
export const waitBeforeMs = (/** @type {number} */ tries) => Math.min(LONGEST_MS, 1000 * 2 ** (tries - 1));
