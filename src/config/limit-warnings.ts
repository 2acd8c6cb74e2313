import { isLocal, isSocketPath } from '../core/host-port.ts';
import { isGuarded } from './door-warnings.ts';
import type { Draft } from './draft.ts';
import type { Path } from './problems.ts';
import type { Finding } from './validate.ts';

/** Limits on what one client may have, where they do not hold what they promise. */
export const limitDoubts = (draft: Draft): readonly Finding[] => [
  ...claimedNodes(draft),
  ...idleCap(draft),
  ...withoutAddresses(draft),
];

const claimedNodes = (draft: Draft): readonly Finding[] => {
  const { limits, listen } = draft.root;
  if (limits.rate?.by !== 'node' || isLocal(listen) || isGuarded(draft)) return [];
  const message = 'believes the nodeId in the body, and whoever reaches listen may write there what he likes';
  return [{ path: ['limits', 'rate', 'by'], message: `${message}; write wcs.secret or wcs.addresses, or by: address` }];
};

const idleCap = ({ root: { limits } }: Draft): readonly Finding[] => {
  const { perAddress, connections } = limits;
  if (perAddress < connections) return [];
  const message = `is ${perAddress}, and limits.connections is ${connections}, so it holds nobody back; write less`;
  return [{ path: ['limits', 'perAddress'], message }];
};

/** Over a Unix socket nobody has an address, unless a proxy tells it. */
const withoutAddresses = ({ root: { listen, limits, proxyProtocol, trustedProxies } }: Draft): readonly Finding[] => {
  if (!isSocketPath(listen) || proxyProtocol || trustedProxies?.includes('unix')) return [];
  const paths: readonly Path[] = [
    ...(limits.perAddress > 0 ? [['limits', 'perAddress']] : []),
    ...(limits.rate?.by === 'address' ? [['limits', 'rate']] : []),
  ];
  const message = 'takes all who come over the Unix socket for one client';
  const remedy = 'write trustedProxies: [unix] if a proxy tells the address, or take it out';
  return paths.map(path => ({ path, message: `${message}; ${remedy}`, key: true }));
};
