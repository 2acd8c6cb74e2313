import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { WebSocketServer } from 'ws';

const PIECE = Buffer.alloc(1024 * 1024, 'x');
const EVENT_MS = 100;

/** Sends as many bytes as the query says, as fast as they are taken. */
const flood = (response: ServerResponse, bytes: number): void => {
  let left = bytes;
  response.writeHead(200, { 'Content-Length': bytes });
  const pour = (): void => {
    while (left > 0) {
      const piece = left < PIECE.length ? PIECE.subarray(0, left) : PIECE;
      left -= piece.length;
      if (!response.write(piece)) {
        response.once('drain', pour);
        return;
      }
    }
    response.end();
  };
  pour();
};

const swallow = (request: IncomingMessage, response: ServerResponse): void => {
  let bytes = 0;
  request.on('data', chunk => (bytes += chunk.length));
  request.on('end', () => response.end(String(bytes)));
};

const tell = (response: ServerResponse, events: number): void => {
  let left = events;
  response.writeHead(200, { 'Content-Type': 'text/event-stream' });
  const timer = setInterval(() => {
    response.write(`data: ${performance.now()}\n\n`);
    if (--left === 0) response.end();
  }, EVENT_MS);
  response.once('close', () => clearInterval(timer));
};

/** What the process that is client and back-end in one knows of the back-end's side: both have one clock. */
export interface BackEnd {
  /** Told when a request that is never answered has come, with what tells when it has ended. */
  onHeld: (ended: Promise<number>) => void;
  close(): void;
}

/** A back-end whose paths say what it does: /bytes?N, /sink, /events?N, /hold; all else is answered at once. */
export const openBackEnd = (port: number): Promise<BackEnd> => {
  const backEnd: BackEnd = { onHeld: () => {}, close: () => server.close() };
  const server = createServer((request, response) => {
    const { pathname, search } = new URL(request.url ?? '/', 'http://back-end');
    const count = Number(search.slice(1));
    if (pathname.endsWith('/bytes')) flood(response, count);
    else if (pathname.endsWith('/sink')) swallow(request, response);
    else if (pathname.endsWith('/events')) tell(response, count);
    else if (pathname.endsWith('/hold'))
      backEnd.onHeld(new Promise(resolve => response.once('close', () => resolve(performance.now()))));
    else response.end('small');
  });
  const sockets = new WebSocketServer({ server, perMessageDeflate: false });
  sockets.on('connection', socket => {
    socket.on('error', () => {});
    socket.on('message', data => socket.send(data, { binary: false }));
  });
  return new Promise(resolve => server.listen(port, '127.0.0.1', 16_384, () => resolve(backEnd)));
};
