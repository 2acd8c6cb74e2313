import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readWcsSettings } from './flashphoner-properties.ts';

const settingsOf = (text: string) => readWcsSettings(text).settings;
const secretOf = (written: string): string | undefined => settingsOf(`rest_hook_secret_key${written}`).secret?.value;

test('every setting that bears on hooks is read, with its line', () => {
  const text = [
    '# of a server in use',
    'port_from=31001',
    'rest_request_timeout=10',
    'rest_client_request_retry_count=0',
    'rest_client_request_sent_retry_enabled=false',
    'disable_rest_requests=false',
    'rest_hook_send_hash=true',
    'rest_hook_secret_key=0123456789abcdef',
    'keep_alive_streaming_sessions_enabled=true',
    'streaming_sessions_keep_alive_interval=10000',
  ];
  assert.deepEqual(readWcsSettings(text.join('\n')), {
    settings: {
      requestTimeout: { value: 10, line: 3 },
      retries: { value: 0, line: 4 },
      retriesSent: { value: false, line: 5 },
      hooksOff: { value: false, line: 6 },
      signs: { value: true, line: 7 },
      secret: { value: '0123456789abcdef', line: 8 },
      keepAliveInterval: { value: 10_000, line: 10 },
    },
    bad: [],
  });
});

test('a file that says nothing of hooks gives nothing', () => {
  for (const text of ['', '\n\n', '# rest_request_timeout=1', '! rest_request_timeout=1\nother=1']) {
    assert.deepEqual(readWcsSettings(text), { settings: {}, bad: [] }, text);
  }
});

test('key and value part at =, at : or at a blank, with blanks around', () => {
  for (const separator of ['=', ':', ' ', '\t', ' = ', ' :\t', '  ', '=\t']) {
    assert.equal(secretOf(`${separator}k`), 'k', JSON.stringify(separator));
  }
});

test('of a second separator and all behind it the value is made', () => {
  assert.equal(secretOf('=a=b:c d'), 'a=b:c d');
  assert.equal(secretOf(' = = a'), '= a');
});

test('blanks before a key do not count, those at the end of a value do', () => {
  assert.equal(settingsOf('  \trest_hook_secret_key=k').secret?.value, 'k');
  assert.equal(secretOf('=k \t'), 'k \t');
});

test('Java escapes are read in values and in keys', () => {
  assert.equal(secretOf('=\\u0041\\t\\n\\f\\r\\=\\:\\#\\\\\\q\\ b'), 'A\t\n\f\r=:#\\q b');
  assert.equal(settingsOf('rest\\u005frequest_timeout=7').requestTimeout?.value, 7);
});

test('a line that ends in a backslash goes on in the next, without its indent', () => {
  for (const end of ['\n', '\r\n']) {
    assert.equal(secretOf(`=one\\${end}  \ttwo\\${end}three${end}other=1`), 'onetwothree', JSON.stringify(end));
  }
  assert.equal(secretOf('=one\\\\\ntwo=2'), 'one\\');
});

test('# and ! begin a comment at the start of a line only, and a comment does not go on', () => {
  assert.equal(secretOf('=a#b!c'), 'a#b!c');
  assert.equal(settingsOf('# comment \\\nrest_request_timeout=7').requestTimeout?.value, 7);
});

test('lines may end as on Unix, on Windows or on an old Mac', () => {
  for (const end of ['\n', '\r\n', '\r']) {
    const text = ['a=1', '', 'rest_request_timeout=7', 'rest_hook_send_hash=true', ''].join(end);
    const { requestTimeout, signs } = settingsOf(text);
    assert.deepEqual([requestTimeout?.value, signs?.value], [7, true], JSON.stringify(end));
  }
  assert.equal(settingsOf('a=1\r\n\r\nrest_request_timeout=7').requestTimeout?.line, 3);
});

test('of a key that comes twice the last one counts, with its own line', () => {
  const { requestTimeout } = settingsOf('rest_request_timeout=7\nrest_request_timeout=8');
  assert.deepEqual(requestTimeout, { value: 8, line: 2 });
});

test('a key without a value says nothing', () => {
  for (const end of ['', '=', ':', ' ', '=  ']) {
    assert.deepEqual(readWcsSettings(`rest_request_timeout${end}\nrest_hook_secret_key${end}`).settings, {}, end);
  }
});

test('numbers bear blanks, and true and false any case', () => {
  assert.equal(settingsOf('rest_request_timeout = 7  ').requestTimeout?.value, 7);
  assert.equal(settingsOf('rest_hook_send_hash=TRUE').signs?.value, true);
});

test('what is no number or no truth value is told with its line, and all else is read', () => {
  const { settings, bad } = readWcsSettings(
    'rest_request_timeout=15s\nrest_client_request_retry_count=-1\nrest_hook_send_hash=yes\ndisable_rest_requests=true',
  );
  assert.deepEqual(settings, { hooksOff: { value: true, line: 4 } });
  assert.deepEqual(
    bad.map(({ line, message }) => `${line}: ${message}`),
    [
      '1: rest_request_timeout is "15s"; WCS wants a whole number of at most 999999',
      '2: rest_client_request_retry_count is "-1"; WCS wants a whole number of at most 999999',
      '3: rest_hook_send_hash is "yes"; WCS wants true or false',
    ],
  );
});

test('the interval of keep-alives counts only where they are on', () => {
  const interval = 'streaming_sessions_keep_alive_interval=10000';
  for (const text of [interval, `${interval}\nkeep_alive_streaming_sessions_enabled=false`]) {
    assert.equal(settingsOf(text).keepAliveInterval, undefined, text);
  }
});

test('names that every object has are names like others', () => {
  assert.deepEqual(settingsOf('__proto__=1\nconstructor=2\ntoString=3'), {});
});

test('a file of a megabyte that says one thing again and again is read at once', () => {
  const text = 'rest_request_timeout=7\n'.repeat(40_000);
  assert.deepEqual(settingsOf(text).requestTimeout, { value: 7, line: 40_000 });
});
