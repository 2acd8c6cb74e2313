export const EMPTY: Buffer = Buffer.alloc(0);

/** Buffers in a row as one; a single one is given as it is. */
export const joined = (chunks: readonly Buffer[]): Buffer => {
  const [only] = chunks;
  if (!only) return EMPTY;
  return chunks.length === 1 ? only : Buffer.concat(chunks);
};
