import { readFileSync } from 'node:fs';

const LINE = /^Max open files\s+(\d+)/m;

/** How many files and sockets this process may have open. Where the system does not say (not Linux): no limit. */
export const openFilesLimit = (): number => {
  try {
    const limit = LINE.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return limit === undefined ? Number.POSITIVE_INFINITY : Number(limit);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
};
