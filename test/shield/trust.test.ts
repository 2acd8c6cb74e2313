import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { connect as secureConnect } from 'node:tls';
import { createFaultServer, type FaultServer } from '../fault-server.ts';
import { Authority } from '../kit/certificates.ts';
import { until } from '../poll.ts';
import { post, type RawExchange, rawCall } from '../raw-call.ts';
import { header } from '../request-reader.ts';
import { configFor, type Started, startGateway } from '../start.ts';
import { withoutTool } from '../tools.ts';

const hook = (...extra: string[]): Buffer => post('/apps/EchoApp/connect', '{"appKey":"a"}', extra);
const V1 = 'PROXY TCP4 203.0.113.7 127.0.0.1 55555 443\r\n';
const V2 = Buffer.from('0d0a0d0a000d0a515549540a2111000ccb0071077f000001d90301bb', 'hex');

let backEnd: FaultServer;
before(async () => {
  backEnd = await createFaultServer();
});
after(() => backEnd.close());

const withGateway = async (root: object, run: (gateway: Started) => Promise<void>): Promise<void> => {
  const gateway = await startGateway(configFor([backEnd.url], {}, root as Record<string, unknown>));
  backEnd.reset();
  try {
    await run(gateway);
  } finally {
    await gateway.close();
  }
};

const forwarded = (name: 'For' | 'Proto' | 'Host'): string[] =>
  backEnd.requests.map(({ headers }) => header(headers, `x-forwarded-${name.toLowerCase()}`) ?? '');

const statusOf = ({ answers }: RawExchange) => answers[0]?.status;
/** In two parts, which only node:http reads. */
const apart = (bytes: Buffer): readonly Buffer[] => [bytes.subarray(0, 30), bytes.subarray(30)];

describe('trustedProxies', () => {
  const told = ['X-Forwarded-For: 6.6.6.6, 203.0.113.7', 'X-Forwarded-Proto: https', 'X-Forwarded-Host: app.example'];

  for (const [way, of] of [
    ['the fast path', (bytes: Buffer) => bytes],
    ['node:http', apart],
  ] as const) {
    test(`are believed about the client, through ${way}; it goes to the back-end alone, without what was made up`, () =>
      withGateway({ trustedProxies: ['127.0.0.0/8'] }, async ({ port }) => {
        assert.equal(statusOf(await rawCall(port, of(hook(...told)))), 200);
        assert.equal(statusOf(await rawCall(port, of(hook('Forwarded: for=203.0.113.8;proto=https')))), 200);
        assert.deepEqual(forwarded('For'), ['203.0.113.7', '203.0.113.8']);
        assert.deepEqual(forwarded('Proto'), ['https', 'https']);
        assert.deepEqual(forwarded('Host'), ['app.example', '127.0.0.1']);
      }));

    test(`others are not believed, through ${way}`, () =>
      withGateway({ trustedProxies: ['10.0.0.0/8'] }, async ({ port }) => {
        assert.equal(statusOf(await rawCall(port, of(hook(...told)))), 200);
        assert.deepEqual(
          [forwarded('For'), forwarded('Proto'), forwarded('Host')],
          [['127.0.0.1'], ['http'], ['127.0.0.1']],
        );
      }));

    test(`wcs.addresses is held against the client behind them, through ${way}`, () =>
      withGateway(
        { trustedProxies: ['127.0.0.1'], wcs: { addresses: ['203.0.113.7'] } },
        async ({ port, breakwater }) => {
          assert.equal(statusOf(await rawCall(port, of(hook('X-Forwarded-For: 203.0.113.7')))), 200);
          assert.equal(statusOf(await rawCall(port, of(hook('X-Forwarded-For: 203.0.113.7, 203.0.113.9')))), 403);
          assert.equal(statusOf(await rawCall(port, of(hook()))), 403);
          assert.equal(
            statusOf(await rawCall(port, of(hook('Forwarded: for=203.0.113.7', 'X-Forwarded-For: 1.1.1.1')))),
            403,
          );
          assert.equal(breakwater.metrics.snapshot().rejected.not_allowed, 3);
        },
      ));
  }

  test('leave whole requests to the fast path', () =>
    withGateway({ trustedProxies: ['127.0.0.1'] }, async ({ port }) => {
      let byNode = 0;
      const count = () => void byNode++;
      subscribe('http.server.request.start', count);
      for (let i = 0; i < 3; i++)
        assert.equal(statusOf(await rawCall(port, hook(`X-Forwarded-For: 203.0.113.${i}`))), 200);
      unsubscribe('http.server.request.start', count);
      assert.equal(byNode, 0);
      assert.deepEqual(forwarded('For'), ['203.0.113.0', '203.0.113.1', '203.0.113.2']);
    }));

  test('change with a reload', () =>
    withGateway({ trustedProxies: ['10.0.0.1'] }, async ({ port, breakwater }) => {
      await rawCall(port, hook('X-Forwarded-For: 203.0.113.7'));
      breakwater.reload(configFor([backEnd.url], {}, { trustedProxies: ['127.0.0.1'] }));
      await rawCall(port, hook('X-Forwarded-For: 203.0.113.7'));
      assert.deepEqual(forwarded('For'), ['127.0.0.1', '203.0.113.7']);
    }));
});

