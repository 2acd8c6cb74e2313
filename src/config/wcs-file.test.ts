import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { layUnder, readWcsFile } from './wcs-file.ts';

const FOLDER = mkdtempSync(join(tmpdir(), 'breakwater-wcs-file-'));
after(() => rmSync(FOLDER, { recursive: true }));
const CONFIG = join(FOLDER, 'breakwater.yaml');

const read = (content: string | Buffer) => {
  writeFileSync(join(FOLDER, 'wcs.properties'), content);
  return readWcsFile({ wcs: { properties: 'wcs.properties' } }, CONFIG);
};

/** What holds once `wcs` of the configuration lies over the file. */
const over = (content: string, wcs: object = {}) => {
  const { data, fromWcs } = layUnder({ listen: 'x', wcs }, read(content).wcsFile);
  return { listen: data.listen, wcs: data.wcs, from: Object.fromEntries(fromWcs) };
};

const SIGNED = 'rest_hook_send_hash=true\nrest_hook_secret_key=key\n';

test('no file is read where none is named', () => {
  for (const data of [{}, { wcs: {} }]) {
    assert.deepEqual(readWcsFile(data, CONFIG), { wcsFile: undefined, findings: [] });
  }
});

test('its path counts from the folder of the configuration', () => {
  assert.equal(read('rest_request_timeout=7').wcsFile?.settings.requestTimeout?.value, 7);
  const absolute = readWcsFile({ wcs: { properties: join(FOLDER, 'wcs.properties') } }, '/elsewhere/breakwater.yaml');
  assert.equal(absolute.wcsFile?.settings.requestTimeout?.value, 7);
});

test('a file that is missing, a folder or too large is told at wcs.properties, with the remedy', () => {
  mkdirSync(join(FOLDER, 'folder'));
  writeFileSync(join(FOLDER, 'large'), '#'.repeat(2 ** 20 + 1));
  const messageOf = (properties: string) => readWcsFile({ wcs: { properties } }, CONFIG).findings;
  const expected = (message: string) => [
    { path: ['wcs', 'properties'], message: `${message}; write the path of WCS's flashphoner.properties` },
  ];
  assert.deepEqual(
    messageOf('missing'),
    expected(
      `missing does not exist, looked for at ${join(FOLDER, 'missing')}, as paths count from the folder of the configuration`,
    ),
  );
  assert.deepEqual(messageOf('folder'), expected('folder is a folder, not a file'));
  assert.deepEqual(messageOf('large'), expected('large has 1048577 bytes, and at most 1048576 are read'));
});

test('a bad value is told with the line of the file, and the good ones are kept', () => {
  const { wcsFile, findings } = read('rest_hook_send_hash=true\nrest_request_timeout=soon');
  assert.deepEqual(findings, [
    {
      path: ['wcs', 'properties'],
      message: 'wcs.properties:2: rest_request_timeout is "soon"; WCS wants a whole number of at most 999999',
    },
  ]);
  assert.equal(wcsFile?.settings.signs?.value, true);
});

test('UTF-8, with a byte order mark or without, and Latin-1 are understood', () => {
  const text = 'rest_hook_secret_key=schlüssel';
  const encoded = [Buffer.from(text), Buffer.from(`\uFEFF${text}`), Buffer.from(text, 'latin1')];
  for (const bytes of encoded) assert.equal(read(bytes).wcsFile?.settings.secret?.value, 'schlüssel');
});

test('what the configuration does not say comes from the file, with its line', () => {
  assert.deepEqual(over(`rest_request_timeout=10\n${SIGNED}`), {
    listen: 'x',
    wcs: { requestTimeout: '10s', secret: 'key' },
    from: { requestTimeout: 'wcs.properties:1', secret: 'wcs.properties:3' },
  });
});

test('what the configuration says counts', () => {
  const wcs = { requestTimeout: 0, secret: ['mine'] };
  assert.deepEqual(over(`rest_request_timeout=10\n${SIGNED}`, wcs), { listen: 'x', wcs, from: {} });
});

test('a WCS that never gives up is said as the configuration says it', () => {
  assert.deepEqual(over('rest_request_timeout=0').wcs, { requestTimeout: 0 });
});

test('the key of the file is no secret while WCS does not sign with it', () => {
  for (const head of ['', 'rest_hook_send_hash=false\n']) {
    assert.deepEqual(over(`${head}rest_hook_secret_key=key`).wcs, {}, head);
  }
  assert.deepEqual(over('rest_hook_send_hash=true').wcs, {});
});

test('without a file the data stays as it is', () => {
  assert.deepEqual(layUnder({ wcs: { secret: 's' } }, undefined).data, { wcs: { secret: 's' } });
});
