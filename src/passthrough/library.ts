import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import type { ProxyServer } from 'http-proxy-3';
import { asObject } from './fields.ts';
import type { Lines } from './lines.ts';

/** Where the library believes the upstream to be. Only the connections know it. */
const TARGET = { protocol: 'http:', host: 'upstream.invalid', port: 80 };

/** What it sees of the response: on the true one each exchange would leave a listener. That a client leaves is told by a cancel. */
const RESPONSE = { on: () => RESPONSE, finished: true } as unknown as ServerResponse;

export interface LibraryParts {
  readonly proxy: ProxyServer;
  readonly lines: Lines;
  /** What the upstream is called where `head` does not say it. */
  readonly host: string;
}

export interface Asked {
  readonly request: IncomingMessage;
  /** The fields that are to leave, as lines. */
  readonly head: string;
}

export interface Told {
  /** Gets the request to the back-end, of which nothing has left, to send the body by it and to listen for the answer. */
  readonly send: (upstream: ClientRequest) => void;
  readonly failed: (error: Error) => void;
}

/**
 * Has http-proxy-3 make the request to the back-end. It sees one of which nothing is left for it to change (its ways with
 * methods, paths and framing are not ours), and asks for the body to be sent by `buffer`, which is where the request comes
 * to hand.
 */
export const openRequest = (
  { proxy, lines, host }: LibraryParts,
  { request, head }: Asked,
  { send, failed }: Told,
): void => {
  const asked = {
    method: 'GET',
    url: '/',
    httpVersion: '1.1',
    headers: { Host: host, ...asObject(head) },
    socket: request.socket,
  };
  const view = { ...asked, on: () => view } as unknown as IncomingMessage;
  const buffer = { pipe: send } as never;
  const method = request.method ?? 'GET';
  proxy.web(view, RESPONSE, { target: TARGET, agent: lines, method, buffer, selfHandleResponse: true }, failed);
};
