import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { Event } from '../../src/core/events.ts';
import { Names } from '../../src/upstream/names.ts';

/** A back-end on several addresses of the loopback with one port, as a name with several addresses is. */
export interface Addressed {
  readonly port: number;
  /** Requests by address. */
  readonly seen: Map<string, number>;
  /** Connections open now, by address. */
  open(address: string): Promise<number>;
  /** Nobody listens on it any more. */
  stop(address: string): Promise<void>;
  close(): Promise<void>;
}

const listen = async (server: Server, port: number, address: string): Promise<number> => {
  server.listen(port, address);
  await once(server, 'listening');
  return (server.address() as { port: number }).port;
};

const countOf = (server: Server): Promise<number> =>
  new Promise((resolve, reject) => server.getConnections((error, count) => (error ? reject(error) : resolve(count))));

/** Listens on all of `addresses`; each answers 200 with the request's own body. */
export const listenOn = async (addresses: readonly string[]): Promise<Addressed> => {
  const seen = new Map<string, number>();
  const servers = new Map<string, Server>();
  let port = 0;
  for (const address of addresses) {
    const server = createServer((request, response) => {
      seen.set(address, (seen.get(address) ?? 0) + 1);
      response.writeHead(200, { 'Content-Type': 'application/json' });
      request.pipe(response);
    });
    port = await listen(server, port, address);
    servers.set(address, server);
  }
  const stop = async (address: string): Promise<void> => {
    const server = servers.get(address);
    servers.delete(address);
    server?.closeAllConnections();
    await new Promise(resolve => (server ? server.close(resolve) : resolve(undefined)));
  };
  return {
    port,
    seen,
    open: async address => {
      const server = servers.get(address);
      return server ? countOf(server) : 0;
    },
    stop,
    close: async () => {
      for (const address of [...servers.keys()]) await stop(address);
    },
  };
};

/** A DNS that says what the test wants it to say; nothing means that it is gone. */
export class PlayedDns {
  readonly events: Event[] = [];
  readonly names: Names;
  addresses: readonly string[] | undefined;
  /** Questions so far. */
  asked = 0;

  constructor(addresses: readonly string[] | undefined) {
    this.addresses = addresses;
    this.names = new Names(
      event => void this.events.push(event),
      (_, told) => {
        this.asked++;
        setImmediate(() => {
          if (this.addresses) told(null, this.addresses);
          else told(Object.assign(new Error('getaddrinfo EAI_AGAIN'), { code: 'EAI_AGAIN' }), []);
        });
      },
    );
  }
}
