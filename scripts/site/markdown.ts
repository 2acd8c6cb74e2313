import { posix } from 'node:path';
import { marked, Renderer, type Tokens } from 'marked';
import { createSlugger, headingsOf, isExternal, textOf } from './documents.ts';
import { type AddressOf, escapeHtml, type Page, wayTo } from './page.ts';

const { dirname, join } = posix;

/** The file or folder of the project that `link` in the file `from` leads to. */
export const targetOf = (from: string, link: string): string => {
  const [path = ''] = link.split('#');
  return path === '' ? from : join(dirname(from), path).replace(/\/$/, '');
};

/** Code as a block that can be scrolled by keys, under a caption if it is quoted from a file. */
export const codeBlock = (text: string, caption?: string): string => {
  const block = `<pre tabindex="0"><code>${escapeHtml(text)}</code></pre>\n`;
  return caption ? `<figure><figcaption>${escapeHtml(caption)}</figcaption>${block}</figure>\n` : block;
};

/** Makes the HTML of one Markdown file: anchors as on GitHub, links from page to page, wide things that scroll. */
class PageRenderer extends Renderer {
  readonly #from: string;
  readonly #addressOf: AddressOf;
  readonly #slug = createSlugger();

  constructor(from: string, addressOf: AddressOf) {
    super();
    this.#from = from;
    this.#addressOf = addressOf;
  }

  #way(link: string): string {
    if (isExternal(link) || link.startsWith('#')) return escapeHtml(link);
    const [, anchor] = link.split('#');
    const way = wayTo(this.#addressOf(this.#from), this.#addressOf(targetOf(this.#from, link)));
    return escapeHtml(anchor === undefined ? way : `${way}#${anchor}`);
  }

  override heading({ tokens, depth }: Tokens.Heading): string {
    const anchor = this.#slug(textOf(tokens));
    const mark = depth === 1 ? '' : ` <a class="mark" href="#${anchor}" aria-label="Link to this section">#</a>`;
    return `<h${depth} id="${anchor}">${this.parser.parseInline(tokens)}${mark}</h${depth}>\n`;
  }

  override link({ href, tokens }: Tokens.Link): string {
    return `<a href="${this.#way(href)}">${this.parser.parseInline(tokens)}</a>`;
  }

  override image({ href, text }: Tokens.Image): string {
    return `<img src="${this.#way(href)}" alt="${escapeHtml(text)}">`;
  }

  override code({ text, lang }: Tokens.Code): string {
    return codeBlock(text, lang?.split(' ')[1]);
  }

  override table(token: Tokens.Table): string {
    return `<div class="wide" tabindex="0">${super.table(token)}</div>\n`;
  }
}

/** The page of a Markdown file. Its title is its first heading. */
export const pageOf = (from: string, markdown: string, addressOf: AddressOf): Page => {
  const headings = headingsOf(markdown);
  const body = marked.parse(markdown, { renderer: new PageRenderer(from, addressOf), async: false });
  return { from, title: headings[0]?.text ?? from, headings, body };
};
