import { behind } from './address.ts';
import type { DraftBacked } from './draft.ts';
import type { Statement } from './fact.ts';
import { formatDuration, formatShare } from './text.ts';

const CHOICE = {
  one: 'asked once',
  several: 'of two healthy ones the less busy one is asked, and another only where nothing was sent',
} as const;

/** Where it goes, of one upstream or several. */
export const ofConnect = ({ options: { upstreams } }: DraftBacked): Statement => ({
  name: 'upstreams',
  value: upstreams.join(', '),
  meaning: upstreams.length === 1 ? CHOICE.one : CHOICE.several,
  key: ['upstreams'],
});

/** What the upstreams are asked for where `target`, a path of the gateway, is. */
export const ofTarget = (backed: DraftBacked, target: string): Statement => {
  const { upstreams, path } = backed.options;
  const { meaning, ...connect } = ofConnect(backed);
  const what = path === '' ? 'the path' : `what follows ${path}`;
  return {
    ...connect,
    value: upstreams.map(url => behind(url, target.slice(path.length))).join(', '),
    meaning: `${meaning}; ${what} comes behind the path of the upstream, byte for byte, and so does a query`,
  };
};

/** `limit` is the key that a slow call is measured by. */
export const ofBreaker = ({ options: { breaker } }: DraftBacked, limit: string): Statement => ({
  name: 'breaker',
  value: breaker
    ? `opens at ${formatShare(breaker.errorShare)} failures or ${formatShare(breaker.slowShare)} slow calls of at least ${breaker.minCalls} in ${formatDuration(breaker.window)}`
    : 'off',
  meaning: breaker
    ? `an upstream is then left alone for ${formatDuration(breaker.openFor)}, later up to ${formatDuration(breaker.maxOpenFor)}, and ${breaker.probes} probes must succeed; slow is more than ${formatShare(breaker.slowAfter)} of ${limit}`
    : 'a failing upstream is asked every time',
  key: ['breaker'],
  rule: '10 calls, 50% failures, 50% slow, in 10s; open for 5s, up to 60s',
});

/** `beyond` is what becomes of a call that finds no room. */
export const ofConcurrency = ({ options: { concurrency } }: DraftBacked, beyond: string): Statement => ({
  name: 'concurrency',
  value: `${placesText(concurrency)} at a time, ${concurrency.queue} waiting`,
  meaning: `${concurrency.max === 'auto' ? 'as many as an upstream is learned to bear' : 'for each upstream'}, all calls together; one that finds no room ${beyond}`,
  key: ['concurrency'],
  rule: '64 at a time, 256 waiting',
});

const placesText = ({ max, floor, ceiling }: DraftBacked['options']['concurrency']): string =>
  max === 'auto' ? `${Math.min(floor, ceiling)} to ${ceiling}` : String(max);

/** How https upstreams are spoken to, where the file says something about it. */
export const ofTls = ({ options: { tls } }: DraftBacked): readonly Statement[] => {
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
