import { lastGood } from '../answers/last-good.ts';
import type { Backed, HookSettings } from '../config/types.ts';
import type { Emit } from '../core/events.ts';
import { type Handler, type Layer, stack } from '../core/layer.ts';
import type { Hook } from '../hooks/catalogue.ts';
import { asBegun, createPassthrough, patience } from '../passthrough/passthrough.ts';
import type { Upgrades } from '../passthrough/upgrades.ts';
import { Breaker } from '../resilience/breaker.ts';
import { Budget } from '../resilience/budget.ts';
import { Bulkhead } from '../resilience/bulkhead.ts';
import { coalesce } from '../resilience/coalesce.ts';
import { attemptDeadline, deadline } from '../resilience/deadline.ts';
import { fallback } from '../resilience/fallback.ts';
import { HealthCheck } from '../resilience/health.ts';
import { Hedge } from '../resilience/hedge.ts';
import type { Replica } from '../resilience/replica.ts';
import { retry } from '../resilience/retry.ts';
import type { Choice, Upstream } from '../upstream/choose.ts';
import { type Client, createClient } from '../upstream/client.ts';
import type { Names } from '../upstream/names.ts';
import type { Ladder } from './ladder.ts';
import { record } from './record.ts';
import { createUpstream } from './upstream.ts';

export interface UpstreamParts {
  readonly backed: Backed;
  readonly url: string;
  readonly maxAnswerBytes: number;
  readonly upgrades: Upgrades;
  readonly names: Names;
  readonly emit: Emit;
  /** Where it stands among the others; absent where there is nothing to choose and nothing to check. */
  readonly replica: Replica | undefined;
}

const checkHealth = ({ health }: Backed, replica: Replica, client: Client): HealthCheck | undefined =>
  health ? new HealthCheck(health, replica, client.check(health.path, health.timeout)) : undefined;

/** What protects one back-end address from us. First listed is outermost. */
export const upstreamStack = ({
  backed,
  url,
  maxAnswerBytes,
  emit,
  names,
  upgrades,
  replica,
}: UpstreamParts): Upstream => {
  const { name: app, connectLimit: connectLimitMs, passthrough: options } = backed;
  const bulkhead = new Bulkhead(backed.concurrency, 'settings' in backed);
  const breaker = backed.breaker ? new Breaker(backed.breaker, { app, upstream: url, emit }) : undefined;
  const most = bulkhead.most;
  const way = { upstream: url, tls: backed.tls, connectLimitMs, names };
  const client = createClient({ ...way, maxConnections: most, maxAnswerBytes, resolveMs: backed.resolve });
  const passthrough = options ? createPassthrough({ ...way, most, options, upgrades }) : undefined;
  const health = replica && checkHealth(backed, replica, client);
  const handler = stack(
    [
      bulkhead.layer, // above the breaker: a full house is our limit, not the back-end's failure
      ...(passthrough ? [passthrough.hold] : []), // above the breaker, which judges by the first byte; room is taken up to the last
      ...(breaker ? [breaker.layer] : []), // judges only what lies below it
      ...(replica ? [replica.layer] : []), // below the breaker: compares what was asked, not what was refused
      ...(passthrough ? [passthrough.layer] : []), // in place of the client, with limits of its own
      attemptDeadline(), // below the breaker, so that a slow attempt counts as this upstream's failure
    ],
    client.handler,
  );
  return createUpstream({ app, url, handler, bulkhead, breaker, replica, health, ways: [client, passthrough] });
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
  /** Set if each client may have only so much. */
  readonly rate: Layer | undefined;
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
    choice.handler, // each attempt goes to the less busy one of two healthy upstreams
  );
  const handler = stack(
    [
      record(), // sees the final answer, whatever produced it, once for each caller
      coalesce({ areGenuine, isKept: ladder.keep !== undefined }), // above the fallback: equal calls share the answer, whatever produced it
      ...parts.ofSession, // above the fallback: WCS acts on the answer of any rung
      ...(parts.delivery?.inOrder ?? []), // above the fallback: of a session's notifications one goes at a time
      fallback(ladder.choose, parts.storesMs), // above the deadline: an expired deadline still ends in an answer
      ...(parts.rate ? [parts.rate] : []), // below the fallback: WCS is never refused for it; above all that an attempt costs
    ],
    ask,
  );
  return { handler, ask, hedge };
};

export interface PassStackParts {
  /** Layers that have another answer where the back-end has none; none of an answer has left then. */
  readonly fallback: readonly Layer[];
  /** How long a call may wait for room, in milliseconds. */
  readonly patienceMs: number;
  readonly choice: Choice;
  /** Set if each client may have only so much. */
  readonly rate: Layer | undefined;
}

/** No more is repeated than such a budget allows. */
const NO_REPEATS = { options: false, idempotent: false, budget: new Budget(0) } as const;

/** What is no hook: sent once, and answered as it comes. First listed is outermost. */
export const passStack = ({ fallback: fallbacks, patienceMs, choice, rate }: PassStackParts): Handler =>
  stack(
    [
      record(), // sees the final answer, whatever produced it
      asBegun, // below the record: what the client has seen of an answer is the answer
      ...fallbacks, // above the gate: an open breaker has them answer at once
      ...(rate ? [rate] : []), // below what makes its 429 an answer: no fallback mends it
      choice.gate, // above all that an attempt needs
      retry({ ...NO_REPEATS, hasUntried: call => choice.hasUntried(call) }), // to another upstream where nothing was sent
      patience(patienceMs), // below the repeats, each of which may wait; the other waits are those of the exchange
    ],
    choice.handler,
  );
