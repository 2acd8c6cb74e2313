import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { lexer, type Token, type Tokens, walkTokens } from 'marked';

const ROOT = join(import.meta.dirname, '..', '..');

/** The Markdown files of the project, from its root. */
export const DOCUMENTS: readonly string[] = globSync(['*.md', '{bench,deploy,docs,grafana}/**/*.md'], {
  cwd: ROOT,
  exclude: ['**/node_modules/**'],
}).sort();

/** The text of a file, which is named from the root of the project. */
export const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

const ENTITIES: Readonly<Record<string, string>> = {
  '&lt;': '<',
  '&gt;': '>',
  '&amp;': '&',
  '&quot;': '"',
  '&#39;': "'",
};

/** What a reader sees of `tokens`, without marks. */
export const textOf = (tokens: readonly Token[] = []): string =>
  tokens
    .map(token =>
      'tokens' in token && token.tokens ? textOf(token.tokens) : String('text' in token ? token.text : ''),
    )
    .join('')
    .replace(/&(?:lt|gt|amp|quot|#39);/g, entity => ENTITIES[entity] ?? entity);

/** Names the headings of one document as GitHub does: in the order in which they are given, each name once. */
export const createSlugger = (): ((heading: string) => string) => {
  const seen = new Map<string, number>();
  return heading => {
    const slug = heading
      .toLowerCase()
      .replace(/[^\p{L}\p{M}\p{N}\p{Pc} -]/gu, '')
      .replaceAll(' ', '-');
    const count = seen.get(slug) ?? 0;
    seen.set(slug, count + 1);
    return count === 0 ? slug : `${slug}-${count}`;
  };
};

/** A heading and the name that links give it. */
export interface Heading {
  readonly depth: number;
  readonly text: string;
  readonly anchor: string;
}

/** The headings of a document, in order. */
export const headingsOf = (markdown: string): readonly Heading[] => {
  const slug = createSlugger();
  return lexer(markdown)
    .filter((token): token is Tokens.Heading => token.type === 'heading')
    .map(({ depth, tokens }) => ({ depth, text: textOf(tokens) }))
    .map(heading => ({ ...heading, anchor: slug(heading.text) }));
};

/** Where the links and images of a document lead, as they are written; what stands in code is none. */
export const linksOf = (markdown: string): readonly string[] => {
  const links: string[] = [];
  void walkTokens(lexer(markdown), token => {
    if (token.type === 'link' || token.type === 'image') links.push(token.href);
  });
  return links;
};

/** True for a link that leaves the project. */
export const isExternal = (link: string): boolean => /^[a-z][a-z+.-]*:/i.test(link);
