import { dirname, join } from 'node:path';
import { lexer, type Token, type Tokens } from 'marked';
import { read, textOf } from './documents.ts';

/** A page that can be chosen: a file or folder of the project, and what the list calls it. */
export interface Entry {
  readonly to: string;
  readonly name: string;
}

/** Entries under one heading. */
export interface Group {
  readonly name: string;
  readonly entries: readonly Entry[];
}

/** The one list of pages in reading order, which people read as well. */
export const INDEX = 'docs/README.md';

const firstLink = (tokens: readonly Token[] = []): Tokens.Link | undefined => {
  for (const token of tokens) {
    if (token.type === 'link') return token as Tokens.Link;
    const inner = 'tokens' in token ? firstLink(token.tokens) : undefined;
    if (inner) return inner;
  }
  return undefined;
};

const entriesOf = (list: Tokens.List): Entry[] =>
  list.items.flatMap(({ tokens }) => {
    const link = firstLink(tokens);
    return link ? [{ to: join(dirname(INDEX), link.href), name: textOf(link.tokens) }] : [];
  });

/** The lists of the index, each under the heading before it. */
export const readNavigation = (markdown = read(INDEX)): readonly Group[] => {
  let name = '';
  return lexer(markdown).flatMap(token => {
    if (token.type === 'heading') name = textOf(token.tokens);
    return token.type === 'list' ? [{ name, entries: entriesOf(token as Tokens.List) }] : [];
  });
};
