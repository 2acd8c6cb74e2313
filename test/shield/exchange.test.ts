import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Wire } from '../kit/wire.ts';
import { until } from '../poll.ts';
import { rawCall } from '../raw-call.ts';
import { header, parseHeaders } from '../request-reader.ts';
import { APP, configFor, readConfig } from '../start.ts';
import { client, serve, stage } from './stage.ts';

const headOf = (text: string) => {
  const [first = '', ...lines] = text.slice(0, text.indexOf('\r\n\r\n')).split('\r\n');
  return { first, fields: parseHeaders(lines) };
};

const all = (fields: readonly string[], name: string): string[] =>
  fields.filter((_, i) => i % 2 === 1 && fields[i - 1]?.toLowerCase() === name.toLowerCase());

const OK = ['HTTP/1.1 200 OK', 'Content-Length: 2', '', 'ok'];

/** Sends lines of a request head, has the back-end answer `ok`, and gives what it was asked. */
const ask = async (...lines: readonly string[]) => {
  const wire = client();
  wire.head(...lines);
  const asked = await stage.backEnd.next();
  asked.send(...OK);
  const text = await wire.comes(/ok$/);
  return { asked: headOf(asked.text), answer: headOf(text), wire };
};

const HOST = 'Host: shop.example';
const get = (path: string, ...more: readonly string[]): string[] => [`GET ${path} HTTP/1.1`, HOST, ...more];

test('a path and a query reach the back-end byte for byte, behind its own path', async () => {
  await serve();
  const target = '//a/./b%2f%2F%7e?x=1?y=%zz&[z]|{"q"}=\'a\'&';
  const { asked } = await ask(...get(`${APP.path}${target}`));
  assert.equal(asked.first, `GET ${APP.path}${target} HTTP/1.1`);
});

test('the path of the app itself, with a query and without, is let through', async () => {
  await serve();
  const { asked } = await ask(...get(`${APP.path}?a=b`));
  assert.equal(asked.first, `GET ${APP.path}?a=b HTTP/1.1`);
});

test('the path of an app alone is that of the whole server at an upstream without one', async () => {
  await serve();
  stage.gateway.breakwater.reload(
    readConfig({ apps: [{ ...APP, upstreams: [stage.backEnd.url], passthrough: true }] }),
  );
  assert.equal((await ask(...get(`${APP.path}?a=b`))).asked.first, 'GET /?a=b HTTP/1.1');
});

