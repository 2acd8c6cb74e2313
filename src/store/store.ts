/**
 * Where values are kept under names for a while. It may forget an entry at any time, and it never gives back an
 * expired one. It does not throw.
 */
export interface Store<Value> {
  /** The newest value under `key`, looked for no longer than `withinMs`. A store that cannot tell by then has none. */
  get(key: string, withinMs: number): Promise<Value | undefined>;
  /** Replaces what is under `key`. A value that is too large, or to be kept 0 ms, only removes the older one. */
  set(key: string, value: Value, keepForMs: number): void;
  delete(key: string): void;
  /** Lets go of what it holds: connections, timers, entries. */
  close(): Promise<void>;
}

/** What stores must know of the values that they keep. */
export interface Kind<Value> {
  /** One word that keeps this kind apart from others in a shared store. */
  readonly name: string;
  /** Bytes in memory, without the key. */
  sizeOf(value: Value): number;
  /** A value that the store may change, which says the same. */
  own(value: Value): Value;
  /** True if two values differ in their date at most. */
  saysTheSame(a: Value, b: Value): boolean;
  /** Gives `old`, which says the same, the date of `value`. */
  redate(old: Value, value: Value): void;
  /** True if another instance may know better by now. */
  isDoubtful(value: Value): boolean;
  /** True if `a` was said after `b`. */
  isNewer(a: Value, b: Value): boolean;
  /** One text, of a form that tells its version. */
  encode(value: Value): string;
  /** The value, or nothing for what is damaged or of a form that this release does not know. */
  decode(text: string): Value | undefined;
}
