import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Wire } from '../kit/wire.ts';
import { APP } from '../start.ts';
import { client, serve, stage } from './stage.ts';

const HOST = 'Host: shop.example';
const PATH = `${APP.path}/x`;
const OK = ['HTTP/1.1 200 OK', 'Content-Length: 2', '', 'ok'];

/** What a wire sends for text of UTF-8: its bytes. The last one of `à` is a blank to JavaScript. */
const bytes = (text: string): string => Buffer.from(text).toString('latin1');
const [VOILA, NAME] = [bytes('voilà'), bytes('отчёт – à.pdf')];
/** A file name in CP1251, which is no UTF-8. */
const OLD_NAME = '\xee\xf2\xf7\xe5\xf2.pdf';
/** All that a field's value may have (RFC 9110 §5.5). */
const ALL = Array.from({ length: 256 }, (_, i) => String.fromCharCode(i))
  .filter(char => /[\t -~\x80-\xff]/.test(char))
  .join('')
  .trim();

const fieldIn = (text: string, name: string): string | undefined =>
  new RegExp(`^${name}: (.*)\r$`, 'm').exec(text)?.[1];

for (const [what, framing, body] of [
  ['without a body', [], ''],
  ['with a length', ['Content-Length: 2'], 'hi'],
  ['in chunks', ['Transfer-Encoding: chunked'], '2\r\nhi\r\n0\r\n\r\n'],
] as const)
  test(`bytes beyond ASCII in the fields of a request ${what} stay as they are`, async () => {
    await serve();
    const wire = client();
    wire.head(`PUT ${PATH} HTTP/1.1`, HOST, ...framing, `X-A: ${VOILA}`, `X-B: ${OLD_NAME}`, `X-All: -${ALL}-`);
    const asked = await stage.backEnd.next();
    assert.equal(fieldIn(asked.text, 'X-A'), VOILA);
    assert.equal(fieldIn(asked.text, 'X-B'), OLD_NAME);
    assert.equal(fieldIn(asked.text, 'X-All'), `-${ALL}-`);
    wire.send(body);
    asked.send(...OK);
    await wire.comes(/ok$/);
  });

const ask = async (): Promise<{ readonly wire: Wire; readonly asked: Wire }> => {
  const wire = client();
  wire.head(`GET ${PATH} HTTP/1.1`, HOST);
  return { wire, asked: await stage.backEnd.next() };
};

test('and so do those of an answer, whether its body comes with it or takes its time', async () => {
  await serve();
  const lines = [
    `HTTP/1.1 200 ${VOILA}`,
    `X-A: ${VOILA}`,
    `X-B: ${OLD_NAME}`,
    `X-All: -${ALL}-`,
    'Content-Length: 2',
    'Connection: close',
  ];
  for (const body of ['ok', undefined]) {
    const { wire, asked } = await ask();
    asked.send(...lines, '', body ?? '');
    await wire.comes(/\r\n\r\n/);
    assert.equal(wire.text.split('\r\n')[0], `HTTP/1.1 200 ${VOILA}`);
    assert.equal(fieldIn(wire.text, 'X-A'), VOILA);
    assert.equal(fieldIn(wire.text, 'X-B'), OLD_NAME);
    assert.equal(fieldIn(wire.text, 'X-All'), `-${ALL}-`);
    if (body === undefined) asked.send('ok');
    await wire.comes(/ok$/);
  }
});

for (const name of [NAME, OLD_NAME])
  test(`a file name for a download (${name.length} bytes) reaches the client as the back-end wrote it`, async () => {
    await serve();
    const disposition = `attachment; filename="${name}"`;
    for (const lines of [
      ['Content-Length: 2', `Content-Disposition: ${disposition}`],
      [`Content-Disposition: ${disposition}`, 'Content-Length: 2'],
    ]) {
      const { wire, asked } = await ask();
      asked.send('HTTP/1.1 200 OK', 'Connection: close', ...lines, '', 'ok');
      assert.equal(fieldIn(await wire.comes(/ok$/), 'Content-Disposition'), disposition);
    }
  });
