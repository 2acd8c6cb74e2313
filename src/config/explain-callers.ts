import { type Draft, type DraftApp, secretsOf } from './draft.ts';
import type { Statement } from './fact.ts';
import { listed } from './text.ts';

/** From where and by whom hooks of `app` are taken. */
export const callerStatements = (draft: Draft, app: DraftApp): readonly Statement[] => {
  const found = [
    ...ofCertificate(draft),
    ...ofAddresses(draft),
    ...ofSignature(draft, app),
    ...ofCredentials(draft, app),
  ];
  return [...(found.length > 0 ? found : [ANYONE]), ...ofProxies(draft)];
};

const ANYONE: Statement = {
  name: 'callers',
  value: 'anyone',
  meaning: 'whoever reaches listen is taken for WCS',
  rule: 'neither wcs.addresses nor wcs.secret nor restUsername is written',
};

const ofCertificate = ({ root: { tls } }: Draft): readonly Statement[] =>
  tls?.clientCa === undefined
    ? []
    : [
        {
          name: 'certificate',
          value: `of an authority in ${tls.clientCa}`,
          meaning: 'who has none does not get beyond the TLS handshake',
          path: ['tls', 'clientCa'],
        },
      ];

/** Who tells where a call comes from. */
const ofProxies = ({ root: { trustedProxies, proxyProtocol } }: Draft): readonly Statement[] => [
  ...(proxyProtocol
    ? [
        {
          name: 'PROXY header',
          value: 'on each connection',
          meaning: 'the address of a call is the one that it tells; a connection without one is closed',
          path: ['proxyProtocol'],
        },
      ]
    : []),
  ...(trustedProxies
    ? [
        {
          name: 'proxies',
          value: listed(trustedProxies, 8),
          meaning: 'the address of a call is the last one in X-Forwarded-For or Forwarded that is none of theirs',
          path: ['trustedProxies'],
        },
      ]
    : []),
];

const ofAddresses = ({ root: { wcs } }: Draft): readonly Statement[] =>
  wcs.addresses
    ? [
        {
          name: 'addresses',
          value: listed(wcs.addresses, 8),
          meaning: 'a call from elsewhere gets 403',
          path: ['wcs', 'addresses'],
        },
      ]
    : [];

const ofSignature = (draft: Draft, { options }: DraftApp): readonly Statement[] => {
  const secrets = secretsOf(draft);
  if (secrets.length === 0) return [];
  const otherwise = options.restUsername === undefined ? '' : ', unless it has the credentials';
  return [
    {
      name: 'signature',
      value: `Authorization: WCS <hash>, by ${secrets.length === 1 ? 'the secret' : `one of ${secrets.length} secrets`}`,
      meaning: `a call without the right hash of its body gets 403 and goes nowhere${otherwise}`,
      path: ['wcs', 'secret'],
      place: draft.fromWcs.get('secret'),
    },
  ];
};

const ofCredentials = (draft: Draft, { index, options }: DraftApp): readonly Statement[] => {
  if (options.restUsername === undefined) return [];
  const otherwise = secretsOf(draft).length === 0 ? '' : ', unless it is signed';
  return [
    {
      name: 'credentials',
      value: `Authorization: Basic, of ${options.restUsername}`,
      meaning: `a call without them gets 401 and goes nowhere${otherwise}`,
      path: ['apps', index, 'restUsername'],
    },
  ];
};

/** How much of the back-end one client gets. */
export const rateStatements = ({ limits }: Draft['root']): readonly Statement[] =>
  limits.rate
    ? [
        {
          name: 'rate',
          value: `${limits.rate.calls} calls a second of one ${limits.rate.by}, ${limits.rate.burst} at once`,
          meaning:
            'for all apps together; a call beyond that gets the next rung at once, and the back-end is not asked',
          path: ['limits', 'rate'],
        },
      ]
    : [];
