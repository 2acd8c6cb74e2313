import assert from 'node:assert/strict';
import { posix } from 'node:path';
import { before, describe, test } from 'node:test';
import { createSlugger, DOCUMENTS, headingsOf, linksOf, read } from '../scripts/site/documents.ts';
import { readNavigation } from '../scripts/site/navigation.ts';
import { addressOf, buildSite } from '../scripts/site.ts';

const { dirname, join } = posix;

const none = (found: readonly string[]): void => assert.equal(found.length, 0, `\n${found.join('\n')}\n`);

const attributes = (html: string, name: string): string[] =>
  [...html.matchAll(new RegExp(`<[^>]*? ${name}="([^"]*)"`, 'g'))].map(([, value = '']) => value);

const count = (html: string, tag: string): number => html.split(tag).length - 1;

describe('the site', () => {
  let files: ReadonlyMap<string, string | Buffer>;
  let pages: readonly (readonly [address: string, html: string])[];
  before(() => {
    files = buildSite();
    pages = [...files].flatMap(([address, content]) =>
      address.endsWith('.html') ? [[address, String(content)] as const] : [],
    );
  });
  const everyPage = (faultsOf: (html: string, address: string) => readonly string[]): void => {
    assert.ok(pages.length > DOCUMENTS.length, `${pages.length} pages`);
    none(pages.flatMap(([address, html]) => faultsOf(html, address).map(fault => `${address}: ${fault}`)));
  };

  test('has a page for each document, with the title of the document', () => {
    for (const document of DOCUMENTS) {
      const html = String(files.get(addressOf(document)));
      const [heading] = headingsOf(read(document));
      assert.ok(html.includes(`<title>${heading?.text.replaceAll('"', '&#34;')}`), document);
    }
  });

  test('names each page in its navigation, or the folder that the page is in', () => {
    const entries = readNavigation().flatMap(group => group.entries.map(({ to }) => to));
    assert.equal(new Set(entries).size, entries.length, 'an entry comes twice');
    none(
      DOCUMENTS.filter(
        file => file !== 'docs/README.md' && !entries.includes(file) && !entries.includes(dirname(file)),
      ),
    );
    const list = String(files.get('docs/decisions/index.html'));
    none(
      DOCUMENTS.filter(file => dirname(file) === 'docs/decisions' && !list.includes(posix.basename(addressOf(file)))),
    );
  });

  test('has links that lead to a place inside it', () => {
    const ids = new Map(pages.map(([address, html]) => [address, new Set(attributes(html, 'id'))]));
    const isThere = (address: string, link: string): boolean => {
      const [path = '', anchor] = link.split('#');
      const target = path === '' ? address : join(dirname(address), path);
      return files.has(target) && (anchor === undefined || ids.get(target)?.has(anchor) === true);
    };
    everyPage((html, address) =>
      [...attributes(html, 'href'), ...attributes(html, 'src')]
        .filter(link => !/^(?:https?|mailto|data):/.test(link) && !isThere(address, link))
        .map(link => `${link} leads nowhere`),
    );
  });

  test('asks nobody else for anything, and runs no script', () => {
    everyPage(html => {
      const asked = [...attributes(html, 'src'), ...(html.match(/<link [^>]*>/g) ?? [])];
      return [
        ...asked.filter(it => /(?:https?:)?\/\//.test(it)),
        ...(html.match(/<(?:script|iframe|object)\b/g) ?? []),
      ];
    });
    assert.doesNotMatch(String(files.get('style.css')), /url\(|@import/);
  });

  test('has one main heading, its landmarks and a way past them on each page, and no name twice', () => {
    everyPage(html => {
      const ids = attributes(html, 'id');
      const twice = ids.filter((id, at) => ids.indexOf(id) !== at).map(id => `${id} is there twice`);
      const wanted = ['<h1', '<main id="content"', '<header', '<nav id="pages"', 'href="#content"'];
      return [...twice, ...wanted.filter(tag => count(html, tag) !== 1).map(tag => `${count(html, tag)} of ${tag}`)];
    });
  });

  test('marks the page that is open in the navigation, and says which come before and after', () => {
    const html = String(files.get('docs/ladder.html'));
    assert.match(html, /<a href="ladder\.html" aria-current="page">The ladder<\/a><ul><li><a href="#/);
    assert.match(html, /<a rel="prev" href="configuration\.html">/);
    assert.match(html, /<a rel="next" href="events\.html">/);
    assert.equal(count(html, 'aria-current'), 1);
  });

  test('shows what is quoted as it is', () => {
    const html = String(files.get('CONTRIBUTING.html'));
    assert.match(html, /<figcaption>docs\/adding-a-policy\/throttle\.ts<\/figcaption><pre tabindex="0">/);
    assert.match(html, /throttle: orFalse\(ThrottleOptions\)/);
    assert.match(html, /=&#62;/);
  });
});

describe('the names of headings', () => {
  // As GitHub gives them.
  const NAMES: readonly (readonly [heading: string, anchor: string])[] = [
    ['Folders, and who may import whom', 'folders-and-who-may-import-whom'],
    ['A back-end that is down', 'a-back-end-that-is-down'],
    ['The ladder: `fallback`', 'the-ladder-fallback'],
    ['In `flashphoner.properties`', 'in-flashphonerproperties'],
    ['not_json', 'not_json'],
    ['A & B', 'a--b'],
    ['Größe, 5 %', 'größe-5-'],
    ['See [the ladder](ladder.md)', 'see-the-ladder'],
  ];

  for (const [heading, anchor] of NAMES)
    test(`${heading} is ${anchor}`, () => assert.equal(headingsOf(`## ${heading}\n`)[0]?.anchor, anchor));

  test('are numbered where they come twice', () => {
    const slug = createSlugger();
    assert.deepEqual(['Added', 'Fixed', 'Added', 'Added'].map(slug), ['added', 'fixed', 'added-1', 'added-2']);
  });

  test('and links are not looked for in code', () => {
    const text = 'see [a](a.md) and ![b](b.svg)\n\n```\n# no\n[c](c.md)\n```\n\n`[d](d.md)`\n';
    assert.deepEqual(linksOf(text), ['a.md', 'b.svg']);
    assert.deepEqual(headingsOf(text), []);
  });
});
