import { BlockList, isIPv6 } from 'node:net';
import { plainAddress } from '../core/client-address.ts';

/** The address of whoever comes over a Unix socket, which tells none. */
export const UNIX_PEER = 'unix';

const familyOf = (address: string) => (isIPv6(address) ? 'ipv6' : 'ipv4');

/** Makes what tells if an address is one of `addresses`, or in one of the networks among them. */
export const createNetworks = (addresses: readonly string[]): ((address: string) => boolean) => {
  const list = new BlockList();
  for (const address of addresses) {
    const [net = '', prefix] = address.split('/');
    if (net === UNIX_PEER) continue;
    if (prefix === undefined) list.addAddress(net, familyOf(net));
    else list.addSubnet(net, Number(prefix), familyOf(net));
  }
  const hasUnix = addresses.includes(UNIX_PEER);
  return address => {
    if (address === UNIX_PEER) return hasUnix;
    const text = plainAddress(address);
    return list.check(text, familyOf(text));
  };
};
