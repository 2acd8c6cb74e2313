import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { type Node, type SourceFile, SyntaxKind } from 'typescript/unstable/ast';
import { API } from 'typescript/unstable/sync';

const ROOT = join(import.meta.dirname, '..');
/** What runs in Node, and what runs in a browser. */
const PROJECTS = ['tsconfig.json', 'src/page/browser/tsconfig.json'];

/** One file of ours, parsed. */
export interface Parsed {
  /** From the repository's root, such as `src/core/call.ts`. */
  readonly file: string;
  readonly source: SourceFile;
}

/** One import or re-export of a file. */
export interface Import {
  /** A path from the root for our own files, else the module's name. */
  readonly to: string;
  readonly line: number;
  /** True if nothing of it is left when the types are stripped. */
  readonly typeOnly: boolean;
  readonly names: readonly string[];
}

/**
 * Parses every file that the TypeScript projects in `root` cover and whose path `wanted` accepts, with the compiler's
 * own parser.
 */
export const parseSources = (wanted: (file: string) => boolean, root = ROOT): Parsed[] => {
  const api = new API({ cwd: root });
  try {
    const openProjects = PROJECTS.map(project => join(root, project)).filter(project => existsSync(project));
    return api
      .updateSnapshot({ openProjects })
      .getProjects()
      .flatMap(({ rootFiles, program }) =>
        rootFiles.flatMap(path => {
          const file = relative(root, path);
          const source = wanted(file) ? program.getSourceFile(path) : undefined;
          return source ? [{ file, source }] : [];
        }),
      );
  } finally {
    api.close();
  }
};

/** Visits `node` and everything below it. */
export const walk = (node: Node, visit: (node: Node) => void): void => {
  visit(node);
  node.forEachChild(child => walk(child, visit));
};

/** The line, from 1, on which `node` begins; comments before it are not part of it. */
export const lineOf = (source: SourceFile, node: Node): number =>
  source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1;

const IMPORT = /^(?:import|export)\s+(?<type>type\s+)?(?<names>[^'"]*?)(?:\s*from\s*)?['"](?<from>[^'"]+)['"]/s;

const namesOf = (clause: string): string[] =>
  clause.split(/[{},\s]+/).filter(word => word !== '' && word !== 'type' && word !== 'as');

/** The imports and re-exports of a file. */
export const importsOf = ({ file, source }: Parsed): Import[] =>
  source.statements.flatMap(statement => {
    if (statement.kind !== SyntaxKind.ImportDeclaration && statement.kind !== SyntaxKind.ExportDeclaration) return [];
    const { type, names = '', from } = IMPORT.exec(statement.getText(source))?.groups ?? {};
    if (from === undefined) return [];
    const to = from.startsWith('.') ? join(file, '..', from) : from;
    return [{ to, line: lineOf(source, statement), typeOnly: type !== undefined, names: namesOf(names) }];
  });
