import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, extname, join, posix } from 'node:path';
import { DOCUMENTS, isExternal, linksOf, read } from './site/documents.ts';
import { codeBlock, pageOf, targetOf } from './site/markdown.ts';
import { readNavigation } from './site/navigation.ts';
import { escapeHtml, type Page, renderPage, wayTo } from './site/page.ts';

const ROOT = join(import.meta.dirname, '..');
const IMAGES: ReadonlySet<string> = new Set(['.svg', '.png']);

const isFolder = (source: string): boolean => statSync(join(ROOT, source)).isDirectory();

/** Where the page of a file or folder of the project lies in the site: beside the others as in the project. */
export const addressOf = (source: string): string => {
  if (IMAGES.has(extname(source))) return source;
  if (isFolder(source)) return posix.join(source, 'index.html');
  return source.endsWith('.md')
    ? source.replace(/(?:README)?\.md$/, end => (end === '.md' ? '.html' : 'index.html'))
    : `${source}.html`;
};

/** A folder with a document of its own has that for its page. */
const hasDocument = (source: string): boolean => isFolder(source) && existsSync(join(ROOT, source, 'README.md'));

const inFolder = (folder: string): string[] =>
  readdirSync(join(ROOT, folder), { withFileTypes: true })
    .filter(entry => entry.isFile() && !entry.name.startsWith('.'))
    .map(({ name }) => posix.join(folder, name))
    .sort();

/** What a page leads to inside the project. */
const leadsTo = (source: string): string[] => {
  if (isFolder(source)) return inFolder(source);
  if (!source.endsWith('.md')) return [];
  return linksOf(read(source))
    .filter(link => !isExternal(link))
    .map(link => targetOf(source, link));
};

/** The documents and all that can be reached from them, so that no link leads out of the site. */
const findSources = (): ReadonlySet<string> => {
  const found = new Set<string>();
  const add = (source: string): void => {
    if (found.has(source)) return;
    found.add(source);
    for (const next of leadsTo(source)) add(next);
  };
  for (const document of DOCUMENTS) add(document);
  return found;
};

const titleOf = (source: string): string =>
  source.endsWith('.md') ? pageOf(source, read(source), addressOf).title : posix.basename(source);

const folderPage = (from: string): Page => {
  const here = addressOf(from);
  const items = inFolder(from).map(
    source => `<li><a href="${wayTo(here, addressOf(source))}">${escapeHtml(titleOf(source))}</a></li>`,
  );
  return { from, title: from, headings: [], body: `<h1>${escapeHtml(from)}</h1>\n<ul>\n${items.join('\n')}\n</ul>\n` };
};

const filePage = (from: string): Page => ({
  from,
  title: from,
  headings: [],
  body: `<h1>${escapeHtml(from)}</h1>\n${codeBlock(read(from))}`,
});

const toPage = (source: string): Page => {
  if (source.endsWith('.md')) return pageOf(source, read(source), addressOf);
  return isFolder(source) ? folderPage(source) : filePage(source);
};

/** All files of the site by their address. */
export const buildSite = (): ReadonlyMap<string, string | Buffer> => {
  const groups = readNavigation();
  const sources = [...findSources()].filter(source => !hasDocument(source));
  const files = sources.map((source): [string, string | Buffer] => [
    addressOf(source),
    IMAGES.has(extname(source)) ? readFileSync(join(ROOT, source)) : renderPage(toPage(source), groups, addressOf),
  ]);
  return new Map([...files, ['style.css', read('scripts/site/style.css')]]);
};

const write = (folder: string): void => {
  const files = buildSite();
  rmSync(folder, { recursive: true, force: true });
  for (const [address, content] of files) {
    const file = join(folder, address);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
  console.log(`wrote ${files.size} files to site/; open site/index.html`);
};

if (import.meta.main) write(join(ROOT, 'site'));
