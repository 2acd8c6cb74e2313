import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { Authority } from '../../test/kit/certificates.ts';
import { withoutTool } from '../../test/tools.ts';
import { TlsListener } from './listener.ts';

describe('a handshake', { skip: withoutTool('openssl') }, () => {
  let authority: Authority;
  before(() => {
    authority = new Authority();
  });
  after(() => authority.remove());

  const settings = () => ({ ...authority.issue('gateway'), clientCa: undefined, minVersion: 'TLSv1.2' }) as const;

  /** What becomes of a connection that sends `bytes` and then nothing. */
  const fate = async (bytes: string, handshakeMs: number): Promise<string> => {
    const listener = new TlsListener(settings(), () => {}, handshakeMs);
    const { promise, resolve } = Promise.withResolvers<string>();
    const server = createServer(socket =>
      listener.secure(socket, {
        secured: () => resolve('secured'),
        failed: why => {
          socket.destroy();
          resolve(why);
        },
      }),
    ).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { readonly port: number };
    const client = connect(port, '127.0.0.1').on('error', () => {});
    client.write(bytes);
    const closed = once(client.resume(), 'close');
    const told = await promise;
    await closed;
    server.close();
    listener.close();
    return told;
  };

  test('that does not go on is ended in time', async () => {
    assert.match(await fate('\x16\x03\x01\x02\x00', 100), /not done within .*ERR_TLS_HANDSHAKE_TIMEOUT/);
  });

  test('of a client that speaks plain HTTP is told as that', async () => {
    assert.match(await fate('POST / HTTP/1.1\r\nHost: a\r\n\r\n', 5000), /plain HTTP/);
  });
});

test('a listener whose files are missing says which', () => {
  const none = {
    cert: '/nowhere/cert.pem',
    key: '/nowhere/key.pem',
    clientCa: undefined,
    minVersion: 'TLSv1.2',
  } as const;
  assert.throws(
    () => new TlsListener(none, () => {}),
    /^PairError: \/nowhere\/cert\.pem does not exist; write the path of/,
  );
});
