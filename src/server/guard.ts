import { hash, timingSafeEqual } from 'node:crypto';
import type { Config } from '../config/types.ts';
import { GatewayError } from '../core/errors.ts';
import { isSignature, isSigned } from '../hooks/signature.ts';
import { createNetworks } from './networks.ts';

/** Who may call, by one configuration. Each throws a GatewayError with a client code for who may not. */
export interface Guard {
  /** False if hooks are taken from anybody. */
  readonly isOn: boolean;
  checkPeer(peer: string): void;
  /** To be asked as soon as the head is here: no body is read for a request that cannot be right. */
  checkHead(app: string, authorization: string): void;
  checkBody(app: string, authorization: string, body: Buffer): void;
}

const createPeerCheck = (addresses: readonly string[]): Guard['checkPeer'] => {
  if (addresses.length === 0) return () => {};
  const isAmong = createNetworks(addresses);
  return peer => {
    if (!isAmong(peer)) throw new GatewayError('not_allowed');
  };
};

/** Hashes are of equal length, whatever they are of, so comparing them tells nothing. */
const isSame = (a: string, b: string): boolean =>
  timingSafeEqual(hash('sha256', a, 'buffer'), hash('sha256', b, 'buffer'));

/** RFC 7617 §2: the name of the scheme in any case, then base64 of name, colon and password in UTF-8. */
const basicOf = ({ username, password }: { readonly username: string; readonly password: string }): string =>
  Buffer.from(`${username}:${password}`).toString('base64');

const BASIC = /^basic +(?=\S+$)/i;

const createBasicCheck = ({ apps }: Config): ((app: string, authorization: string) => boolean | undefined) => {
  const expected = new Map(
    apps.flatMap(({ name, credentials }) => (credentials ? [[name, basicOf(credentials)] as const] : [])),
  );
  return (app, authorization) => {
    const wanted = expected.get(app);
    if (wanted === undefined) return undefined;
    return BASIC.test(authorization) && isSame(authorization.replace(BASIC, ''), wanted);
  };
};

/**
 * Who may call by `config`. WCS sends one Authorization at a time, so where an app has credentials and there is a secret
 * too, either is enough.
 */
export const createGuard = (config: Config): Guard => {
  const { secrets, addresses } = config.wcs;
  const isSecret = secrets.length > 0;
  const hasBasic = createBasicCheck(config);

  /** Whether a hash of the body must be right as well. Throws if nothing in the head could let the request in. */
  const needsHash = (app: string, authorization: string): boolean => {
    const basic = hasBasic(app, authorization);
    if (basic || (basic === undefined && !isSecret)) return false;
    if (isSecret && isSignature(authorization)) return true;
    throw new GatewayError(basic === undefined ? 'bad_signature' : 'bad_credentials');
  };

  return {
    isOn: isSecret || addresses.length > 0 || config.apps.some(({ credentials }) => credentials),
    checkPeer: createPeerCheck(addresses),
    checkHead: needsHash,
    checkBody: (app, authorization, body) => {
      if (needsHash(app, authorization) && !isSigned(secrets, authorization, body))
        throw new GatewayError('bad_signature');
    },
  };
};
