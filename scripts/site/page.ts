import { posix } from 'node:path';
import type { Heading } from './documents.ts';
import type { Entry, Group } from './navigation.ts';

const { dirname, relative } = posix;

/** What a page is made of. Paths are those of the project, before they become those of the site. */
export interface Page {
  readonly from: string;
  readonly title: string;
  readonly headings: readonly Heading[];
  /** HTML. */
  readonly body: string;
}

/** Where the page of a file or folder lies in the site. */
export type AddressOf = (source: string) => string;

export const escapeHtml = (text: string): string => text.replace(/[&<>"]/g, sign => `&#${sign.charCodeAt(0)};`);

/** The way from one page of the site to another. */
export const wayTo = (from: string, to: string): string => relative(dirname(from), to) || posix.basename(to);

const sections = (headings: readonly Heading[]): string => {
  const items = headings.filter(({ depth }) => depth === 2);
  if (items.length === 0) return '';
  return `<ul>${items.map(({ anchor, text }) => `<li><a href="#${anchor}">${escapeHtml(text)}</a></li>`).join('')}</ul>`;
};

const navigation = (page: Page, groups: readonly Group[], addressOf: AddressOf): string => {
  const here = addressOf(page.from);
  const item = ({ to, name }: Entry): string => {
    const isHere = addressOf(to) === here;
    const link = `<a href="${wayTo(here, addressOf(to))}"${isHere ? ' aria-current="page"' : ''}>${escapeHtml(name)}</a>`;
    return `<li>${link}${isHere ? sections(page.headings) : ''}</li>`;
  };
  const group = ({ name, entries }: Group): string =>
    `<h2>${escapeHtml(name)}</h2>\n<ul>\n${entries.map(item).join('\n')}\n</ul>`;
  return groups.map(group).join('\n');
};

const neighbour = (here: string, word: string, entry: Entry | undefined, addressOf: AddressOf): string =>
  entry ? `<a rel="${word}" href="${wayTo(here, addressOf(entry.to))}">${escapeHtml(entry.name)}</a>` : '<span></span>';

/** The pages before and after this one in reading order. */
const neighbours = ({ from }: Page, groups: readonly Group[], addressOf: AddressOf): string => {
  const entries = groups.flatMap(group => group.entries);
  const here = addressOf(from);
  const at = entries.findIndex(({ to }) => addressOf(to) === here);
  if (at < 0) return '';
  const links = [
    neighbour(here, 'prev', entries[at - 1], addressOf),
    neighbour(here, 'next', entries[at + 1], addressOf),
  ];
  return `<nav class="neighbours" aria-label="Next and previous page">${links.join('')}</nav>`;
};

/** A page as HTML. It asks for nothing but the style sheet and the images of the site. */
export const renderPage = (page: Page, groups: readonly Group[], addressOf: AddressOf): string => {
  const here = addressOf(page.from);
  const title = page.title === 'Breakwater' ? page.title : `${page.title} · Breakwater`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${wayTo(here, 'style.css')}">
</head>
<body>
<a class="skip" href="#content">Skip to the text</a>
<header><a href="${wayTo(here, 'index.html')}">Breakwater</a> <a class="to-pages" href="#pages">All pages</a></header>
<div class="columns">
<main id="content" tabindex="-1">
${page.body}${neighbours(page, groups, addressOf)}
</main>
<nav id="pages" class="pages" aria-label="All pages">
${navigation(page, groups, addressOf)}
</nav>
</div>
</body>
</html>
`;
};
