import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { TLSSocket } from 'node:tls';
import type { Files } from '../kit/certificates.ts';

/** A back-end that speaks TLS and answers each hook with its own body. */
export interface SecureBackEnd {
  readonly port: number;
  /** Connections, in order: whether each resumed a session, the name that it asked for, and the client's own. */
  readonly connections: { readonly isResumed: boolean; readonly asked: string | false; readonly client: string }[];
  close(): Promise<void>;
}

const portOf = (server: Server): number => {
  const address = server.address();
  return typeof address === 'object' && address ? address.port : 0;
};

/** `clientCa` set: clients must have a certificate of its. After `mostCalls` it closes each connection. */
export const createSecureBackEnd = async (
  { cert, key }: Files,
  { clientCa, mostCalls = 0 }: { readonly clientCa?: Buffer; readonly mostCalls?: number } = {},
): Promise<SecureBackEnd> => {
  const mutual = clientCa ? { ca: clientCa, requestCert: true } : {};
  const server = createServer({ cert: readFileSync(cert), key: readFileSync(key), ...mutual }, (request, response) => {
    const chunks: Buffer[] = [];
    request
      .on('data', chunk => chunks.push(chunk))
      .on('end', () => {
        response.setHeader('Content-Type', 'application/json');
        response.end(Buffer.concat(chunks));
      });
  });
  server.maxRequestsPerSocket = mostCalls;
  const connections: SecureBackEnd['connections'] = [];
  server.on('secureConnection', (socket: TLSSocket) => {
    const client = String(socket.getPeerCertificate()?.subject?.CN ?? '');
    connections.push({ isResumed: socket.isSessionReused(), asked: socket.servername || false, client });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: portOf(server),
    connections,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
};
