import { decodeUtf8, readBounded } from '../core/read-bounded.ts';
import { readWcsSettings, type Setting, type WcsSettings } from './flashphoner-properties.ts';
import type { Fields } from './layers.ts';
import { fileFault, wholePath } from './named-file.ts';
import type { Path } from './problems.ts';
import type { Finding } from './validate.ts';

const MAX_BYTES = 1024 * 1024;
const PATH: Path = ['wcs', 'properties'];

/** WCS's own file, as `wcs.properties` names it. */
export interface WcsFile {
  /** The path as written. */
  readonly file: string;
  readonly settings: WcsSettings;
}

export interface ReadWcsFile {
  /** Absent if none is named, or if it cannot be read. */
  readonly wcsFile: WcsFile | undefined;
  readonly findings: readonly Finding[];
}

/** The configuration's data with that of WCS's file under it. */
export interface Underlaid {
  readonly data: Fields;
  /** The keys of `wcs` that come from WCS's file, each with the place that says so: `FILE:LINE`. */
  readonly fromWcs: ReadonlyMap<string, string>;
}

/** Properties files are Latin-1 by their definition and UTF-8 by habit. */
const decode = (bytes: Buffer): string => {
  try {
    return decodeUtf8(bytes);
  } catch {
    // Latin-1 has a character for each byte.
    return bytes.toString('latin1');
  }
};

const wcsOf = (data: Fields): Fields => (data.wcs ?? {}) as Fields;

/** Reads the file that the configuration names; a relative path counts from the folder of `configFile`. */
export const readWcsFile = (data: Fields, configFile: string): ReadWcsFile => {
  const { properties: file } = wcsOf(data);
  if (typeof file !== 'string') return { wcsFile: undefined, findings: [] };
  const find = (message: string): Finding => ({ path: PATH, message });
  try {
    const { settings, bad } = readWcsSettings(decode(readBounded(wholePath(file, configFile), MAX_BYTES)));
    return {
      wcsFile: { file, settings },
      findings: bad.map(({ line, message }) => find(`${file}:${line}: ${message}`)),
    };
  } catch (error) {
    const fault = fileFault(file, configFile, error, "WCS's flashphoner.properties");
    return { wcsFile: undefined, findings: [find(fault)] };
  }
};

/** What WCS's file has to say for keys of `wcs`. Its key counts only while WCS signs with it. */
const offered = ({ requestTimeout, signs, secret }: WcsSettings): Readonly<Record<string, Setting<unknown>>> => ({
  ...(requestTimeout && {
    requestTimeout: { ...requestTimeout, value: requestTimeout.value === 0 ? 0 : `${requestTimeout.value}s` },
  }),
  ...(signs?.value && secret && { secret }),
});

/** Lays what WCS's file says under what the configuration says, which has the last word. */
export const layUnder = (data: Fields, wcsFile: WcsFile | undefined): Underlaid => {
  const wcs = wcsOf(data);
  const taken = Object.entries(wcsFile ? offered(wcsFile.settings) : {}).filter(([key]) => wcs[key] === undefined);
  return {
    data: { ...data, wcs: { ...Object.fromEntries(taken.map(([key, { value }]) => [key, value])), ...wcs } },
    fromWcs: new Map(taken.map(([key, { line }]) => [key, `${wcsFile?.file}:${line}`])),
  };
};
