import { type Node, SyntaxKind } from 'typescript/unstable/ast';
import { importsOf, lineOf, type Parsed, parseSources, walk } from './source-tree.ts';

/** How long something is, in lines from its first to its last. */
export interface Size {
  readonly file: string;
  readonly name: string;
  readonly line: number;
  readonly lines: number;
}

export interface Sizes {
  /** All functions, nested ones too, shortest first. */
  readonly functions: readonly Size[];
  /** All files, shortest first. */
  readonly files: readonly Size[];
}

const FUNCTIONS: ReadonlySet<SyntaxKind> = new Set([
  SyntaxKind.FunctionDeclaration,
  SyntaxKind.FunctionExpression,
  SyntaxKind.ArrowFunction,
  SyntaxKind.MethodDeclaration,
  SyntaxKind.Constructor,
  SyntaxKind.GetAccessor,
  SyntaxKind.SetAccessor,
]);

const nameOf = (node: Node, { source }: Parsed): string => {
  const named =
    node.kind === SyntaxKind.ArrowFunction || node.kind === SyntaxKind.FunctionExpression ? node.parent : node;
  const { name } = named as Node & { readonly name?: Node };
  return name?.getText(source) ?? '(nameless)';
};

const functionsOf = (parsed: Parsed): Size[] => {
  const sizes: Size[] = [];
  walk(parsed.source, node => {
    if (!FUNCTIONS.has(node.kind)) return;
    const line = lineOf(parsed.source, node);
    const last = parsed.source.getLineAndCharacterOfPosition(node.end).line + 1;
    sizes.push({ file: parsed.file, name: nameOf(node, parsed), line, lines: last - line + 1 });
  });
  return sizes;
};

const sizeOf = ({ file, source }: Parsed): Size => {
  const lines = source.text.split('\n').length - 1;
  return { file, name: file, line: 1, lines };
};

const byLines = (a: Size, b: Size): number => a.lines - b.lines;

/** All of `src` but what serves its tests alone. */
export const productSources = (root?: string): Parsed[] =>
  parseSources(file => file.startsWith('src/') && !file.endsWith('.test.ts'), root).filter(
    parsed => !importsOf(parsed).some(({ to }) => to === 'node:test'),
  );

/** Measures `sources`. */
export const measure = (sources: readonly Parsed[]): Sizes => ({
  functions: sources.flatMap(functionsOf).sort(byLines),
  files: sources.map(sizeOf).sort(byLines),
});

/** The lines that `share` of the sizes do not exceed. */
export const quantile = (sizes: readonly Size[], share: number): number =>
  sizes[Math.max(0, Math.ceil(sizes.length * share) - 1)]?.lines ?? 0;

const table = (title: string, sizes: readonly Size[]): string => {
  const summary = `${sizes.length}, median ${quantile(sizes, 0.5)}, p90 ${quantile(sizes, 0.9)}, longest ${quantile(sizes, 1)}`;
  const longest = sizes.slice(-10).reverse();
  const rows = longest.map(
    ({ file, name, line, lines }) => `${String(lines).padStart(5)}  ${file}:${line} ${name === file ? '' : name}`,
  );
  return `${title}: ${summary}\n${rows.map(row => row.trimEnd()).join('\n')}\n`;
};

if (import.meta.main) {
  const { functions, files } = measure(productSources());
  process.stdout.write(`${table('functions', functions)}\n${table('files', files)}`);
}
