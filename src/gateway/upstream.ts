import type { Handler } from '../core/layer.ts';
import type { Breaker } from '../resilience/breaker.ts';
import type { Bulkhead } from '../resilience/bulkhead.ts';
import type { HealthCheck } from '../resilience/health.ts';
import type { Replica } from '../resilience/replica.ts';
import type { Upstream } from '../upstream/choose.ts';

/** What the stack of one back-end address was made of. */
interface UpstreamStack {
  readonly app: string;
  readonly url: string;
  readonly handler: Handler;
  readonly bulkhead: Bulkhead;
  /** Absent where that is off, as the next two. */
  readonly breaker: Breaker | undefined;
  readonly replica: Replica | undefined;
  readonly health: HealthCheck | undefined;
  /** The ways to it, with their connections. */
  readonly ways: readonly ({ close(): void } | undefined)[];
}

/** A stack as the choice of an upstream, the status and a reload see it. */
export const createUpstream = ({
  app,
  url,
  handler,
  bulkhead,
  breaker,
  replica,
  health,
  ways,
}: UpstreamStack): Upstream => ({
  name: url,
  handler,
  get admits() {
    return breaker?.admits ?? true;
  },
  get mayHedge() {
    return (breaker?.steady ?? true) && (replica?.share ?? 1) === 1 && bulkhead.hasRoom;
  },
  get limit() {
    return bulkhead.limit;
  },
  get share() {
    return replica?.share ?? 1;
  },
  get load() {
    return bulkhead.inflight + bulkhead.queued;
  },
  state: () => ({
    app,
    upstream: url,
    breaker: breaker?.state ?? 'closed',
    ...(breaker?.probesInMs === undefined ? {} : { probesInMs: breaker.probesInMs }),
    inflight: bulkhead.inflight,
    queued: bulkhead.queued,
    limit: bulkhead.limit,
    ...replica?.state(),
  }),
  replace: () => {
    breaker?.replace();
    health?.close();
    replica?.replace();
  },
  close: () => {
    breaker?.close();
    health?.close();
    for (const way of ways) way?.close();
  },
});
