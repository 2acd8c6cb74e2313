import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Pair,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import { type Environment, substitute } from './environment.ts';
import type { Path } from './problems.ts';
import { isSecretKey } from './secrets.ts';

/** Where a value stands in the text, as offsets, and which variables it was made from. */
export interface Spot {
  readonly key?: number;
  readonly value: number;
  readonly variables?: readonly string[];
  readonly children?: ReadonlyMap<string | number, Spot>;
}

/** A document as plain data, with the place of every value. */
export interface Source {
  readonly data: unknown;
  readonly spot: Spot;
  /** Values from the environment that must not be printed. */
  readonly secrets: ReadonlySet<string>;
  /** False if it is too large or too deep to be read, so that nothing is to be said about its content. */
  readonly complete: boolean;
}

/** Told of what is wrong at an offset. */
export type Report = (offset: number, path: Path, message: string) => void;

const MAX_VALUES = 100_000;
const MAX_DEPTH = 64;

interface Found {
  readonly data: unknown;
  readonly spot: Spot;
}

const startOf = (node: unknown, otherwise: number): number =>
  (node as { range?: readonly number[] | null } | null)?.range?.[0] ?? otherwise;

/** Reads a parsed document: aliases and merge keys resolved, variables replaced in string values, all within bounds. */
export const readDocument = (document: Document, env: Environment, report: Report): Source => {
  const reader = new Reader(document, env, report);
  const found = reader.read(document.contents, [], 0);
  return { ...found, secrets: reader.secrets, complete: reader.complete };
};

class Reader {
  readonly secrets = new Set<string>();
  complete = true;
  readonly #document: Document;
  readonly #env: Environment;
  readonly #report: Report;
  #values = 0;

  constructor(document: Document, env: Environment, report: Report) {
    this.#document = document;
    this.#env = env;
    this.#report = report;
  }

  read(node: unknown, path: Path, outer: number): Found {
    const value = startOf(node, outer);
    this.#values++;
    if (!this.complete || this.#values > MAX_VALUES || path.length > MAX_DEPTH) return this.#refuse(value);
    if (isAlias(node)) return this.#readAlias(node, path, value);
    if (isMap(node)) return this.#readMap(node, path, value);
    if (isSeq(node)) return this.#readList(node, path, value);
    return this.#readScalar(isScalar(node) ? node.value : null, path, value);
  }

  #refuse(offset: number): Found {
    if (this.complete) {
      const tooMany = `has more than ${MAX_VALUES} values here; use fewer aliases`;
      const tooDeep = `is nested more than ${MAX_DEPTH} deep here; an alias must not hold itself`;
      this.#report(offset, [], `the configuration ${this.#values > MAX_VALUES ? tooMany : tooDeep}`);
    }
    this.complete = false;
    return { data: undefined, spot: { value: offset } };
  }

  #readAlias(alias: Alias, path: Path, offset: number): Found {
    const target = alias.resolve(this.#document);
    if (target) return this.read(target, path, offset);
    const name = path.some(isSecretKey) ? '…' : alias.source;
    this.#report(
      offset,
      path,
      `*${name} is an alias without an anchor; a text with a * in front needs quotes: "*${name}"`,
    );
    return { data: undefined, spot: { value: offset } };
  }

  #readList(list: YAMLSeq, path: Path, value: number): Found {
    const found = list.items.map((item, at) => this.read(item, [...path, at], value));
    const children = new Map(found.map(({ spot }, at) => [at, spot]));
    return { data: found.map(({ data }) => data), spot: { value, children } };
  }

  #readMap(map: YAMLMap, path: Path, value: number): Found {
    const fields = new Map<string, Found>();
    const isMerge = ({ key }: Pair) => isScalar(key) && key.value === '<<';
    for (const pair of map.items.filter(isMerge)) this.#merge(pair, path, value, fields);
    for (const pair of map.items.filter(pair => !isMerge(pair))) {
      const key = String(isScalar(pair.key) ? pair.key.value : pair.key);
      const at = startOf(pair.key, value);
      if (key === '__proto__') this.#report(at, [...path, key], 'is no key that can be used');
      const { data, spot } = this.read(pair.value, [...path, key], at);
      fields.set(key, { data, spot: { ...spot, key: at } });
    }
    const children = new Map([...fields].map(([key, { spot }]) => [key, spot]));
    return { data: Object.fromEntries([...fields].map(([key, { data }]) => [key, data])), spot: { value, children } };
  }

  /** Takes over the fields of what `<<` names; the first of several mappings wins, as YAML's merge keys have it. */
  #merge(pair: Pair, path: Path, value: number, fields: Map<string, Found>): void {
    const { data, spot } = this.read(pair.value, [...path, '<<'], value);
    const parts: unknown[] = Array.isArray(data) ? data : [data];
    for (const [at, part] of parts.entries()) {
      if (typeof part !== 'object' || part === null) {
        this.#report(startOf(pair.key, value), [...path, '<<'], 'takes an alias of a mapping, or a list of them');
        continue;
      }
      const places = (Array.isArray(data) ? spot.children?.get(at) : spot)?.children;
      for (const [key, item] of Object.entries(part)) {
        if (!fields.has(key)) fields.set(key, { data: item, spot: places?.get(key) ?? { value } });
      }
    }
  }

  #readScalar(value: unknown, path: Path, offset: number): Found {
    if (typeof value !== 'string') return { data: value, spot: { value: offset } };
    const isSecret = path.some(isSecretKey);
    const { text, variables, errors } = substitute(value, this.#env, !isSecret);
    for (const error of errors) this.#report(offset, path, error);
    if (variables.length > 0 && isSecret) this.secrets.add(text);
    return { data: text, spot: { value: offset, variables } };
  }
}

/** The spot at `path`, or the deepest one on the way to it, and how many steps of the path it covers. */
export const spotAt = (root: Spot, path: Path): { readonly spot: Spot; readonly depth: number } => {
  let spot = root;
  for (const [depth, step] of path.entries()) {
    const child = spot.children?.get(step);
    if (!child) return { spot, depth };
    spot = child;
  }
  return { spot, depth: path.length };
};
