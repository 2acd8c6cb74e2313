import { Agent, createServer, ServerResponse } from 'node:http';
import httpProxy from 'http-proxy';

/** http-proxy as it should be run: with an agent of its own, else it opens a connection for each call. */
const [port, upstream, limitMs, fallback] = process.argv.slice(2);

const proxy = httpProxy.createProxyServer({
  target: `http://127.0.0.1:${upstream}`,
  agent: new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY, maxFreeSockets: 4096 }),
  proxyTimeout: Number(limitMs),
});
proxy.on('error', (_error, _request, response) => {
  if (!(response instanceof ServerResponse) || response.headersSent) return;
  response.writeHead(200, { 'content-type': 'application/json' }).end(fallback);
});

createServer((request, response) => proxy.web(request, response))
  .on('upgrade', (request, socket, head) => proxy.ws(request, socket, head))
  .listen(Number(port), '127.0.0.1', 16_384);
