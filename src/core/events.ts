import type { Answer, Attempt, Call, Route, Source } from './call.ts';
import type { Code } from './errors.ts';

export type BreakerState = 'closed' | 'half-open' | 'open';
export type HedgeResult = 'won' | 'lost' | 'failed' | 'denied';
/** `joined`: the first one was still out. `redelivered`: its answer was there, but its connection had broken. */
export type RepeatResult = 'joined' | 'redelivered';
/** `provisional`: let in, and nobody has judged it. The others: what the back-end said later. */
export type AdmissionResult = 'provisional' | 'verified' | 'refused';
export type RedisState = 'up' | 'down';

/** Why an upstream is left out: it fails, fails more often or is slower than the others, or its health check says so. */
export type EjectionReason = 'failures' | 'errors' | 'slow' | 'health';

export type BacklogState = 'begun' | 'over';

/** What became of a stored event. */
export type EventResult = 'stored' | 'delivered' | 'expired' | 'dead' | 'dropped';
/** How stored events end without a delivery: their time is over, an operator drops them, or they have been dead for long. */
export type EventEnd = 'expired' | 'dropped' | 'outdated';

/** A typed note sideways. Metrics, logs and the status page are built from these alone. */
export type Event =
  /** A call has its answer; it leaves now. */
  | { readonly type: 'answered'; readonly call: Call; readonly answer: Answer; readonly ms: number }
  /** A call ended without one: its client had gone. */
  | { readonly type: 'abandoned'; readonly call: Call; readonly code: Code; readonly ms: number }
  /** The front door turned a request away, or its client is over its rate; no back-end saw it. */
  | { readonly type: 'rejected'; readonly code: Code; readonly message: string; readonly peer: string }
  | { readonly type: 'attempt'; readonly call: Call; readonly attempt: Attempt }
  | { readonly type: 'hedge'; readonly route: Route; readonly result: HedgeResult }
  | { readonly type: 'retry'; readonly route: Route; readonly code: Code; readonly result: 'sent' | 'denied' }
  | { readonly type: 'coalesced'; readonly route: Route }
  /** WCS sent a request again; it shares the fate of the first, or its answer, which could not be delivered. */
  | { readonly type: 'repeat'; readonly route: Route; readonly result: RepeatResult }
  | { readonly type: 'cache'; readonly tier: 'memory' | 'redis'; readonly result: 'hit' | 'miss' | 'error' | 'timeout' }
  /** Redis is used, is left alone until it answers in time again, or refuses what it is told. */
  | { readonly type: 'redis'; readonly is: RedisState | 'refusing'; readonly detail: string }
  /** Something became of an event that is or was in the journal. */
  | {
      readonly type: 'event';
      readonly app: string;
      readonly hook: string;
      readonly id: string;
      readonly result: EventResult;
      readonly reason: string;
    }
  /** So many stored events have ended without a delivery, by whichever process. */
  | { readonly type: 'ended'; readonly app: string; readonly how: EventEnd; readonly count: number }
  /** Something is wrong with the journal, or well again. */
  | { readonly type: 'journal'; readonly isWell: boolean; readonly detail: string }
  /** Stored events of an app wait for their back-end for longer than a moment, or do so no more. */
  | { readonly type: 'backlog'; readonly app: string; readonly is: BacklogState; readonly pending: number }
  /** The collector takes spans, or does not. */
  | { readonly type: 'traces'; readonly is: 'up' | 'down'; readonly detail: string }
  /** The certificate of the listener: another one is in use, or was refused and the one before stays. `ends` of the one in use. */
  | {
      readonly type: 'certificate';
      readonly is: 'applied' | 'refused';
      readonly detail: string;
      /** Milliseconds since 1970. */
      readonly ends: number;
    }
  /** No TLS with an upstream: why, in an operator's words. */
  | { readonly type: 'tls-failed'; readonly app: string; readonly upstream: string; readonly detail: string }
  /** A `restClientConfig` was not understood in full. */
  | { readonly type: 'rules-doubted'; readonly app: string; readonly doubts: readonly string[] }
  /** A session was let in provisionally, or the back-end said what it thinks of it; `callId` is that of its `connect`. */
  | { readonly type: 'admission'; readonly app: string; readonly callId: string; readonly result: AdmissionResult }
  | {
      readonly type: 'breaker';
      readonly app: string;
      readonly upstream: string;
      readonly to: BreakerState;
      /** How long it stays open, when `to` is open. */
      readonly openForMs?: number;
      /** True if it was not closed, and a reload put a new one in its place, which is. */
      readonly isReplaced?: true;
    }
  /** An upstream is left out while there are others. */
  | {
      readonly type: 'ejected';
      readonly app: string;
      readonly upstream: string;
      readonly reason: EjectionReason;
      readonly detail: string;
      /** Absent where it is out until its health check finds it well. */
      readonly forMs?: number;
    }
  /** It gets calls again, and its share of them grows for so long. */
  | {
      readonly type: 'returned';
      readonly app: string;
      readonly upstream: string;
      readonly slowStartMs: number;
      /** Set where a reload has begun anew. */
      readonly isReplaced?: true;
    }
  /** A name of a back-end was not found, is found again, or has other addresses. */
  | {
      readonly type: 'dns';
      readonly host: string;
      readonly is: 'failed' | 'found' | 'changed';
      /** False where it is only one more failure. */
      readonly isNews: boolean;
      /** How many addresses are known and used. */
      readonly known: number;
      readonly detail: string;
    }
  /** A rung could not be used; the next one was. */
  | { readonly type: 'rung-failed'; readonly route: Route; readonly source: Source; readonly error: unknown }
  /** A defect of the gateway that did no harm to any answer but must be seen. */
  | { readonly type: 'defect'; readonly error: unknown };

export type Emit = (event: Event) => void;

/** What an upstream is doing now. */
export interface UpstreamState {
  readonly app: string;
  readonly upstream: string;
  readonly breaker: BreakerState;
  /** Milliseconds until an open breaker lets probes through. */
  readonly probesInMs?: number;
  readonly inflight: number;
  readonly queued: number;
  /** Most calls at a time, as it was set or as it has been learned. */
  readonly limit: number;
  /** Why it is left out; absent while it is not. */
  readonly out?: EjectionReason;
  /** Milliseconds until it gets calls again; absent where its health check decides. */
  readonly returnsInMs?: number;
  /** How much of its part of the calls it gets while it comes back, 0 to 1; absent at other times. */
  readonly share?: number;
}

/** What is known of the sessions of WCS now. */
export interface SessionsState {
  /** How many this process knows. */
  readonly known: number;
  /** By app: how many wait for the back-end to admit them. Apps that admit none provisionally are left out. */
  readonly provisional: Readonly<Record<string, number>>;
}

/** How much of one app is stored. */
export interface EventsState {
  readonly app: string;
  readonly pending: number;
  readonly dead: number;
  readonly bytes: number;
  /** Age of the oldest one that is pending; absent without any. */
  readonly oldestSeconds?: number;
  /** Over the last ten seconds. */
  readonly deliveredPerSecond: number;
  /** How long the rest takes at that rate; absent while nothing is delivered. */
  readonly drainSeconds?: number;
}

/** How a hook is treated now. */
export interface HookState {
  readonly app: string;
  readonly hook: string;
  readonly limitMs: number;
  readonly ladder: readonly string[];
  /** The delay after which a second attempt would be sent; absent where the hook is not hedged. */
  readonly hedgeDelayMs?: number;
}
