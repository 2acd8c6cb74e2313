import { type Document, LineCounter, parseDocument, visit, type YAMLError } from 'yaml';
import type { Position, Problem } from './problems.ts';
import { isSecretKey } from './secrets.ts';

/** YAML text taken apart. */
export interface Syntax {
  readonly document: Document;
  /** What YAML has against it. */
  readonly problems: readonly Problem[];
  /** True if nothing sensible can be said about the content. */
  readonly broken: boolean;
  position(offset: number): Position;
}

/** Of one mistake YAML often reports many; more lines than this help nobody. */
const MAX_REPORTED = 5;
const MAX_BRACKETS = 200;

/** Parses `text`. Never throws: what is wrong is in `problems`. */
export const parseSyntax = (text: string, file: string): Syntax => {
  const lines = new LineCounter();
  const depth = bracketsTooDeep(text);
  const document = parseDocument(text.slice(0, depth), {
    lineCounter: lines,
    merge: true,
    prettyErrors: false,
    stringKeys: true,
  });
  const position = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const faults = [...document.errors, ...document.warnings];
  const tooDeep = depth ?? faults.find(({ code }) => code === 'RESOURCE_EXHAUSTION')?.pos[0];
  if (tooDeep !== undefined) {
    const message = 'is nested too deep to be read';
    return { document, problems: [{ file, position: position(tooDeep), path: '', message }], broken: true, position };
  }
  const reported = firstOfEachLine(faults, position).slice(0, MAX_REPORTED);
  const problems = reported.map(fault => {
    const offset = openQuote(document, fault) ?? fault.pos[0];
    return { file, position: position(offset), path: '', message: explain(fault, text) };
  });
  return { document, problems, broken: faults.some(({ code }) => code !== 'DUPLICATE_KEY'), position };
};

/** The offset at which more brackets are open than anybody writes; each of them would cost the parser more than the last. */
const bracketsTooDeep = (text: string): number | undefined => {
  let open = 0;
  for (const { 0: bracket, index } of text.matchAll(/[[\]{}]/g)) {
    open = bracket === '[' || bracket === '{' ? open + 1 : Math.max(0, open - 1);
    if (open > MAX_BRACKETS) return index;
  }
  return undefined;
};

/** The faults that follow on the same line are mostly the echo of the first. */
const firstOfEachLine = (faults: readonly YAMLError[], position: Syntax['position']): readonly YAMLError[] => {
  const lines = new Map<number, YAMLError>();
  for (const fault of faults.toSorted((a, b) => a.pos[0] - b.pos[0])) {
    const { line } = position(fault.pos[0]);
    if (!lines.has(line)) lines.set(line, fault);
  }
  return [...lines.values()];
};

const explain = ({ code, message, pos }: YAMLError, text: string): string => {
  const line = lineAt(text, pos[0]);
  const starred = /^\s*(?:-\s+)?(\*[^:\s]*)\s*:/.exec(line)?.[1];
  if (starred) return `a key that begins with * needs quotes: "${starred}"`;
  if (code === 'MISSING_CHAR' && message.includes('quote')) return 'a quote is opened here and never closed';
  // What YAML stumbles over there may be a part of the secret.
  if (isSecretKey(/^[\s-]*["']?([\w.-]+)["']?\s*:/.exec(line)?.[1]) && !REMEDIES[code])
    return 'the value of this key is not YAML as it stands; put it in quotes';
  if (message.includes('without - indicator')) return 'the indent of this line fits nothing above it';
  if (/[{[,].*\$\{/.test(line)) return `a \${…} between braces or brackets needs quotes: "\${NAME}"`;
  return REMEDIES[code]?.(text.slice(pos[0], pos[1] + 40)) ?? `is not YAML: ${lowerFirst(message)}`;
};

/** Where a quote was opened that is never closed; YAML itself tells only where the file ends. */
const openQuote = (document: Document, { code, message, pos }: YAMLError): number | undefined => {
  if (code !== 'MISSING_CHAR' || !message.includes('quote')) return undefined;
  let opened: number | undefined;
  visit(document, {
    Scalar: (_, { type, range }) => {
      const isQuoted = type === 'QUOTE_DOUBLE' || type === 'QUOTE_SINGLE';
      if (isQuoted && range && range[0] <= pos[0]) opened = range[0];
    },
  });
  return opened;
};

const lineAt = (text: string, offset: number): string => {
  const start = text.lastIndexOf('\n', Math.max(0, offset - 1)) + 1;
  const end = text.indexOf('\n', start);
  return text.slice(start, end < 0 ? undefined : end);
};

const lowerFirst = (message: string): string => message.charAt(0).toLowerCase() + message.slice(1);

const REMEDIES: Readonly<Record<string, ((at: string) => string) | undefined>> = {
  DUPLICATE_KEY: at => `${/^[^:\s]*/.exec(at)?.[0] ?? 'a key'} is written twice in the same place; keep one`,
  TAB_AS_INDENT: () => 'a tab cannot indent in YAML; use spaces',
  MULTIPLE_DOCS: () => 'a second document begins here (---); write one',
  NON_STRING_KEY: () => 'a key must be a plain text',
  TAG_RESOLVE_FAILED: () => 'tags such as !name mean nothing here; remove it',
  MULTILINE_IMPLICIT_KEY: () =>
    'a key and its colon must stand on one line; a colon may be missing, or the indent wrong',
  BLOCK_AS_IMPLICIT_KEY: () => 'two colons on one line; begin a new line, or put the text in quotes',
};
