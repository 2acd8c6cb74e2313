import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { createFaultServer, FAULTS } from './fault-server.ts';
import { until } from './poll.ts';
import { post, rawCall } from './raw-call.ts';
import { compact } from './samples.ts';
import { APP, configFor, type Started, startGateway } from './start.ts';

const ANSWER = '{"from":"the back-end"}';
const DTMF = compact('derived/sendDtmf.request.json');
const PUBLISH = compact('publishStream.request.json');
const STATUS = compact('StreamStatusEvent.request.json');

/** A back-end that answers when the test says so. */
class HeldBackEnd {
  readonly #server: Server;
  readonly #waiting: ServerResponse[] = [];
  count = 0;

  constructor() {
    this.#server = createServer((request, response) => {
      request.resume().on('end', () => {
        this.count++;
        this.#waiting.push(response);
      });
    });
  }

  async start(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  answer(): void {
    for (const response of this.#waiting.splice(0)) response.setHeader('Content-Type', 'application/json').end(ANSWER);
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

let backEnd: HeldBackEnd;
let gateway: Started;

beforeEach(async () => {
  backEnd = new HeldBackEnd();
  gateway = await startGateway(configFor([await backEnd.start()], { limit: '5s' }));
});

afterEach(async () => {
  await gateway.close();
  backEnd.close();
});

/** What `breakwater_repeats_total` counts for `hook`. */
const repeatsOf = async (hook: string): Promise<Record<string, number>> => {
  const text = await (await fetch(`${gateway.breakwater.adminUrl}/metrics`)).text();
  const pattern = new RegExp(
    `^breakwater_repeats_total\\{app="EchoApp",hook="${hook}",result="(\\w+)"\\} (\\d+)$`,
    'gm',
  );
  const counts = [...text.matchAll(pattern)].map(([, result = '', count]) => [result, Number(count)] as const);
  return Object.fromEntries(counts.filter(([, count]) => count > 0));
};

/** Sends `bytes` on a connection of its own and reads nothing. */
const send = async (bytes: Buffer): Promise<Socket> => {
  const socket = connect(gateway.port, '127.0.0.1').on('error', () => {});
  await once(socket, 'connect');
  socket.write(bytes);
  return socket;
};

const reached = (count: number): Promise<boolean> =>
  until(() => backEnd.count >= count, { what: `${count} requests at the back-end`, everyMs: 1 });
const visits = (count: number): Promise<boolean> =>
  until(() => gateway.breakwater.held.visits === count, { what: `${count} requests at the gateway`, everyMs: 1 });

const BREAKS: Readonly<Record<string, (socket: Socket) => void>> = {
  'is reset': socket => void socket.resetAndDestroy(),
  ends: socket => void socket.destroy(),
};

/** An empty field is nothing for the fast path. */
const WAYS: Readonly<Record<string, (hook: string, body: Buffer) => Buffer>> = {
  'the fast path': (hook, body) => post(`${APP.path}/${hook}`, body),
  'node:http': (hook, body) => post(`${APP.path}/${hook}`, body, ['X-A:']),
};

for (const [how, breakOff] of Object.entries(BREAKS))
  for (const [way, write] of Object.entries(WAYS))
    describe(`a connection that ${how}, on ${way}`, () => {
      for (const [hook, body] of [
        ['publishStream', PUBLISH],
        ['StreamStatusEvent', STATUS],
        ['sendDtmf', DTMF],
      ] as const)
        test(`${hook}: the same bytes again join what the back-end is working on`, async () => {
          const socket = await send(write(hook, body));
          await reached(1);
          breakOff(socket);
          const repeat = rawCall(gateway.port, write(hook, body));
          await until(async () => (await repeatsOf(hook)).joined === 1, { what: 'the repeat', everyMs: 1 });
          backEnd.answer();
          const { answers } = await repeat;
          assert.deepEqual(
            answers.map(answer => [answer.status, answer.body.toString()]),
            [[200, ANSWER]],
          );
          assert.equal(backEnd.count, 1);
          assert.deepEqual(await repeatsOf(hook), { joined: 1 });
        });

      test('an answer that comes before the client is back waits for it, once', async () => {
        const socket = await send(write('sendDtmf', DTMF));
        await reached(1);
        breakOff(socket);
        await visits(0);
        backEnd.answer();
        await until(() => gateway.breakwater.held.inflight === 0, { what: 'the answer', everyMs: 1 });
        const { answers } = await rawCall(gateway.port, write('sendDtmf', DTMF));
        assert.equal(answers[0]?.body.toString(), ANSWER);
        assert.equal(backEnd.count, 1);
        assert.deepEqual(await repeatsOf('sendDtmf'), { redelivered: 1 });
        const again = rawCall(gateway.port, write('sendDtmf', DTMF));
        await reached(2);
        backEnd.answer();
        assert.equal((await again).answers.length, 1);
        assert.deepEqual(await repeatsOf('sendDtmf'), { redelivered: 1 });
      });

      test('a client that does not come back takes its call off the back-end within 100 ms', async () => {
        const silent = await createFaultServer();
        await silent.setFault(FAULTS.silent);
        gateway.breakwater.reload(
          configFor([silent.url], { limit: '5s', hooks: { sendDtmf: { fallback: ['unavailable'] } } }),
        );
        try {
          const tookMs: number[] = [];
          // 80 ms of it are the grace, and a busy machine adds to the rest: one of a few tries will do.
          while (tookMs.length < 5 && !tookMs.some(ms => ms < 100)) {
            const socket = await send(write('sendDtmf', DTMF));
            const at = tookMs.length;
            await until(() => silent.count === at + 1, { what: 'the call at the back-end', everyMs: 1 });
            const leftAt = performance.now();
            breakOff(socket);
            const end = () => silent.requests[at]?.abandonedAt;
            await until(() => end() !== undefined, { what: 'the end of the call', everyMs: 1 });
            tookMs.push((end() ?? 0) - leftAt);
            await visits(0);
          }
          assert.ok(Math.min(...tookMs) < 100, `${tookMs} ms`);
        } finally {
          await silent.close();
        }
      });
    });

for (const [way, write] of Object.entries(WAYS))
  describe(`on ${way}`, () => {
    test('an answer that meets a reset connection is not lost', async () => {
      const socket = await send(write('sendDtmf', DTMF));
      await reached(1);
      backEnd.answer();
      // Behind the answer's bytes, which node:http writes at the end of this turn: the gateway then hears of the answer
      // first, and learns of the reset when it writes.
      process.nextTick(() => socket.resetAndDestroy());
      await until(() => gateway.breakwater.held.inflight === 0, { what: 'the answer', everyMs: 1 });
      await visits(0);
      const { answers } = await rawCall(gateway.port, write('sendDtmf', DTMF));
      assert.equal(answers[0]?.body.toString(), ANSWER);
      assert.equal(backEnd.count, 1);
      assert.deepEqual(await repeatsOf('sendDtmf'), { redelivered: 1 });
    });

    test('two equal calls that both count reach the back-end both, and the repeat of one of them does not', async () => {
      const bytes = write('sendDtmf', DTMF);
      const [one, other] = [await send(bytes), rawCall(gateway.port, bytes)];
      await reached(2);
      assert.deepEqual(await repeatsOf('sendDtmf'), {});
      one.resetAndDestroy();
      const repeat = rawCall(gateway.port, bytes);
      await until(async () => (await repeatsOf('sendDtmf')).joined === 1, { what: 'the repeat', everyMs: 1 });
      backEnd.answer();
      for (const { answers } of await Promise.all([other, repeat])) assert.equal(answers[0]?.status, 200);
      assert.equal(backEnd.count, 2);
    });

    test('a call that was answered has no repeat: the same bytes later are a call of their own', async () => {
      for (const count of [1, 2]) {
        const call = rawCall(gateway.port, write('StreamStatusEvent', STATUS));
        await reached(count);
        backEnd.answer();
        assert.equal((await call).answers[0]?.status, 200);
      }
      assert.deepEqual(await repeatsOf('StreamStatusEvent'), {});
    });
  });
