import type { EventEnd } from '../core/events.ts';

/** A notification that is acknowledged before its back-end has it. */
export interface StoredEvent {
  /** The id of its call: what the back-end knows a repeat by. */
  readonly id: string;
  readonly app: string;
  /** The hook as WCS named it. */
  readonly hook: string;
  /** The query of the request target with its `?`, or nothing. */
  readonly query: string;
  /** Header lines for the back-end, each ended by CRLF, Authorization among them. */
  readonly head: string;
  readonly body: Buffer;
  /** Events of one lane are delivered one after another, in the order of storing; lanes go side by side. One is of one app. */
  readonly lane: string;
  /** When it came in, and from when on it is worth nothing: epoch ms. */
  readonly receivedAt: number;
  readonly expiresAt: number;
}

/** An event as the journal gives it out for delivery. */
export interface Leased extends StoredEvent {
  /** How often its delivery was settled as to be tried again after something was sent; a lease that merely ended is not counted. */
  readonly attempts: number;
}

/** Dead letters go after 30 days. */
export const KEEP_DEAD_MS = 30 * 86_400_000;
/** Nothing waits for its next attempt so long, so what seems to has met a clock that was set back, and is due. */
export const MOST_WAIT_MS = 2 * 3_600_000;

/** How many events of an app have ended without a delivery: their time was over, an operator dropped them, or they were dead for long. */
export interface Ended {
  readonly app: string;
  readonly how: EventEnd;
  readonly count: number;
}

/**
 * What came of a delivery: it is with the back-end; it never will be; or it is tried again no sooner than in `ms`, which
 * counts as an attempt unless nothing was sent.
 */
export type Settlement =
  | { readonly type: 'delivered' }
  | { readonly type: 'dead'; readonly reason: string }
  | { readonly type: 'again'; readonly ms: number; readonly reason?: string; readonly isUnsent?: boolean };

/** Where an event is: waiting, or given up. */
export type EventState = 'pending' | 'dead';

/** An event as an operator sees it in a list. */
export interface Listed extends Omit<StoredEvent, 'body' | 'head' | 'query'> {
  readonly state: EventState;
  /** Why it was given up; what went wrong at the last attempt. */
  readonly reason: string;
  readonly attempts: number;
  /** When it is due, epoch ms; when it came in if others of its lane are before it; of a dead one when it was given up. */
  readonly dueAt: number;
  /** The id of the first of its lane, if that is another one: until it is gone, this one waits whatever the time. */
  readonly behind?: string;
  readonly bytes: number;
}

/** One event with all that is stored of it. */
export type Shown = Listed & Pick<StoredEvent, 'body' | 'head' | 'query'>;

/** What an operator asks for; absent parts match all. */
export interface Filter {
  readonly app?: string;
  readonly hook?: string;
  readonly state?: EventState;
  /** Ids, or beginnings of them. */
  readonly ids?: readonly string[];
  /** The oldest of those that match, and no more than so many. */
  readonly most?: number;
}

/** How much of one app is in the journal. */
export interface Backlog {
  readonly app: string;
  readonly pending: number;
  readonly dead: number;
  /** When the oldest pending one came in, epoch ms; absent without any. */
  readonly oldestAt?: number;
  readonly bytes: number;
}

/**
 * Why an event could not be stored: no room, or the disk or server failed. `stuck` if nobody knows: a thread waits for the
 * disk, and the end of the process would wait for that thread.
 */
export class JournalError extends Error {
  override readonly name = 'JournalError';
  readonly code: 'full' | 'failed' | 'stuck';

  constructor(code: JournalError['code'], message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

/**
 * Keeps notifications from the moment of their acknowledgement to that of their delivery, over any end of this process
 * or of the machine. Nothing that was acknowledged is dropped to make room. Every method may reject with a JournalError.
 */
export interface Journal {
  /**
   * Resolves once the event would outlive a power cut. It is not given out before `holdMs` have passed, unless `release`
   * comes first; a hold does not outlive this process. An event whose id is there already is stored once.
   */
  append(event: StoredEvent, holdMs: number): Promise<void>;
  /** The hold of an event is over. */
  release(id: string): Promise<void>;
  /**
   * Takes an event out that has reached its back-end by another way, whoever has leased it, or given it up. What follows
   * it in its lane may go. True if it was there.
   */
  take(id: string): Promise<boolean>;
  /**
   * Gives out events of `app` that are due, the first of each lane, at most `most`, longest due first. Each is leased: nobody
   * else gets it, nor what follows it in its lane, until it is settled or `leaseMs` have passed. Expired ones are made
   * dead with the reason `expired` first.
   */
  lease(app: string, most: number, leaseMs: number): Promise<readonly Leased[]>;
  /**
   * Ends the lease. An event that is gone stays so, and a dead one is dead whatever comes of it later, unless `delivered`.
   * True if nothing that is pending is left in its lane.
   */
  settle(id: string, settlement: Settlement): Promise<boolean>;
  /**
   * All of `app` that waits for a later attempt is due now, in the order of lanes that it would have been due in. Holds and
   * leases are left alone.
   */
  hurry(app: string): Promise<void>;
  /**
   * Tidies up in all apps, a bounded part at a time: makes dead what has expired, takes out what has been dead for
   * KEEP_DEAD_MS, makes due what waits longer than MOST_WAIT_MS. Gives what has ended since somebody asked last.
   */
  ended(): Promise<readonly Ended[]>;
  /** Which of all lanes have pending events. */
  lanes(): Promise<ReadonlySet<string>>;
  /** Whether the lane has pending events. There only where other processes store in this journal too. */
  hasLane?(app: string, lane: string): Promise<boolean>;
  backlog(): Promise<readonly Backlog[]>;
  /** Oldest first: in the order of storing. */
  list(filter: Filter): Promise<readonly Listed[]>;
  /** One event with its head and body; nothing if there is none with this id, or more than one that begins so. */
  show(id: string): Promise<Shown | undefined>;
  /**
   * Dead ones become pending again, behind what their lane has, with no attempts and a new time until they expire; pending
   * ones that wait for a later attempt are due now. Gives how many matched.
   */
  retry(filter: Filter, keepForMs: number): Promise<number>;
  /** Takes out for good; gives how many. What follows a leased one may wait for the end of that lease. */
  drop(filter: Filter): Promise<number>;
  /** Answers what was asked before; whatever is asked later rejects. */
  close(): Promise<void>;
}

/** What an operator may do while the gateway runs: counts, looks, and orders. */
export type OperatorJournal = Pick<Journal, 'backlog' | 'list' | 'show' | 'retry' | 'drop' | 'close'>;

/** Something of a journal that an operator should know, in words for the log. */
export interface JournalProblem {
  /** It fills up or has room again; it fails or works again; or something about its files. */
  readonly code: 'near-full' | 'room-again' | 'failing' | 'working-again' | 'files';
  readonly message: string;
}
