import type { Call } from '../../src/core/call.ts';
import { GatewayError } from '../../src/core/errors.ts';
import type { Handler } from '../../src/core/layer.ts';
import { Breaker, BreakerOptions } from '../../src/resilience/breaker.ts';
import { aCall, OK, ROUTE } from '../../test/kit/hand-played.ts';
import { print } from '../figures.ts';
import type { Table } from '../section.ts';
import { extraNs } from './cost.ts';

/** Never opens, so that one kind of outcome can be had as often as it takes. */
const PATIENT = BreakerOptions.parse({ minCalls: 2 ** 40 });
const TRIPPED = BreakerOptions.parse({ minCalls: 1, openFor: '1h', maxOpenFor: '1h' });

const answer: Handler = () => Promise.resolve(OK);
const fail = (code: 'reset' | 'cancelled'): Handler => {
  const error = new GatewayError(code);
  return () => Promise.reject(error);
};
const ignore = (): void => {};

interface Case {
  readonly name: string;
  readonly handler: Handler;
  readonly call?: Partial<Call>;
  readonly options?: BreakerOptions;
}

const CASES: readonly Case[] = [
  { name: 'good', handler: answer },
  // Any answer takes longer than a share of less than nothing.
  { name: 'slow', handler: answer, call: { attemptLimitMs: -1 } },
  { name: 'failed', handler: fail('reset') },
  { name: 'ignored', handler: fail('cancelled') },
  { name: 'rejected while open', handler: fail('reset'), options: TRIPPED },
];

const makeBreaker = async ({ options = PATIENT }: Case): Promise<Breaker> => {
  const breaker = new Breaker(options, { ...ROUTE, upstream: 'http://127.0.0.1:8081', emit: () => {} });
  if (options === TRIPPED) await breaker.layer(fail('reset'))(aCall()).catch(ignore);
  await new Promise(setImmediate);
  return breaker;
};

/** What the breaker takes beyond the same handler without one. */
const measure = async (one: Case, calls: number): Promise<number> => {
  const breaker = await makeBreaker(one);
  const before = breaker.state;
  const call = aCall(one.call);
  const guarded = breaker.layer(one.handler);
  const bare = () => one.handler(call).catch(ignore);
  const extra = await extraNs(() => guarded(call).catch(ignore), bare, calls);
  if (breaker.state !== before) throw new Error(`the breaker went from ${before} to ${breaker.state} on ${one.name}`);
  breaker.close();
  return extra;
};

/** What a breaker costs, for each outcome that a call can have. */
export const measureBreaker = async (calls: number): Promise<{ table: Table; measured: string }> => {
  const rows: string[][] = [];
  for (const one of CASES) rows.push([one.name, print((await measure(one, calls)) / 1000)]);
  const notes = ['Beyond the same handler, which answers or fails at once, without a breaker.'];
  const table = { title: 'Breaker, by outcome', head: ['outcome', 'µs/call'], rows, notes };
  return { table, measured: rows.map(([name, us]) => `${name} ${us}`).join(', ') };
};
