import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { parse } from 'yaml';

export interface Service {
  readonly image: string;
  readonly profiles?: readonly string[];
  readonly command?: readonly string[];
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly depends_on?: readonly string[] | Readonly<Record<string, unknown>>;
  readonly environment?: Readonly<Record<string, string>>;
}

export interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

type Env = Readonly<Record<string, string | undefined>>;

const FOLDER = join(import.meta.dirname, '../../deploy/compose');

/** A file of deploy/compose, or one beside it. */
export const readComposeFile = (file: string): string => readFileSync(join(FOLDER, file), 'utf8');

/** What `--env-file` gives. */
export const readEnvFile = (file: string): Env => parseEnv(readComposeFile(file));

const VARIABLE = /\$\{(\w+)(?::([-?])([^}]*))?\}/g;

/** The Compose Specification, Interpolation: `${NAME}`, `${NAME:-default}` and `${NAME:?why it is needed}`. */
const fillIn = (text: string, env: Env): string =>
  text.replace(VARIABLE, (_, name: string, sign?: string, words = '') => {
    const value = env[name] || (sign === '-' ? words : undefined);
    if (value === undefined && sign === '?') throw new Error(`${name}: ${words}`);
    return value ?? '';
  });

/** compose.yaml as `docker compose` takes it with these variables; throws where it asks for one that is not there. */
export const readCompose = (env: Env): Compose =>
  parse(readComposeFile('compose.yaml'), (_, value) => (typeof value === 'string' ? fillIn(value, env) : value));
