import type { Answer, Call } from '../core/call.ts';
import { Cancel } from '../core/cancel.ts';
import { now } from '../core/clock.ts';
import type { Emit } from '../core/events.ts';
import { type Handler, stack } from '../core/layer.ts';
import { beginDelivery, withoutTracestate } from '../core/trace.ts';
import type { Way } from '../delivery/deliverer.ts';
import type { Leased } from '../delivery/journal.ts';
import { deadline } from '../resilience/deadline.ts';
import type { Choice, Upstream } from '../upstream/choose.ts';
import type { HookRoute } from './gateway.ts';

/** So long after a call of WCS the back-end is still WCS's first of all. */
const QUIET_MS = 1000;

export interface LateWayOptions {
  readonly upstreams: readonly Upstream[];
  readonly choice: Choice;
  /** How much of the room at each upstream late deliveries may take while calls flow. */
  readonly share: number;
  readonly routeOf: (hook: string) => HookRoute;
  /** True if what belongs to traced calls is traced too. */
  readonly isTraced: boolean;
  readonly emit: Emit;
  /** The longest limit of any hook, in milliseconds. */
  readonly limitMs: number;
}

const replayLines = ({ receivedAt }: Leased): string =>
  `Breakwater-Received-At: ${new Date(receivedAt).toISOString()}\r\nBreakwater-Replayed: 1\r\n`;

/** The way of stored events to the back-ends of one app: through the same stacks as calls, which go before them. */
export class LateWay implements Way {
  readonly #options: LateWayOptions;
  readonly #ask: Handler;
  readonly limitMs: number;
  #calledAt = Number.NEGATIVE_INFINITY;

  constructor(options: LateWayOptions) {
    this.#options = options;
    this.limitMs = options.limitMs;
    this.#ask = stack([options.choice.gate, deadline()], options.choice.handler);
  }

  /** A call of WCS has come. */
  noteCall({ arrivedAt }: Call): void {
    this.#calledAt = arrivedAt;
  }

  readonly deliver = (event: Leased): Promise<Answer> => this.#ask(this.#callOf(event));

  /** One while a breaker lets probes through, so that a back-end that nobody calls is found well again. */
  readonly room = (): number => {
    const { upstreams, share } = this.#options;
    const well = upstreams.filter(({ mayHedge }) => mayHedge);
    if (well.length === 0) return upstreams.some(({ admits }) => admits) ? 1 : 0;
    const most = well.reduce((sum, { limit }) => sum + limit, 0);
    const isQuiet = now() - this.#calledAt > QUIET_MS;
    return isQuiet ? most : Math.max(1, Math.floor(most * share));
  };

  #callOf(event: Leased): Call {
    const { id, hook, query, body } = event;
    const route = this.#options.routeOf(hook);
    const arrivedAt = now();
    const trace = this.#options.isTraced ? beginDelivery(id, event.head) : undefined;
    const call: Call = {
      id,
      route,
      hook,
      query,
      body,
      head: (trace ? withoutTracestate(event.head) : event.head) + replayLines(event),
      authorization: '',
      arrivedAt,
      deadline: arrivedAt + Math.min(route.limitMs, this.limitMs),
      attemptLimitMs: route.attemptLimitMs,
      cancel: new Cancel(),
      emit: this.#options.emit,
      attempts: [],
    };
    return trace ? { ...call, trace } : call;
  }
}
