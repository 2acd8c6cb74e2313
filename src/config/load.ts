import { decodeUtf8, readBounded } from '../core/read-bounded.ts';
import { assemble, type Files, readCa } from './assemble.ts';
import { type Draft, draft, keepValid, type Valid } from './draft.ts';
import type { Environment } from './environment.ts';
import { deepFreeze } from './freeze.ts';
import { appLayers } from './layers.ts';
import { ConfigError, formatPath, inOrder, type Path, type Position, type Problem } from './problems.ts';
import { breaches } from './rules.ts';
import { type RungFiles, readRungFiles } from './rung-files.ts';
import { maskSecrets } from './secrets.ts';
import type { ReadRung } from './settings.ts';
import { readDocument, type Source, spotAt } from './source.ts';
import { readRouteFiles, writtenRoutes } from './static-routes.ts';
import { parseSyntax, type Syntax } from './syntax.ts';
import { readTlsFiles } from './tls-files.ts';
import type { Config } from './types.ts';
import type { Finding } from './validate.ts';
import { doubts } from './warnings.ts';
import { readWcsFile } from './wcs-file.ts';

/** A configuration that can be run, and all that `check` and `explain` tell about it. */
export interface Loaded {
  readonly file: string;
  readonly config: Config;
  /** What is allowed but probably not meant, in the order of the file. */
  readonly warnings: readonly Problem[];
  readonly draft: Draft;
  /** Where the file says what stands at `path`, or the nearest thing above it. */
  position(path: Path): Position;
}

/** Where a text comes from: the name that problems give it, and the variables for its `${…}`. */
export interface Origin {
  readonly file: string;
  readonly env: Environment;
  /**
   * Which keys are used, by their path in the file; all of them unless said otherwise. What is wrong with others is nobody's
   * concern then, and something valid is in its place.
   */
  readonly uses?: (path: string) => boolean;
}

const MAX_BYTES = 1024 * 1024;

/** Reads, checks and freezes a configuration file. Throws a ConfigError with every problem at once. */
export const loadConfig = (file: string, env: Environment, uses?: Origin['uses']): Loaded =>
  parseConfig(readText(file), { file, env, ...(uses && { uses }) });

/** Checks and freezes a configuration that is at hand as text; files that it names count from the folder of `file`. */
export const parseConfig = (text: string, { file, env, uses = () => true }: Origin): Loaded => {
  const syntax = parseSyntax(text, file);
  if (syntax.broken) throw new ConfigError(inOrder(syntax.problems));
  const problems = [...syntax.problems];
  const source = readDocument(syntax.document, env, (offset, path, message) =>
    problems.push({ file, position: syntax.position(offset), path: formatPath(path), message }),
  );
  if (!source.complete) throw new ConfigError(inOrder(problems));
  const place = placer(source, syntax, file);
  const unset = new Set(problems.map(({ path }) => path).filter(path => path !== ''));
  const { found, whole, contents } = examine(source.data, file);
  // A value made from a variable that is not set is wrong for that reason alone.
  problems.push(...found.map(place).filter(({ path }) => !unset.has(path)));
  const told = problems.filter(({ path }) => uses(path));
  if (told.length > 0) throw new ConfigError(inOrder(told));
  return {
    file,
    config: deepFreeze(assemble(whole, contents)),
    warnings: inOrder([...doubts(whole), ...contents.tls.doubts].map(place)),
    draft: whole,
    position: path => syntax.position(offsetOf(source, path)),
  };
};

interface Examined {
  readonly found: readonly Finding[];
  readonly whole: Draft;
  readonly contents: Files;
}

/** Everything that is wrong with the data, and the valid part of it put together. */
const examine = (data: unknown, file: string): Examined => {
  const valid = keepValid(data);
  const files = filesOf(valid, file);
  const { wcsFile, findings } = readWcsFile(valid.data, file);
  const whole = draft({ ...valid, findings: [...valid.findings, ...findings] }, wcsFile, readRung(files));
  const ofRoutes = readRouteFiles(writtenRoutes(valid.data, valid.apps), file);
  const ca = readCa(whole.root.cache.redis?.ca, file, 'cache');
  const ofEvents = readCa(whole.root.events.redis?.ca, file, 'events');
  const tls = readTlsFiles(whole, file);
  // What is wrong by itself, and looked at no more, is not missing too.
  const wrong = new Set(valid.findings.map(({ path }) => formatPath(path)));
  const found = [
    ...valid.findings,
    ...files.findings,
    ...findings,
    ...ofRoutes.findings,
    ...ca.findings,
    ...ofEvents.findings,
    ...tls.findings,
    ...breaches(whole).filter(({ path }) => !wrong.has(formatPath(path))),
  ];
  const cas = { cache: ca.content, events: ofEvents.content };
  return { found, whole, contents: { cas, ofRoutes: ofRoutes.read, tls } };
};

const filesOf = ({ data, apps }: Valid, file: string): RungFiles =>
  readRungFiles(
    apps.flatMap(index => {
      const { general, hooks } = appLayers(data, index);
      return [...general, ...hooks];
    }),
    file,
  );

const readRung =
  ({ contents }: RungFiles): ReadRung =>
  rung => {
    if (typeof rung === 'string' || !('file' in rung)) return rung;
    return { file: rung.file, content: contents.get(rung.file) ?? Buffer.alloc(0) };
  };

const offsetOf = ({ spot }: Source, path: Path): number => {
  const found = spotAt(spot, path).spot;
  return found.key ?? found.value;
};

/** Turns findings into problems: where, by which name, from which variable, and without secrets. */
const placer =
  (source: Source, syntax: Syntax, file: string) =>
  (finding: Finding): Problem => {
    const { spot, depth } = spotAt(source.spot, finding.path);
    const isKey = finding.key || depth < finding.path.length;
    const variables = (spot.variables ?? []).map(name => `\${${name}}`);
    const from = variables.length > 0 && !isKey ? ` (the value comes from ${variables.join(', ')})` : '';
    return {
      file,
      position: syntax.position(isKey ? (spot.key ?? spot.value) : spot.value),
      path: formatPath(finding.path),
      message: maskSecrets(finding.message, source.secrets) + from,
    };
  };

const readText = (file: string): string => {
  try {
    return decodeUtf8(readBounded(file, MAX_BYTES));
  } catch (error) {
    throw new ConfigError([
      { file, path: '', message: `${(error as Error).message}; name another file with --config` },
    ]);
  }
};
