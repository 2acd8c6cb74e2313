interface Kept {
  /** The form of the entry, for stores that outlive a release. */
  readonly version: 1;
  /** When the back-end said it: wall-clock epoch ms, because instances may share a store. */
  readonly storedAt: number;
}

/** A 200: what the back-end changed, as the JSON text of a merge patch from its request to its answer. */
export interface Admission extends Kept {
  readonly status: 200;
  readonly patch: string;
}

/** A 403, with the page that came with it. */
export interface Refusal extends Kept {
  readonly status: 403;
  /** Absent if the back-end named none. */
  readonly contentType?: string;
  readonly body: Buffer;
}

/** The last thing the back-end said to a caller. */
export type Verdict = Admission | Refusal;

/** Where last good answers are kept. It may forget an entry at any time, and it never gives back an expired one. */
export interface Store {
  /** The newest verdict under `key`. A store that cannot be asked has none; it does not throw. */
  get(key: string): Promise<Verdict | undefined>;
  /** Replaces what is under `key`. A verdict that is too large, or to be kept 0 ms, only removes the older one. */
  set(key: string, verdict: Verdict, keepForMs: number): void;
  delete(key: string): void;
  /** Lets go of what it holds: connections, timers, entries. */
  close(): Promise<void>;
}
