import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dashboardDocuments } from '../grafana/documents.ts';
import { errorsDocument } from '../src/observability/errors-docs.ts';
import { loggingDocument } from '../src/observability/log-docs.ts';
import { metricsDocument } from '../src/observability/metrics-docs.ts';
import { configuration } from './docs/configuration.ts';
import { jsonSchema } from './docs/json-schema.ts';
import { prometheusRule } from './docs/prometheus-rule.ts';

/** A file that is made from the code, and so never edited by hand. */
export interface Document {
  /** Its path from the root of the project. */
  readonly file: string;
  render(): string | Promise<string>;
}

/** Every generated file; `npm run docs` writes them, `npm run check` fails if one is stale. */
export const documents: readonly Document[] = [
  jsonSchema,
  configuration,
  errorsDocument,
  metricsDocument,
  ...dashboardDocuments,
  loggingDocument,
  prometheusRule,
];

const ROOT = join(import.meta.dirname, '..');

/** The documents whose file is not what would be written now. */
export const findStale = async (list: readonly Document[] = documents): Promise<readonly string[]> => {
  const stale: string[] = [];
  for (const { file, render } of list) {
    const path = join(ROOT, file);
    const written = existsSync(path) ? readFileSync(path, 'utf8') : undefined;
    if (written !== (await render())) stale.push(file);
  }
  return stale;
};

const write = async (): Promise<void> => {
  for (const file of await findStale()) {
    const document = documents.find(candidate => candidate.file === file);
    if (document) writeFileSync(join(ROOT, file), await document.render());
    console.log(`wrote ${file}`);
  }
};

const check = async (): Promise<void> => {
  const stale = await findStale();
  for (const file of stale) console.error(`${file} is not what the code says; run: npm run docs`);
  if (stale.length > 0) process.exitCode = 1;
};

if (import.meta.main) await (process.argv.includes('--check') ? check() : write());