for (const method of ['GET', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND', 'QUERY', 'MKCOL']) {
  test(`${method} with a body in chunks keeps both`, async () => {
    await serve();
    const wire = client();
    wire.head(`${method} ${APP.path}/x HTTP/1.1`, HOST, 'Transfer-Encoding: chunked');
    wire.send('5', 'hello', '0', '', '');
    const asked = await stage.backEnd.next();
    await asked.comes(/\r\n0\r\n\r\n$/);
    const { first, fields } = headOf(asked.text);
    assert.equal(first, `${method} ${APP.path}/x HTTP/1.1`);
    assert.equal(header(fields, 'transfer-encoding'), 'chunked');
    assert.equal(header(fields, 'content-length'), undefined);
    assert.equal(asked.body, '5\r\nhello\r\n0\r\n\r\n');
    asked.send(...OK);
    await wire.comes(/ok$/);
  });
}

test('names, order and repeats of fields stay as they came, both ways', async () => {
  await serve();
  const wire = client();
  wire.head(...get(`${APP.path}/x`, 'x-odd-CASE: a', 'Cookie: s=1', 'X-Odd-Case: b', 'Accept-Encoding: br'));
  const asked = await stage.backEnd.next();
  asked.send(
    'HTTP/1.1 200 Fine',
    'Set-Cookie: a=1',
    'x-ODD: 1',
    'Set-Cookie: b=2',
    'X-Odd: 2',
    'Content-Length: 0',
    '',
    '',
  );
  const answer = headOf(await wire.comes(/\r\n\r\n/));
  const { fields } = headOf(asked.text);
  assert.deepEqual(all(fields, 'x-odd-case'), ['a', 'b']);
  assert.ok(fields.includes('x-odd-CASE'));
  assert.equal(header(fields, 'cookie'), 's=1');
  assert.equal(header(fields, 'accept-encoding'), 'br');
  assert.equal(answer.first, 'HTTP/1.1 200 Fine');
  assert.deepEqual(answer.fields.slice(0, 8), ['Set-Cookie', 'a=1', 'x-ODD', '1', 'Set-Cookie', 'b=2', 'X-Odd', '2']);
});

test('hop-by-hop fields stay on their side, those among them that Connection names', async () => {
  await serve();
  const wire = client();
  const hops = ['Keep-Alive: timeout=5', 'TE: trailers', 'Proxy-Authorization: Basic eA==', 'Upgrade: h2c'];
  wire.head(...get(`${APP.path}/x`, 'Connection: close, X-Mine', 'X-Mine: 1', ...hops));
  const asked = await stage.backEnd.next();
  const back = [
    'Connection: X-Theirs',
    'X-Theirs: 1',
    'Proxy-Authenticate: Basic',
    'Keep-Alive: timeout=1',
    'X-Kept: 1',
  ];
  asked.send('HTTP/1.1 200 OK', 'Content-Length: 0', ...back, '', '');
  const answer = headOf(await wire.comes(/\r\n\r\n/));
  const { fields } = headOf(asked.text);
  for (const name of ['keep-alive', 'te', 'proxy-authorization', 'upgrade', 'x-mine'])
    assert.equal(header(fields, name), undefined, name);
  assert.equal(header(fields, 'connection'), 'keep-alive');
  for (const name of ['x-theirs', 'proxy-authenticate']) assert.equal(header(answer.fields, name), undefined, name);
  assert.equal(header(answer.fields, 'x-kept'), '1');
  assert.deepEqual(all(answer.fields, 'connection'), ['close']);
});

test('the back-end learns the call and where it came from, the client who answered', async () => {
  await serve();
  const forged = ['X-Forwarded-For: 9.9.9.9', 'Breakwater-Call-Id: forged', 'Idempotency-Key: mine', 'Via: 1.0 theirs'];
  const { asked, answer } = await ask(...get(`${APP.path}/x`, ...forged));
  const callId = header(asked.fields, 'breakwater-call-id') ?? '';
  assert.match(callId, /^[0-9a-f]{8}-[0-9a-f]{4}-7/);
  assert.equal(header(asked.fields, 'host'), 'shop.example');
  assert.deepEqual(all(asked.fields, 'x-forwarded-for'), ['127.0.0.1']);
  assert.equal(header(asked.fields, 'x-forwarded-host'), 'shop.example');
  assert.equal(header(asked.fields, 'x-forwarded-proto'), 'http');
  assert.equal(header(asked.fields, 'idempotency-key'), 'mine');
  assert.deepEqual(all(asked.fields, 'via'), ['1.0 theirs', '1.1 breakwater']);
  assert.match(header(asked.fields, 'traceparent') ?? '', /^00-[0-9a-f]{32}-/);
  assert.equal(header(answer.fields, 'breakwater-answer'), 'upstream');
  assert.equal(header(answer.fields, 'breakwater-call-id'), callId);
});

const OUT = [
  '/..',
  '/a/../..',
  '/%2e%2e/x',
  '/.%2E/x',
  '/a/..%2f..%2fx',
  '/..%5cx',
  '/..;/x',
  '/a//../../x',
  '/..;a=b',
];
for (const rest of OUT) {
  test(`${rest} leads out of the upstream's path and is refused`, async () => {
    await serve();
    const { answers } = await rawCall(stage.gateway.port, `${get(APP.path + rest).join('\r\n')}\r\n\r\n`);
    assert.equal(answers[0]?.status, 400, rest);
    assert.match(answers[0]?.body.toString() ?? '', /"bad_request"/);
    assert.equal(stage.backEnd.wires.length, 0);
  });
}

test('hooks stay hooks: known names and those of the configuration; all else passes', async () => {
  await serve(true, { hooks: { 'my*': {} } });
  const send = async (method: string, name: string) => {
    const wire = client();
    wire.head(`${method} ${APP.path}/${name} HTTP/1.1`, HOST, 'Content-Length: 2', '', '{}');
    const asked = await stage.backEnd.next();
    asked.send('HTTP/1.1 200 OK', 'Content-Length: 2', 'Connection: close', '', '{}');
    await wire.comes(/\{\}$/);
    asked.socket.destroy();
    return header(headOf(asked.text).fields, 'breakwater-deadline-ms') !== undefined;
  };
  assert.equal(await send('POST', 'connect'), true);
  assert.equal(await send('POST', 'myOwnHook'), true);
  assert.equal(await send('POST', 'login'), false);
  assert.equal(await send('PUT', 'connect'), false);
});

test('without passthrough there is no way but for hooks', async () => {
  await serve(false);
  const { answers } = await rawCall(stage.gateway.port, `${get(`${APP.path}/x`).join('\r\n')}\r\n\r\n`);
  assert.equal(answers[0]?.status, 405);
});

test('a signature is for hooks alone, and no path that a server may take for a hook goes without one', async () => {
  await serve(true, {}, { wcs: { secret: 'a long enough secret' } });
  const { asked } = await ask(...get(`${APP.path}/x`));
  assert.equal(asked.first, `GET ${APP.path}/x HTTP/1.1`);
  const status = async (path: string) => {
    const text = `POST ${path} HTTP/1.1\r\n${HOST}\r\nContent-Length: 2\r\n\r\n{}`;
    return (await rawCall(stage.gateway.port, text)).answers[0]?.status;
  };
  assert.equal(await status(`${APP.path}/connect`), 403);
  for (const name of ['/connect', 'a/../connect', './connect', '%63onnect', 'connect;a', 'connect/', 'CONNECT'])
    assert.equal(await status(`${APP.path}/${name}`), 400, name);
});

test('nor does anything with a body, by whatever method, or by a way around the app', async () => {
  const other = { name: 'other', path: '/other', upstreams: ['http://127.0.0.1:9'], passthrough: true };
  await serve(true, {}, { wcs: { secret: 'a long enough secret' } });
  const { backEnd, gateway } = stage;
  const upstreams = [`${backEnd.url}${APP.path}`];
  const apps = [
    { ...APP, upstreams, passthrough: true },
    { ...other, upstreams: [backEnd.url] },
  ];
  gateway.breakwater.reload(readConfig({ apps, wcs: { secret: 'a long enough secret' } }));
  const status = async (method: string, path: string, body = '{}') => {
    const text = `${method} ${path} HTTP/1.1\r\n${HOST}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    return (await rawCall(gateway.port, text)).answers[0]?.status;
  };
  assert.equal(await status('PUT', `${APP.path}/connect`), 400);
  assert.equal(await status('GET', `${APP.path}/connect`), 400);
  assert.equal(await status('POST', `/other${APP.path}/connect`), 400);
  assert.equal(backEnd.wires.length, 0);
  const { asked } = await ask(...get(`${APP.path}/connect`));
  assert.equal(asked.first, `GET ${APP.path}/connect HTTP/1.1`);
});

test('addresses of WCS are asked of hooks alone', async () => {
  await serve(true, {}, { wcs: { addresses: ['10.1.2.3'] } });
  const { answer } = await ask(...get(`${APP.path}/x`));
  assert.equal(answer.first, 'HTTP/1.1 200 OK');
  const hook = `POST ${APP.path}/connect HTTP/1.1\r\n${HOST}\r\nContent-Length: 2\r\n\r\n{}`;
  assert.equal((await rawCall(stage.gateway.port, hook)).answers[0]?.status, 403);
});

test('HEAD, 204 and 304 have no body, whatever their length says', async () => {
  await serve();
  const wire = client();
  const answer = async (first: string, ...lines: readonly string[]) => {
    const before = wire.text.length;
    wire.head(first, HOST);
    const [asked] = stage.backEnd.wires.length > 0 ? stage.backEnd.wires : [await stage.backEnd.next()];
    await asked?.comes(new RegExp(`${first.split(' ')[1]} HTTP/1.1[\\s\\S]*\r\n\r\n`));
    asked?.send(...lines, '', '');
    await until(() => wire.text.slice(before).includes('\r\n\r\n'), { what: first });
    return wire.text.slice(before);
  };
  const head = await answer(`HEAD ${APP.path}/1 HTTP/1.1`, 'HTTP/1.1 200 OK', 'Content-Length: 1234');
  assert.match(head, /Content-Length: 1234\r\n[\s\S]*\r\n\r\n$/);
  assert.match(await answer(`GET ${APP.path}/2 HTTP/1.1`, 'HTTP/1.1 204 No Content'), /^HTTP\/1.1 204[\s\S]*\r\n\r\n$/);
  const same = await answer(
    `GET ${APP.path}/3 HTTP/1.1`,
    'HTTP/1.1 304 Not Modified',
    'ETag: "a"',
    'Content-Length: 9',
  );
  assert.match(same, /ETag: "a"[\s\S]*\r\n\r\n$/);
  assert.equal(stage.backEnd.wires.length, 1);
});

test('an answer over HTTP/1.0 without a length ends in chunks for a client of today, with the connection for an old one', async () => {
  await serve();
  const answer = async (wire: Wire, version: string): Promise<string> => {
    wire.head(`GET ${APP.path}/x HTTP/${version}`, HOST);
    const asked = await stage.backEnd.next();
    asked.send('HTTP/1.0 200 OK', 'Content-Type: text/plain', '', 'to the end');
    await wire.comes(/to the end/);
    asked.socket.end();
    return asked.text;
  };
  const today = client();
  await answer(today, '1.1');
  await today.comes(/Transfer-Encoding: chunked[\s\S]*to the end\r\n0\r\n\r\n$/);
  const old = client();
  assert.match(await answer(old, '1.0'), /^GET \S+ HTTP\/1\.1\r\n/);
  assert.equal(await old.end(), 'closed');
  assert.doesNotMatch(old.text, /Transfer-Encoding/);
});

test('trailers of an answer pass', async () => {
  await serve();
  const wire = client();
  wire.head(...get(`${APP.path}/x`, 'TE: trailers'));
  const asked = await stage.backEnd.next();
  asked.send('HTTP/1.1 200 OK', 'Trailer: X-Sum', 'Transfer-Encoding: chunked', '', '2', 'ok', '0', 'X-Sum: 9', '', '');
  await wire.comes(/Trailer: X-Sum[\s\S]*2\r\nok\r\n0\r\nX-Sum: 9\r\n\r\n$/);
});

test('trailers are announced only where they can come', async () => {
  await serve();
  const announce = ['HTTP/1.1 200 OK', 'Trailer: X-Sum', 'Transfer-Encoding: chunked'];
  const wire = client();
  wire.head(`HEAD ${APP.path}/x HTTP/1.1`, HOST);
  (await stage.backEnd.next()).head(...announce);
  assert.doesNotMatch(await wire.comes(/^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\n$/), /Trailer/);
  const old = client();
  old.head(`GET ${APP.path}/x HTTP/1.0`, HOST);
  const { wires } = stage.backEnd;
  await until(() => wires.some(({ text }) => text.includes('GET')), { what: 'the second request' });
  wires.find(({ text }) => text.includes('GET'))?.send(...announce, '', '2', 'ok', '0', 'X-Sum: 9', '', '');
  await old.end();
  assert.match(old.text, /^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\nok$/);
});

test('a client that waits for 100 is told to go on once the back-end is there, and not before', async () => {
  await serve();
  const wire = client();
  wire.head(`PUT ${APP.path}/x HTTP/1.1`, HOST, 'Content-Length: 5', 'Expect: 100-continue');
  const asked = await stage.backEnd.next();
  assert.equal(header(headOf(asked.text).fields, 'expect'), undefined);
  await wire.comes(/^HTTP\/1\.1 100 Continue\r\n\r\n/);
  wire.send('hello');
  await asked.comes(/hello$/);
  asked.send(...OK);
  await wire.comes(/ok$/);
});

test('a back-end that is not there is told before any body is sent', async () => {
  await serve();
  stage.backEnd.close();
  const wire = client();
  wire.head(`PUT ${APP.path}/x HTTP/1.1`, HOST, 'Content-Length: 5', 'Expect: 100-continue');
  await wire.comes(/^HTTP\/1\.1 502 /);
});

test('a request that comes byte by byte is the same', async () => {
  await serve();
  const wire = client();
  const text = [`PUT ${APP.path}/x HTTP/1.1`, HOST, 'Content-Length: 5', '', 'hello'].join('\r\n');
  for (const byte of text) {
    wire.send(byte);
    await new Promise(resolve => setImmediate(resolve));
  }
  const asked = await stage.backEnd.next();
  await asked.comes(/hello$/);
  assert.equal(header(headOf(asked.text).fields, 'content-length'), '5');
});

const BAD = {
  'a length and chunks': ['POST /x HTTP/1.1', HOST, 'Content-Length: 5', 'Transfer-Encoding: chunked', '', '0', '', ''],
  'two lengths': ['POST /x HTTP/1.1', HOST, 'Content-Length: 5', 'Content-Length: 6', '', 'hello'],
  'another coding before chunks': ['POST /x HTTP/1.1', HOST, 'Transfer-Encoding: gzip, chunked', '', '0', '', ''],
  'two hosts': ['GET /x HTTP/1.1', HOST, HOST, '', ''],
  'no host': ['GET /x HTTP/1.1', '', ''],
  'another host in the target': ['GET http://a.example/x HTTP/1.1', HOST, '', ''],
  'a fragment': ['GET /x#y HTTP/1.1', HOST, '', ''],
  'a backslash': ['GET /x\\y HTTP/1.1', HOST, '', ''],
  'a folded line': ['GET /x HTTP/1.1', HOST, 'A: b', ' c', '', ''],
} as const;
for (const [what, lines] of Object.entries(BAD)) {
  test(`${what}: 400, and nothing reaches the back-end`, async () => {
    await serve(true, { path: '/' });
    const { answers } = await rawCall(stage.gateway.port, lines.join('\r\n'));
    assert.equal(answers[0]?.status, 400);
    assert.equal(stage.backEnd.wires.length, 0);
  });
}

for (const first of [`TRACE ${APP.path}/x`, 'CONNECT shop.example:443']) {
  const allowed = async () => {
    const { answers } = await rawCall(stage.gateway.port, `${first} HTTP/1.1\r\n${HOST}\r\n\r\n`);
    assert.equal(answers[0]?.status, 405);
    return header(answers[0].headers, 'allow')?.split(', ') ?? [];
  };

  test(`${first}: where other things pass, Allow names what does; where none does, POST alone`, async () => {
    await serve();
    const methods = new Set(await allowed());
    for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'PROPFIND'])
      assert.ok(methods.has(method), method);
    assert.ok(!methods.has('TRACE') && !methods.has('CONNECT'));
    stage.gateway.breakwater.reload(configFor([stage.backEnd.url]));
    assert.deepEqual(await allowed(), ['POST']);
  });
}

test('the absolute form means its path; CONNECT and TRACE are no way in, OPTIONS * is for nobody', async () => {
  await serve();
  const { asked } = await ask(`GET http://shop.example${APP.path}/x?y HTTP/1.1`, HOST);
  assert.equal(asked.first, `GET ${APP.path}/x?y HTTP/1.1`);
  const status = async (first: string) =>
    (await rawCall(stage.gateway.port, `${first} HTTP/1.1\r\n${HOST}\r\n\r\n`)).answers[0]?.status;
  assert.equal(await status('CONNECT shop.example:443'), 405);
  assert.equal(await status(`TRACE ${APP.path}/x`), 405);
  assert.equal(await status('OPTIONS *'), 204);
});

test('what no app has goes where the file says, by its whole path; what an app keeps to itself does not', async () => {
  await serve(false, {}, { passthrough: { upstreams: ['http://127.0.0.1:9/base'] } });
  assert.equal(
    (await rawCall(stage.gateway.port, `GET ${APP.path}/x HTTP/1.1\r\n${HOST}\r\n\r\n`)).answers[0]?.status,
    405,
  );
  const { answers } = await rawCall(stage.gateway.port, `GET /a/b HTTP/1.1\r\n${HOST}\r\n\r\n`);
  assert.equal(answers[0]?.status, 502);
  assert.match(answers[0]?.body.toString() ?? '', /"refused"/);
  const attempt = stage.events.find(event => event.type === 'attempt');
  assert.deepEqual(attempt?.call.route, { ...attempt?.call.route, app: 'passthrough', hook: 'passthrough' });
});
