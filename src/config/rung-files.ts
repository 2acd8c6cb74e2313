import { decodeUtf8, readBounded } from '../core/read-bounded.ts';
import { withoutQuotedJson } from '../core/secrets.ts';
import type { Layer } from './layers.ts';
import { fileFault, wholePath } from './named-file.ts';
import type { Path } from './problems.ts';
import type { Finding } from './validate.ts';

const MAX_BYTES = 1024 * 1024;

/** Contents of the JSON files that rungs name, by the path as written, and what is wrong with them. */
export interface RungFiles {
  readonly contents: ReadonlyMap<string, Buffer>;
  readonly findings: readonly Finding[];
}

/** Reads every `{ file: … }` rung of the layers; a relative path counts from the folder of `configFile`. */
export const readRungFiles = (layers: readonly Layer[], configFile: string): RungFiles => {
  const contents = new Map<string, Buffer>();
  const findings: Finding[] = [];
  for (const { file, path } of layers.flatMap(rungFiles)) {
    try {
      if (!contents.has(file)) contents.set(file, readJson(wholePath(file, configFile)));
    } catch (error) {
      findings.push({ path, message: fileFault(file, configFile, error, 'a file with a JSON object') });
    }
  }
  return { contents, findings };
};

const rungFiles = ({ data, path }: Layer): readonly { readonly file: string; readonly path: Path }[] => {
  const rungs = Array.isArray(data.fallback) ? (data.fallback as readonly unknown[]) : [];
  return rungs.flatMap((rung, at) => {
    const file = (rung as { file?: unknown } | null)?.file;
    return typeof file === 'string' ? [{ file, path: [...path, 'fallback', at, 'file'] }] : [];
  });
};

/** The bytes of a file that holds a JSON object, or a list where that will do. Throws with what is wrong with it. */
export const readJson = (file: string, wanted: 'object' | 'object or list' = 'object'): Buffer => {
  const content = readBounded(file, MAX_BYTES);
  let value: unknown;
  try {
    value = JSON.parse(decodeUtf8(content));
  } catch (error) {
    throw new Error(`is not JSON: ${withoutQuotedJson((error as Error).message)}`, { cause: error });
  }
  if (typeof value === 'object' && value !== null && (wanted !== 'object' || !Array.isArray(value))) return content;
  throw new Error(wanted === 'object' ? 'holds no JSON object, and WCS takes nothing else' : `holds no JSON ${wanted}`);
};
