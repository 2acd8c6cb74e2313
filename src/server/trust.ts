import { createNetworks } from './networks.ts';
import type { Hop, Told } from './told.ts';

/** Who asks. */
export interface Client {
  /** An IP address; `unix` over a Unix socket, `unknown` where a proxy does not know. */
  readonly address: string;
  readonly scheme: 'http' | 'https';
  /** What it asked for by name, where a trusted proxy says so; else its Host field tells. */
  readonly host?: string;
}

/** Whom proxies may speak for, by one configuration. The one place that decides who the client of a request is. */
export interface Trust {
  /** False if nobody is believed. */
  readonly isOn: boolean;
  trusts(address: string): boolean;
  /** The client of a request that came from `peer` and says `told` of its way. */
  clientOf(peer: Client, told: Told | undefined): Client;
}

const NOBODY: Trust = { isOn: false, trusts: () => false, clientOf: peer => peer };

/** `proxies` are addresses and networks; `unix` stands for whoever comes over a Unix socket. */
export const createTrust = (proxies: readonly string[]): Trust => {
  if (proxies.length === 0) return NOBODY;
  const trusts = createNetworks(proxies);

  /** The last one that no trusted proxy stands at: what is told before it may be made up. */
  const nearest = (hops: readonly Hop[]): Hop | undefined =>
    hops.findLast(({ address }) => address !== undefined && !trusts(address)) ?? hops[0];

  const pick = ({ usual, standard }: Told): Hop | undefined => {
    const [one, other] = [nearest(usual), nearest(standard)];
    if (!one || !other) return one ?? other;
    // One of the two came from the client, and nobody can tell which.
    return one.address === other.address ? { ...one, ...other } : { address: 'unknown' };
  };

  return {
    isOn: true,
    trusts,
    clientOf: (peer, told) => {
      const hop = told && trusts(peer.address) ? pick(told) : undefined;
      return hop ? { ...peer, ...hop } : peer;
    },
  };
};
