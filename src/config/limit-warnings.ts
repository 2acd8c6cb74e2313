import { isGuarded } from './door-warnings.ts';
import type { Draft } from './draft.ts';
import type { Finding } from './validate.ts';

/** Limits on what one client may have, where they do not hold what they promise. */
export const limitDoubts = (draft: Draft): readonly Finding[] => [...claimedNodes(draft), ...idleCap(draft)];

const claimedNodes = (draft: Draft): readonly Finding[] => {
  if (draft.root.limits.rate?.by !== 'node' || isGuarded(draft)) return [];
  const message = 'believes the nodeId in the body, and whoever reaches listen may write there what he likes';
  return [{ path: ['limits', 'rate', 'by'], message: `${message}; write wcs.secret or wcs.addresses, or by: address` }];
};

const idleCap = ({ root: { limits } }: Draft): readonly Finding[] => {
  const { perAddress, connections } = limits;
  if (perAddress < connections) return [];
  const message = `is ${perAddress}, and limits.connections is ${connections}, so it holds nobody back; write less`;
  return [{ path: ['limits', 'perAddress'], message }];
};
