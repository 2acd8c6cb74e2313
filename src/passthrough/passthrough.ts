import { ProxyServer } from 'http-proxy-3';
import { after, now } from '../core/clock.ts';
import { asGatewayError, GatewayError } from '../core/errors.ts';
import type { Layer } from '../core/layer.ts';
import { type Reach, readUpstream } from '../upstream/target.ts';
import { Exchange } from './exchange.ts';
import { Lines } from './lines.ts';
import type { PassthroughOptions } from './options.ts';
import type { Upgrades } from './upgrades.ts';

export interface PassthroughParts extends Reach {
  /** `http://host:port/base`, without a slash at the end. */
  readonly upstream: string;
  readonly connectLimitMs: number;
  /** Most idle connections. */
  readonly most: number;
  readonly options: PassthroughOptions;
  readonly upgrades: Upgrades;
}

/** The way of what passes through to one upstream, in the same stack as hooks. */
export interface Passthrough {
  /** Keeps whoever is above waiting until the last byte has passed, when the answer has long been judged below. */
  readonly hold: Layer;
  /** Lets what passes through go its own way; hooks go on. An answer counts from its first byte. */
  readonly layer: Layer;
  /** Ends idle connections. What is under way ends by itself. */
  close(): void;
}

export const createPassthrough = (parts: PassthroughParts): Passthrough => {
  const { target, base, host } = readUpstream(parts.upstream, parts);
  const lines = new Lines({ target, connectLimitMs: parts.connectLimitMs, most: parts.most });
  const line = {
    proxy: new ProxyServer(),
    lines,
    host,
    base,
    options: parts.options,
    upgrades: parts.upgrades,
  } as const;
  return {
    hold: next => async call => {
      if (!call.passage) return next(call);
      try {
        return await next(call);
      } finally {
        await call.passage.over;
      }
    },
    layer: next => call => {
      if (!call.passage) return next(call);
      if (call.cancel.reason) return Promise.reject(call.cancel.reason);
      const attempt = call.attempt ?? { upstream: parts.upstream, sent: false };
      const exchange = new Exchange(line, call, call.passage, attempt);
      exchange.begin();
      return exchange.answered;
    },
    close: () => lines.close(),
  };
};

/** What has begun to leave stands as the answer, whatever became of it: nothing else can be told any more. */
export const asBegun: Layer = next => call =>
  next(call).catch((thrown: unknown) => {
    const error = asGatewayError(thrown);
    if (error.answer && error.code !== 'gone' && call.passage?.hasBegun) return { ...error.answer, reason: error.code };
    throw error;
  });

/** Whoever waits for room until `ms` after it came, as long as for the first byte of an answer, is told that there is none. */
export const patience =
  (ms: number): Layer =>
  next =>
  call => {
    const stop = after(call.arrivedAt + ms - now(), () => {
      if (!call.attempts.at(-1)?.sent) call.cancel.cancel(new GatewayError('overload'));
    });
    return next(call).finally(stop);
  };
