import { formatAddress, isLocal, isSocketPath } from '../core/host-port.ts';
import { type Draft, secretsOf } from './draft.ts';
import type { Path } from './problems.ts';
import type { Finding } from './validate.ts';

const FEWEST_CHARACTERS = 16;

/** Who may send hooks, where more may than is probably meant. */
export const doorDoubts = (draft: Draft): readonly Finding[] => [
  ...openDoor(draft),
  ...everywhere(draft),
  ...believers(draft),
  ...weakSecrets(draft),
  ...twoProofs(draft),
];

const isEverywhere = (network: string): boolean => /\/0+$/.test(network);

const addressesOf = ({ root }: Draft): readonly string[] => root.wcs.addresses ?? [];

/** True if hooks are not taken from whoever reaches `listen`. */
export const isGuarded = (draft: Draft): boolean => {
  const addresses = addressesOf(draft);
  const isNarrow = addresses.length > 0 && !addresses.some(isEverywhere);
  const wantsCertificates = draft.root.tls?.clientCa !== undefined;
  return (
    isNarrow ||
    wantsCertificates ||
    secretsOf(draft).length > 0 ||
    draft.apps.every(app => app.options.restUsername !== undefined)
  );
};

const openDoor = (draft: Draft): readonly Finding[] => {
  const { listen } = draft.root;
  if (isLocal(listen) || isSocketPath(listen) || isGuarded(draft)) return [];
  const message = `${formatAddress(listen)} is open to the network, and whoever reaches it can send hooks as if from WCS`;
  return [{ path: ['listen'], message: `${message}; write wcs.secret or wcs.addresses, or 127.0.0.1:${listen.port}` }];
};

const everywhere = (draft: Draft): readonly Finding[] =>
  addressesOf(draft).flatMap((network, at) =>
    isEverywhere(network)
      ? [{ path: ['wcs', 'addresses', at], message: `${network} is everywhere, so nobody is kept out; name WCS's own` }]
      : [],
  );

/** Who is believed about the client, where that may be anybody. */
const believers = ({ root: { listen, proxyProtocol, trustedProxies } }: Draft): readonly Finding[] => {
  const all = (trustedProxies ?? []).flatMap((network, at) =>
    isEverywhere(network)
      ? [
          {
            path: ['trustedProxies', at],
            message: `${network} is everywhere, so anybody may pass for any address; name the addresses of your proxies`,
          },
        ]
      : [],
  );
  if (!proxyProtocol || trustedProxies || isLocal(listen)) return all;
  const message = `believes whoever reaches ${formatAddress(listen)} about the address that it comes from`;
  return [...all, { path: ['proxyProtocol'], message: `${message}; write trustedProxies, or guard the port` }];
};

/** The place of one secret, and the name that it has there. */
const placeOf = ({ root, fromWcs }: Draft, at: number): { readonly path: Path; readonly name: string } => {
  const from = fromWcs.get('secret');
  if (from) return { path: ['wcs', 'properties'], name: `${from}: rest_hook_secret_key ` };
  return { path: Array.isArray(root.wcs.secret) ? ['wcs', 'secret', at] : ['wcs', 'secret'], name: '' };
};

/** What is wrong with a secret, without quoting it. */
const faultOf = (secret: string): string | undefined => {
  if (secret !== secret.trim()) return 'begins or ends with a blank or a line break, which counts; take it away';
  if (secret.length >= FEWEST_CHARACTERS) return undefined;
  return `has fewer than ${FEWEST_CHARACTERS} characters, so one signed hook is enough to guess it; write a longer one`;
};

const weakSecrets = (draft: Draft): readonly Finding[] =>
  secretsOf(draft).flatMap((secret, at) => {
    const fault = faultOf(secret);
    const { path, name } = placeOf(draft, at);
    return fault === undefined ? [] : [{ path, message: `${name}${fault}` }];
  });

const twoProofs = (draft: Draft): readonly Finding[] => {
  if (secretsOf(draft).length === 0) return [];
  const message = 'stands beside wcs.secret, and WCS sends only one Authorization, so either is accepted';
  return draft.apps
    .filter(({ options }) => options.restUsername !== undefined)
    .map(({ index }) => ({
      path: ['apps', index, 'restUsername'],
      message: `${message}; right only while one takes the place of the other`,
    }));
};
