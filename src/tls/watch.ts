import { stat } from 'node:fs/promises';
import { after } from '../core/clock.ts';

const EVERY_MS = 1000;

/** What is another when a file is written, replaced, or reached by a link that leads elsewhere now. */
const stampOf = async (file: string): Promise<string> => {
  try {
    const { dev, ino, size, mtimeMs, ctimeMs } = await stat(file);
    return `${dev} ${ino} ${size} ${mtimeMs} ${ctimeMs}`;
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code);
  }
};

/**
 * Calls `changed` when one of `files` is another than before and none has changed for a second, so that two that belong
 * together are both there; once at the beginning too. Returns what stops it. It looks and does not wait to be told:
 * notices of the file system know nothing of a link further up, as Kubernetes swaps them, nor of a network disk.
 */
export const watchFiles = (files: readonly string[], changed: () => void): (() => void) => {
  let known = '';
  let seen = '';
  let stop = () => {};
  let isStopped = false;

  const look = async (): Promise<void> => {
    const stamp = (await Promise.all(files.map(stampOf))).join('\n');
    if (isStopped) return;
    const isNews = stamp !== known && stamp === seen;
    seen = stamp;
    if (isNews) {
      known = stamp;
      changed();
    }
    next();
  };
  const next = (): void => {
    stop = after(EVERY_MS, () => void look());
  };
  next();
  return () => {
    isStopped = true;
    stop();
  };
};
