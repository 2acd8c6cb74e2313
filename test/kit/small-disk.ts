import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';

const canMount = (): boolean => {
  const dir = mkdtempSync(join(tmpdir(), 'breakwater-mount-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', dir], { stdio: 'ignore' });
    execFileSync('umount', [dir], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  } finally {
    rmSync(dir, { recursive: true });
  }
};

/** Why a test that needs a disk of its own is left out, or false. */
export const withoutMount: string | false = canMount() ? false : 'needs root and the right to mount a tmpfs';

/** A disk of `kib` KiB in memory, which is gone after the tests of the file; `remount` changes its options. */
export const smallDisk = (kib: number) => {
  const dir = mkdtempSync(join(tmpdir(), 'breakwater-disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${kib}k,mode=0700`, 'tmpfs', dir]);
  after(() => {
    execFileSync('umount', ['-l', dir]);
    rmSync(dir, { recursive: true });
  });
  const remount = (options: string): void => void execFileSync('mount', ['-o', `remount,${options}`, dir]);
  return { dir, remount };
};