describe('proxyProtocol', () => {
  const closed = ({ answers, ended }: RawExchange) => answers.length === 0 && (ended === 'closed' || ended === 'reset');
  const rejected = ({ breakwater }: Started) => breakwater.metrics.snapshot().rejected.proxy_header ?? 0;

  for (const [version, start] of [
    ['1', Buffer.from(V1)],
    ['2', V2],
  ] as const) {
    test(`version ${version} tells the client, in one packet with the request or byte by byte`, () =>
      withGateway({ proxyProtocol: true }, async ({ port }) => {
        const bytes = [...start].map(byte => Buffer.from([byte]));
        assert.equal(statusOf(await rawCall(port, Buffer.concat([start, hook()]))), 200);
        assert.equal(statusOf(await rawCall(port, [...bytes, hook()], { pauseMs: 1 })), 200);
        assert.equal(
          statusOf(await rawCall(port, [Buffer.concat([start, hook().subarray(0, 20)]), hook().subarray(20)])),
          200,
        );
        assert.deepEqual(forwarded('For'), ['203.0.113.7', '203.0.113.7', '203.0.113.7']);
      }));
  }

  test('LOCAL and UNKNOWN leave the address of the connection', () =>
    withGateway({ proxyProtocol: true }, async ({ port }) => {
      const local = Buffer.from('0d0a0d0a000d0a515549540a20000000', 'hex');
      for (const start of [local, Buffer.from('PROXY UNKNOWN\r\n')])
        assert.equal(statusOf(await rawCall(port, Buffer.concat([start, hook()]))), 200);
      assert.deepEqual(forwarded('For'), ['127.0.0.1', '127.0.0.1']);
    }));

  test('a connection without one, with a broken one or with half of one is closed and counted, one that says nothing is not', () =>
    withGateway({ proxyProtocol: true }, async gateway => {
      for (const bytes of [hook(), Buffer.from('PROXY TCP4 1.2.3.4\r\n'), Buffer.from(`${V1.slice(0, 10)}\r\n`)])
        assert.ok(closed(await rawCall(gateway.port, bytes)), bytes.toString());
      assert.equal(rejected(gateway), 3);
      const half = connect(gateway.port, '127.0.0.1').on('error', () => {});
      half.end(V1.slice(0, 20));
      await until(() => rejected(gateway) === 4, { what: 'half a header is counted' });
      const silent = connect(gateway.port, '127.0.0.1');
      silent.end();
      await until(() => silent.resume().closed, { what: 'the silent one is closed' });
      assert.equal(rejected(gateway), 4);
      assert.equal(backEnd.count, 0);
      assert.equal(gateway.breakwater.held.visits, 0);
    }));

  test('is believed from trusted proxies alone, and held against wcs.addresses', async () => {
    await withGateway({ proxyProtocol: true, trustedProxies: ['10.0.0.1'] }, async gateway => {
      assert.ok(closed(await rawCall(gateway.port, Buffer.concat([V2, hook()]))));
      assert.equal(rejected(gateway), 1);
    });
    await withGateway({ proxyProtocol: true, wcs: { addresses: ['203.0.113.7'] } }, async ({ port }) => {
      assert.equal(statusOf(await rawCall(port, Buffer.concat([V2, hook()]))), 200);
      const other = V1.replace('203.0.113.7', '203.0.113.8');
      assert.equal(statusOf(await rawCall(port, Buffer.concat([Buffer.from(other), hook()]))), 403);
    });
  });

  test('comes before TLS', { skip: withoutTool('openssl') }, async () => {
    const authority = new Authority();
    await withGateway({ proxyProtocol: true, tls: authority.issue('gateway') }, async gateway => {
      const open = (start: Buffer | string) => () => {
        const socket = connect(gateway.port, '127.0.0.1');
        socket.write(start);
        return secureConnect({ socket, ca: authority.pem, host: '127.0.0.1' });
      };
      assert.equal(statusOf(await rawCall(0, hook(), { open: open(V2) })), 200);
      assert.equal(statusOf(await rawCall(0, apart(hook()), { open: open(V1) })), 200);
      assert.deepEqual(
        [forwarded('For'), forwarded('Proto')],
        [
          ['203.0.113.7', '203.0.113.7'],
          ['https', 'https'],
        ],
      );
      assert.ok(closed(await rawCall(0, hook(), { open: open('') })));
      assert.equal(rejected(gateway), 1);
    });
    authority.remove();
  });
});
