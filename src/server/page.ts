import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One file of the status page, as it is served. */
export interface PageFile {
  readonly path: string;
  readonly type: string;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

const FOLDER = join(import.meta.dirname, '../page');

/** Nothing but its own files, and nobody may put it into a frame. */
const CSP = [
  "default-src 'none'",
  ...["script-src 'self'", "style-src 'self'", "img-src 'self'", "connect-src 'self'"],
  ...["base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"],
].join('; ');

const HEADERS = {
  'Content-Security-Policy': CSP,
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
};

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
};

const typeOf = (file: string): string | undefined => TYPES[/\.(\w+)$/.exec(file)?.[1] ?? ''];

/** Reads the page from the disk, once: a request never names a file. What it consists of is under 60 kB together. */
export const readPage = (): PageFile[] =>
  readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).flatMap(file => {
    const type = typeOf(file);
    if (type === undefined) return [];
    const path = file === 'index.html' ? '/' : `/page/${file}`;
    return [{ path, type, body: readFileSync(join(FOLDER, file), 'utf8'), headers: HEADERS }];
  });
