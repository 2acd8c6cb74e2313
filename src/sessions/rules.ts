import { type Member, readMembers } from '../core/json-text.ts';
import { CATALOGUE } from '../hooks/catalogue.ts';
import { nameOf } from './ids.ts';

/**
 * What the back-end's answer to `connect` says of the hooks that follow: the names of those of the catalogue whose
 * answer WCS acts on, sorted (wcs-rest-hooks 3). All others are only noted by WCS.
 */
export type Deciding = readonly string[];

/** What was read of an answer to `connect`. */
export interface ReadRules {
  /** Nothing if it cannot be told, and then nothing is known of the session. */
  readonly deciding: Deciding | undefined;
  /** What could not be understood, for the log; few and short. */
  readonly doubts: readonly string[];
}

/** A longer list is no configuration that somebody wrote. */
const MOST_HOOKS = 200;
const LONGEST_NAME = 100;
const SHOWN_DOUBTS = 3;

const KEY = 'restClientConfig';
const KEYS = [Buffer.from(KEY)];

/** Of other names nothing is kept: no ladder asks for them, and they could be without number. */
const KNOWN: ReadonlySet<string> = new Set(CATALOGUE.map(({ name }) => name));
const ON_ERROR: ReadonlySet<unknown> = new Set(['LOG', 'FAIL']);
const POLICIES: ReadonlySet<unknown> = new Set(['NOTIFY', 'OVERWRITE', 'DISABLE', 'DISABLED']);

const isNull = (text: Buffer): boolean => text.length === 4 && text.toString('latin1') === 'null';

const valueText = (text: Buffer, { valueAt, end }: Member): Buffer => text.subarray(valueAt, end);

const parse = (text: Buffer): unknown => (text.length > LONGEST_NAME ? undefined : JSON.parse(text.toString('utf8')));

/** Reads what an answer's `restClientConfig` says; a key that comes twice counts each time, on the side of caution. */
class Reader {
  readonly deciding = new Set<string>();
  readonly doubts: string[] = [];
  isLost = false;
  #hooks = 0;

  read(config: Buffer): void {
    if (isNull(config)) return;
    const hooks = readMembers(config);
    this.#hooks += hooks?.length ?? 0;
    if (!hooks) this.#lose('no object');
    else if (this.#hooks > MOST_HOOKS) this.#lose(`${this.#hooks} hooks`);
    else this.#readHooks(config, hooks);
  }

  #readHooks(config: Buffer, hooks: readonly Member[]): void {
    for (const hook of hooks) {
      const name = nameOf(config, hook);
      if (KNOWN.has(name) && this.#decides(name, valueText(config, hook))) this.deciding.add(name);
    }
  }

  #lose(what: string): void {
    this.isLost = true;
    this.#doubt(`${KEY} is ${what}`);
  }

  #decides(name: string, entry: Buffer): boolean {
    if (isNull(entry)) return false;
    const keys = readMembers(entry);
    if (!keys) return this.#doubt(`${KEY}.${name} is no object`);
    return keys.map(key => this.#keyDecides(name, nameOf(entry, key), valueText(entry, key))).includes(true);
  }

  #keyDecides(hook: string, key: string, text: Buffer): boolean {
    const known = key === 'restOnError' ? ON_ERROR : key === 'restPolicy' ? POLICIES : undefined;
    if (!known || isNull(text)) return false;
    const value = parse(text);
    if (!known.has(value)) return this.#doubt(`${KEY}.${hook}.${key} is none of ${[...known].join(', ')}`);
    return value === 'FAIL' || value === 'OVERWRITE';
  }

  /** What is not understood may decide. */
  #doubt(what: string): true {
    if (this.doubts.length < SHOWN_DOUBTS) this.doubts.push(what);
    return true;
  }
}

/**
 * Reads the `restClientConfig` of a 200 answer to `connect`. Without one, the defaults of WCS hold: LOG and NOTIFY for
 * every hook, so that no answer decides. Changes nothing and throws nothing.
 */
export const readRules = (answer: Buffer): ReadRules => {
  const members = readMembers(answer, KEYS);
  if (!members) return { deciding: undefined, doubts: ['the answer is no JSON object'] };
  const reader = new Reader();
  for (const member of members) if (nameOf(answer, member) === KEY) reader.read(valueText(answer, member));
  return { deciding: reader.isLost ? undefined : [...reader.deciding].sort(), doubts: reader.doubts };
};
