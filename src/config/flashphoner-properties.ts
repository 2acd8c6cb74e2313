import { Pair, parseLines } from 'dot-properties';
import { shown } from './shown.ts';

/** The settings of WCS that bear on its hooks (wcs-rest-hooks 4). */
const KEYS = [
  'rest_request_timeout',
  'rest_client_request_retry_count',
  'rest_client_request_sent_retry_enabled',
  'disable_rest_requests',
  'rest_hook_send_hash',
  'rest_hook_secret_key',
  'keep_alive_streaming_sessions_enabled',
  'streaming_sessions_keep_alive_interval',
] as const;
type Key = (typeof KEYS)[number];

/** A value of WCS's file, and the line that it stands on. */
export interface Setting<Value> {
  readonly value: Value;
  readonly line: number;
}

/** What WCS's `flashphoner.properties` says of hooks. What it does not say is absent. */
export interface WcsSettings {
  /** Seconds; 0 if WCS never gives up. */
  readonly requestTimeout?: Setting<number>;
  /** How often WCS sends a request again whose connection broke. */
  readonly retries?: Setting<number>;
  /** False if that holds only for requests that had not gone out. */
  readonly retriesSent?: Setting<boolean>;
  readonly hooksOff?: Setting<boolean>;
  readonly signs?: Setting<boolean>;
  readonly secret?: Setting<string>;
  /** Milliseconds between two StreamKeepAliveEvents of a stream; absent where they are off. */
  readonly keepAliveInterval?: Setting<number>;
}

/** A value that cannot be understood. */
export interface BadSetting {
  readonly line: number;
  /** Lower case, no full stop, no secret. */
  readonly message: string;
}

/** A value, and where its key begins. */
interface Found {
  readonly value: string;
  readonly offset: number;
}

/** The last word on each key, as java.util.Properties has it. */
const readPairs = (text: string): ReadonlyMap<string, Found> => {
  const pairs = parseLines(text, true).filter(node => node instanceof Pair);
  return new Map(pairs.map(({ key, value, range }) => [key, { value, offset: range?.[0] ?? 0 }]));
};

class Reader {
  readonly bad: BadSetting[] = [];
  readonly #text: string;
  readonly #pairs: ReadonlyMap<string, Found>;

  constructor(text: string) {
    this.#text = text;
    this.#pairs = readPairs(text);
  }

  /** As it is written, blanks at its end included; a value that is empty says nothing. */
  text(key: Key): Setting<string> | undefined {
    const { value, offset } = this.#pairs.get(key) ?? { value: '', offset: 0 };
    return value === '' ? undefined : { value, line: this.#text.slice(0, offset).split('\n').length };
  }

  number(key: Key): Setting<number> | undefined {
    return this.#read(key, /^\d{1,6}$/, 'a whole number of at most 999999', Number);
  }

  flag(key: Key): Setting<boolean> | undefined {
    return this.#read(key, /^(?:true|false)$/i, 'true or false', text => text.toLowerCase() === 'true');
  }

  #read<Value>(key: Key, form: RegExp, wanted: string, read: (text: string) => Value): Setting<Value> | undefined {
    const found = this.text(key);
    const value = found?.value.trim();
    if (!found || !value) return undefined;
    if (form.test(value)) return { value: read(value), line: found.line };
    this.bad.push({ line: found.line, message: `${key} is ${shown(value)}; WCS wants ${wanted}` });
    return undefined;
  }
}

/** Reads the text of `flashphoner.properties`: what it says of hooks, and what of that cannot be understood. */
export const readWcsSettings = (text: string): { settings: WcsSettings; bad: readonly BadSetting[] } => {
  const reader = new Reader(text);
  const keepAlive = reader.flag('keep_alive_streaming_sessions_enabled')?.value === true;
  const read = {
    requestTimeout: reader.number('rest_request_timeout'),
    retries: reader.number('rest_client_request_retry_count'),
    retriesSent: reader.flag('rest_client_request_sent_retry_enabled'),
    hooksOff: reader.flag('disable_rest_requests'),
    signs: reader.flag('rest_hook_send_hash'),
    secret: reader.text('rest_hook_secret_key'),
    keepAliveInterval: keepAlive ? reader.number('streaming_sessions_keep_alive_interval') : undefined,
  };
  const said = Object.entries(read).filter(([, setting]) => setting !== undefined);
  return { settings: Object.fromEntries(said) as WcsSettings, bad: reader.bad };
};
