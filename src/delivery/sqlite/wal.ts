import { readFileSync } from 'node:fs';

/** https://www.sqlite.org/fileformat2.html#walformat */
const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
const USUAL_PAGE_BYTES = 4096;
const MAX_BYTES = 256 * 1024 ** 2;
const MAGIC_BIG_ENDIAN = 0x377f0683;

type Sums = readonly [number, number];

/** The running checksum of the log over `bytes`. */
const sumOver = (bytes: DataView, from: number, to: number, [first, second]: Sums, isLittle: boolean): Sums => {
  let [s0, s1] = [first, second];
  for (let at = from; at < to; at += 8) {
    s0 = (s0 + bytes.getUint32(at, isLittle) + s1) >>> 0;
    s1 = (s1 + bytes.getUint32(at + 4, isLittle) + s0) >>> 0;
  }
  return [s0, s1];
};

const isSame = (log: DataView, at: number, [s0, s1]: Sums): boolean =>
  log.getUint32(at) === s0 && log.getUint32(at + 4) === s1;

/** How a log says that its pages belong together; without a sound header, how its first page does. */
const saltsAt = (log: DataView, isSound: boolean): string => salts(log, isSound ? 16 : HEADER_BYTES + 8);
const salts = (log: DataView, at: number): string => `${log.getUint32(at)} ${log.getUint32(at + 4)}`;

const frameBytesOf = (log: DataView, isSound: boolean): number =>
  FRAME_HEADER_BYTES + (isSound ? log.getUint32(8) : USUAL_PAGE_BYTES);

/**
 * How many transactions of the log `file` are lost behind a damaged page. SQLite takes a log to end at the first page that
 * is not as it was written, which is right for the last transaction of a process that was killed. But each transaction was
 * on disk before the next began, so if more than one that is whole in form lies behind, the damage came later.
 */
export const countLost = (file: string): number => {
  const bytes = readLog(file);
  if (bytes.length < HEADER_BYTES + FRAME_HEADER_BYTES) return 0;
  const log = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const isLittle = log.getUint32(0) !== MAGIC_BIG_ENDIAN;
  let sums = sumOver(log, 0, 24, [0, 0], isLittle);
  let isWhole = isSame(log, 24, sums);
  const ours = saltsAt(log, isWhole);
  const frameBytes = frameBytesOf(log, isWhole);
  let commits = 0;
  for (let at = HEADER_BYTES; at + frameBytes <= bytes.length; at += frameBytes) {
    const isOurs = salts(log, at + 8) === ours;
    if (isWhole) {
      sums = sumOver(log, at, at + 8, sums, isLittle);
      sums = sumOver(log, at + FRAME_HEADER_BYTES, at + frameBytes, sums, isLittle);
      isWhole = isOurs && isSame(log, at + 16, sums);
    }
    // The last frame of a transaction tells the size of the database after it.
    if (!isWhole && isOurs && log.getUint32(at + 4) > 0) commits++;
  }
  return Math.max(0, commits - 1);
};

const readLog = (file: string): Buffer => {
  try {
    const bytes = readFileSync(file);
    return bytes.length <= MAX_BYTES ? bytes : Buffer.alloc(0);
  } catch {
    return Buffer.alloc(0);
  }
};
