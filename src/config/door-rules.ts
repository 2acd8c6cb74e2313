import { isSocketPath } from '../core/host-port.ts';
import type { Draft } from './draft.ts';
import type { Finding } from './validate.ts';

/** What a Unix socket as `listen` does not go together with. */
export const doorBreaches = ({ root, isUnread }: Draft): readonly Finding[] => {
  const { listen, tls, wcs, proxyProtocol, trustedProxies } = root;
  if (!isSocketPath(listen)) return [];
  const isKnown = !isUnread(['trustedProxies']) && !isUnread(['proxyProtocol']);
  const findings: Finding[] = [];
  if (tls)
    findings.push({
      path: ['tls'],
      message: 'is for addresses of a network, and listen is a Unix socket; take it out',
    });
  if (isKnown && wcs.addresses && !proxyProtocol && !trustedProxies?.includes('unix')) {
    const message = 'keeps everybody out, since listen is a Unix socket and who comes over one has no address';
    findings.push({
      path: ['wcs', 'addresses'],
      message: `${message}; take it out, or write trustedProxies: [unix] if a proxy tells the address`,
    });
  }
  if (proxyProtocol && trustedProxies && !trustedProxies.includes('unix')) {
    const message = 'keeps everybody out, since listen is a Unix socket, where none of these can send a PROXY header';
    findings.push({ path: ['trustedProxies'], message: `${message}; add unix`, key: true });
  }
  return findings;
};
