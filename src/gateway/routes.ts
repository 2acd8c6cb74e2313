import { lastGood } from '../answers/last-good.ts';
import type { App, HookSettings } from '../config/types.ts';
import type { Emit } from '../core/events.ts';
import { type Handler, type Layer, stack } from '../core/layer.ts';
import type { Hook } from '../hooks/catalogue.ts';
import { Breaker } from '../resilience/breaker.ts';
import type { Budget } from '../resilience/budget.ts';
import { Bulkhead } from '../resilience/bulkhead.ts';
import { coalesce } from '../resilience/coalesce.ts';
import { attemptDeadline, deadline } from '../resilience/deadline.ts';
import { fallback } from '../resilience/fallback.ts';
import { Hedge } from '../resilience/hedge.ts';
import { retry } from '../resilience/retry.ts';
import type { Choice, Upstream } from '../upstream/choose.ts';
import { createClient } from '../upstream/client.ts';
import type { Ladder } from './ladder.ts';
import { record } from './record.ts';

/** What protects one back-end address from us. First listed is outermost. */
export const upstreamStack = (app: App, url: string, maxAnswerBytes: number, emit: Emit): Upstream => {
  const bulkhead = new Bulkhead(app.concurrency);
  const breaker = app.breaker ? new Breaker(app.breaker, { app: app.name, upstream: url, emit }) : undefined;
  const client = createClient({
    upstream: url,
    tls: app.tls,
    connectLimitMs: app.connectLimit,
    maxConnections: app.concurrency.max,
    maxAnswerBytes,
  });
  const handler = stack(
    [
      bulkhead.layer, // above the breaker: a full house is our limit, not the back-end's failure
      ...(breaker ? [breaker.layer] : []), // judges only what lies below it
      attemptDeadline(), // below the breaker, so that a slow attempt counts as this upstream's failure
    ],
    client.handler,
  );
  return {
    name: url,
    handler,
    get admits() {
      return breaker?.admits ?? true;
    },
    get mayHedge() {
      return (breaker?.steady ?? true) && bulkhead.inflight < app.concurrency.max;
    },
    get load() {
      return bulkhead.inflight + bulkhead.queued;
    },
    state: () => ({
      app: app.name,
      upstream: url,
      breaker: breaker?.state ?? 'closed',
      ...(breaker?.probesInMs === undefined ? {} : { probesInMs: breaker.probesInMs }),
      inflight: bulkhead.inflight,
      queued: bulkhead.queued,
    }),
    replace: () => breaker?.replace(),
    close: () => {
      breaker?.close();
      client.close();
    },
  };
};

export interface RouteParts {
  readonly settings: HookSettings;
  readonly hook: Hook;
  readonly ladder: Ladder;
  /** What the hook does to its session, and the other way round. */
  readonly ofSession: readonly Layer[];
  /** Set for notifications that may be stored. */
  readonly delivery: DeliveryLayers | undefined;
  /** How long the stores may take to be asked, and the journal to write, in milliseconds. */
  readonly storesMs: number;
  readonly journalMs: number;
  readonly choice: Choice;
  readonly budget: Budget;
}

/** What keeps notifications in order and acknowledges them. */
export interface DeliveryLayers {
  readonly inOrder: readonly Layer[];
  readonly behindStored: Layer;
}

export interface RouteStack {
  readonly handler: Handler;
  /** The part that asks the back-end, and fails where it has no answer. */
  readonly ask: Handler;
  /** Absent where no second attempt is ever sent beside a first. */
  readonly hedge: Hedge | undefined;
}

/** What keeps the promise to WCS: always an answer in time. First listed is outermost. */
export const routeStack = (parts: RouteParts): RouteStack => {
  const { settings, hook, ladder, choice, budget } = parts;
  const { idempotent } = settings;
  const mayHedge: Choice['mayHedge'] = call => choice.mayHedge(call);
  const hasUntried: Choice['hasUntried'] = call => choice.hasUntried(call);
  const hedge = settings.hedge && idempotent ? new Hedge({ options: settings.hedge, budget, mayHedge }) : undefined;
  // Of a name that nobody knows, two equal calls may both count.
  const areGenuine = hook.equalCallsAreGenuine || !(hook.known || idempotent);
  const ask = stack(
    [
      ...(parts.delivery ? [parts.delivery.behindStored] : []), // above the gate: nothing overtakes what is stored
      choice.gate, // above all that an attempt needs: an open breaker costs next to nothing
      deadline(parts.storesMs + parts.journalMs), // the one limit; everything below draws on it
      ...(ladder.keep ? [lastGood(ladder.keep)] : []), // below the deadline: nobody waits for the store
      retry({ options: settings.retry, budget, idempotent, hasUntried }), // a repeat may be hedged again
      ...(hedge ? [hedge.layer] : []), // one hedge a flight, not a caller; to another upstream if there is one
    ],
    choice.handler, // each attempt goes to the least busy healthy upstream
  );
  const handler = stack(
    [
      record(), // sees the final answer, whatever produced it, once for each caller
      coalesce({ areGenuine, isKept: ladder.keep !== undefined }), // above the fallback: equal calls share the answer, whatever produced it
      ...parts.ofSession, // above the fallback: WCS acts on the answer of any rung
      ...(parts.delivery?.inOrder ?? []), // above the fallback: of a session's notifications one goes at a time
      fallback(ladder.choose, parts.storesMs), // above the deadline: an expired deadline still ends in an answer
    ],
    ask,
  );
  return { handler, ask, hedge };
};
