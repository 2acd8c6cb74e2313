import type { DraftApp } from './draft.ts';
import type { Statement } from './fact.ts';
import { formatDuration, formatShare } from './text.ts';

/** Where it goes, of one upstream or several. */
export const ofConnect = ({ options: { upstreams } }: DraftApp): Statement => ({
  name: 'upstreams',
  value: upstreams.join(', '),
  meaning: upstreams.length === 1 ? 'asked once' : 'of two healthy ones the less busy one is asked, once',
  key: ['upstreams'],
});

export const ofBreaker = ({ options: { breaker } }: DraftApp): Statement => ({
  name: 'breaker',
  value: breaker
    ? `opens at ${formatShare(breaker.errorShare)} failures or ${formatShare(breaker.slowShare)} slow calls of at least ${breaker.minCalls} in ${formatDuration(breaker.window)}`
    : 'off',
  meaning: breaker
    ? `an upstream is then left alone for ${formatDuration(breaker.openFor)}, later up to ${formatDuration(breaker.maxOpenFor)}, and ${breaker.probes} probes must succeed; slow is more than ${formatShare(breaker.slowAfter)} of attemptLimit`
    : 'a failing upstream is asked every time',
  key: ['breaker'],
  rule: '10 calls, 50% failures, 50% slow, in 10s; open for 5s, up to 60s',
});

export const ofConcurrency = ({ options: { concurrency, passthrough } }: DraftApp): Statement => ({
  name: 'concurrency',
  value: `${placesText(concurrency)} at a time, ${concurrency.queue} waiting`,
  meaning: `${concurrency.max === 'auto' ? 'as many as an upstream is learned to bear' : 'for each upstream'}, all hooks of the app${passthrough ? ' and what passes through' : ''} together; whoever finds no room gets the next rung at once`,
  key: ['concurrency'],
  rule: '64 at a time, 256 waiting',
});

const placesText = ({ max, floor, ceiling }: DraftApp['options']['concurrency']): string =>
  max === 'auto' ? `${Math.min(floor, ceiling)} to ${ceiling}` : String(max);

/** How https upstreams are spoken to, where the file says something about it. */
export const ofTls = ({ options: { tls } }: DraftApp): readonly Statement[] => {
  if (!tls) return [];
  const trusted = tls.ca === undefined ? 'the authorities that Node knows' : `the authorities in ${tls.ca}`;
  const own = tls.cert === undefined ? '' : `; it is shown ${tls.cert}`;
  const value = tls.insecure ? 'any certificate' : `a certificate of ${trusted}`;
  const name = tls.serverName === undefined ? 'the host of the upstream' : tls.serverName;
  const meaning = tls.insecure
    ? 'whoever answers is taken for the back-end'
    : `made out to ${name}, or nothing is sent there`;
  return [{ name: 'tls', value: `${value}${own}`, meaning, key: ['tls'] }];
};
