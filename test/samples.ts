import { readdirSync, readFileSync } from 'node:fs';

/** One entry of `test/samples/index.json`: a body that WCS or a back-end is documented (or derived) to send. */
export interface Sample {
  readonly file: string;
  readonly hook: string;
  readonly part: string;
  readonly compactBytes?: number;
}

const folder = new URL('./samples/', import.meta.url);

/** The samples that the index lists. */
export const samples = (): readonly Sample[] => JSON.parse(readFileSync(new URL('index.json', folder), 'utf8')).samples;

/** The sample hook requests: all that WCS sends to a back-end. */
export const requests = (): readonly Sample[] =>
  samples().filter(({ part, file }) => part === 'request' && !file.startsWith('rest-api.'));

/** Paths of all sample files, as the index writes them. */
export const sampleFiles = (): readonly string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && entry.name !== 'index.json')
    .map(entry => `${entry.parentPath.replace(/\/$/, '')}/${entry.name}`.slice(folder.pathname.length));

/** A sample's body as it is on the wire: one line, no white space between tokens. */
export const compact = (file: string): Buffer =>
  Buffer.from(JSON.stringify(JSON.parse(readFileSync(new URL(file, folder), 'utf8'))));
