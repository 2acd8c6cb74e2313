import proxy from '@fastify/http-proxy';
import fastify from 'fastify';

/** @fastify/http-proxy with its usual undici client and with timeouts that answer. */
const [port, upstream, limitMs, fallback] = process.argv.slice(2);

const app = fastify();
app.register(proxy, {
  upstream: `http://127.0.0.1:${upstream}`,
  undici: { headersTimeout: Number(limitMs), bodyTimeout: Number(limitMs), connections: 8192 },
  replyOptions: {
    onError: reply => {
      reply.code(200).header('content-type', 'application/json').send(fallback);
    },
  },
});
await app.listen({ port: Number(port), host: '127.0.0.1', backlog: 16_384 });
