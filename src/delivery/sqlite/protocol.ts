import type {
  Backlog,
  Ended,
  Filter,
  JournalError,
  JournalProblem,
  Leased,
  Listed,
  Settlement,
  Shown,
  StoredEvent,
} from '../journal.ts';
import type { Hurried, Span, Swept } from './tables.ts';

/** What the thread of a journal is asked for: a Journal, but that long work is asked for in parts. */
export interface Calls {
  append(event: StoredEvent, holdMs: number): undefined;
  release(id: string): undefined;
  take(id: string): boolean;
  lease(app: string, most: number, leaseMs: number): readonly Leased[];
  settle(id: string, settlement: Settlement): boolean;
  ended(): readonly Ended[];
  hurry(app: string): Hurried;
  lanes(): readonly string[];
  backlog(): readonly Backlog[];
  list(filter: Filter): readonly Listed[];
  show(id: string): Shown | undefined;
  retry(filter: Filter, keepForMs: number, span: Span): Swept;
  drop(filter: Filter, span: Span): Swept;
}

/** One call, by a number of its own. */
export type Request = {
  readonly [Name in keyof Calls]: { readonly n: number; readonly name: Name; readonly args: Parameters<Calls[Name]> };
}[keyof Calls];

/** Why a call failed: what a JournalError consists of. */
export interface Failure {
  readonly code: JournalError['code'];
  readonly message: string;
}

export interface Reply {
  readonly n: number;
  readonly value?: unknown;
  readonly failure?: Failure;
}

/** What the thread is told. */
export type ToThread =
  | { readonly type: 'requests'; readonly requests: readonly Request[] }
  | { readonly type: 'close' };

/** What the thread tells. */
export type FromThread =
  /** The folder is there and locked; what lies in it may take its time to be read. */
  | { readonly type: 'begun' }
  | { readonly type: 'opened' }
  | { readonly type: 'unopened'; readonly failure: Failure }
  | { readonly type: 'replies'; readonly replies: readonly Reply[] }
  | { readonly type: 'problem'; readonly problem: JournalProblem };

/** What the thread is started with. */
export interface ThreadData {
  readonly dir: string;
  readonly maxBytes: number;
  readonly keys: readonly Uint8Array[];
}
