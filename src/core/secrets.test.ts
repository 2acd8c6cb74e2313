import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { hideInJson, hideSecrets, isSecretName, withoutQuotedJson } from './secrets.ts';

const NAMES: Readonly<Record<string, boolean>> = {
  ...Object.fromEntries(
    'sipPassword PASSWD userPwd passphrase authToken access_token clientSecret credentials aclAuth Authorization jwt Cookie signature key apiKey api_key X-Api-Key streamKey pin OTP ticket accessCode pw sig'
      .split(' ')
      .map(name => [name, true]),
  ),
  ...Object.fromEntries(
    'appKey app_key publicKey keyframe name login sipLogin pinned spinner hotplug pwm design signal nodeId sessionId sdp'
      .split(' ')
      .map(name => [name, false]),
  ),
};

for (const [name, isSecret] of Object.entries(NAMES))
  test(`${name} ${isSecret ? 'sounds secret' : 'does not sound secret'}`, () =>
    assert.equal(isSecretName(name), isSecret));

const TEXTS: Readonly<Record<string, string>> = {
  'cam?aclAuth=HIDE': 'cam?aclAuth=*',
  'cam?x=1&aclAuth=HIDE&y=2': 'cam?x=1&aclAuth=*&y=2',
  'https://h/?next=%3Ftoken%3DHIDE': 'https://h/?next=%3Ftoken%3D*',
  'x?auth%5Btoken%5D=HIDE': 'x?auth%5Btoken%5D=*',
  'rtsp://admin:HIDE@10.0.0.1:554/cam?channel=1': 'rtsp://*@10.0.0.1:554/cam?channel=1',
  'rtsp://admin:a/HIDE?#@HIDE@h/cam': 'rtsp://*@h/cam',
  'sip:1000:HIDE@sip.example.org': 'sip:1000:*@sip.example.org',
  'sent {"sipPassword":"HIDE HIDE","x":1}': 'sent {"sipPassword":*,"x":1}',
  'sent {\\"token\\":\\"HI\\\\\\"DE\\",\\"x\\":1}': 'sent {\\"token\\":*,\\"x\\":1}',
  '{"token":"HIDE': '{"token":*',
  "password='HIDE HIDE' x": 'password=* x',
  'token: HIDE, apiKey => HIDE and secret = HIDE.': 'token: *, apiKey => * and secret = *',
  'password: HIDE HIDE': 'password: *',
  'password: HIDE HIDE; x=1\nnext': 'password: *; x=1\nnext',
  '/x/token=HIDE/connect': '/x/token=*',
  'x?ticket=HIDE&pw=HIDE&sig=HIDE&accessCode=HIDE&y=1': 'x?ticket=*&pw=*&sig=*&accessCode=*&y=1',
  'A: 1\r\nAuthorization: Custom HIDE HIDE\r\nCookie: a=HIDE; b=HIDE\r\nB: 2':
    'A: 1\r\nAuthorization:*\r\nCookie:*\r\nB: 2',
  'Digest username="1", response="HIDE"': 'Digest *',
  'sent Bearer HIDE to h': 'sent Bearer * to h',
  'eyJhbGciOiJIUzI1NiJ9.HIDE.HIDE': '*',
  'a=ice-ufrag:x\r\na=ice-pwd:HIDE\r\na=crypto:1 AES inline:HIDE\r\n': 'a=ice-ufrag:x\r\na=ice-pwd:*\r\na=crypto:*\r\n',
};

for (const [text, wanted] of Object.entries(TEXTS))
  test(`what is secret in ${JSON.stringify(text)} is hidden`, () => assert.equal(hideSecrets(text, '*'), wanted));

test('what looks like no secret stays', () => {
  const texts = [
    '/192.168.1.38:64604/192.168.1.59:8443',
    'H4gfHeULtX6ddGGUWwZxhUNyqZHUFH8j@192.168.1.59',
    'rtsp://10.0.0.1:554/cam?channel=1&appKey=defaultApp',
    'sip:1000@sip.example.org:5060',
    'Mozilla/5.0 (Windows NT 6.3; WOW64)',
    'v=0\r\no=- 1 2 IN IP4 10.0.0.1\r\na=ice-ufrag:x\r\na=fingerprint:sha-256 AB:CD\r\n',
  ];
  for (const text of texts) assert.equal(hideSecrets(text, '*'), text);
});

test('in JSON the names decide, at any depth, in JSON in texts and in lists of parameters', () => {
  const value = {
    a: [{ token: { b: 1 } }],
    text: ' {"x":{"secret":"HIDE"},"y":1}',
    parameters: [
      { name: 'token', value: 'HIDE' },
      { name: 'colour', value: 'red' },
    ],
    'http://u:HIDE@h/': true,
  };
  assert.deepEqual(hideInJson(value, '*'), {
    a: [{ token: '*' }],
    text: '{"x":{"secret":"*"},"y":1}',
    parameters: [
      { name: 'token', value: '*' },
      { name: 'colour', value: 'red' },
    ],
    'http://*@h/': true,
  });
});

test('the time it takes grows with the length of the text and no faster', () => {
  const parts = [
    'token',
    'pass',
    '//',
    '/',
    'a//',
    'key',
    'eyJ',
    'eyJ-',
    'sip:',
    '"',
    '\\"',
    'token"',
    "pwd='",
    'Digest ',
    'token:"',
    '%5B',
    'a=',
    '@',
    'Authorization',
  ];
  for (const part of parts) {
    const text = part.repeat(65_536 / part.length);
    const startedAt = performance.now();
    hideSecrets(text, '*');
    // Some 10 ms at most; what is quadratic takes minutes.
    assert.ok(performance.now() - startedAt < 5000, JSON.stringify(part));
  }
});

test('what JSON.parse says of a text is told without the text', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (before, behind) => {
      const text = `${before}HIDEME"token":HIDEME,${behind}`;
      try {
        JSON.parse(text);
      } catch (error) {
        const { message, stack = '' } = error as Error;
        assert.doesNotMatch(withoutQuotedJson(message), /HIDE|DEME/);
        assert.doesNotMatch(withoutQuotedJson(stack), /HIDE|DEME/);
      }
    }),
  );
});
