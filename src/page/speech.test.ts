import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inWords, Speech } from './speech.js';

test('a change after a calm is said at once, others five seconds after the last', () => {
  const speech = new Speech();
  assert.equal(speech.next('well', 0), 'well');
  assert.equal(speech.next('well', 60_000), 'well');
  assert.equal(speech.next('down', 60_001), 'down');
  assert.equal(speech.next('well', 61_000), 'down');
  assert.equal(speech.next('well', 65_001), 'well');
});

test('what is not known any more is not said on', () => {
  const speech = new Speech();
  assert.equal(speech.next('', 0), '');
  speech.next('well', 1);
  assert.equal(speech.next('', 2), '');
});

test('an app is said in words, without figures', () => {
  const backEnd = { level: 'bad', word: 'Down', sentence: '3 calls' } as const;
  const wcs = { level: 'warn', word: '7 % from the gateway', sentence: '' } as const;
  assert.equal(inWords('One', backEnd, wcs), 'One: back-end Down, WCS gets answers of the gateway.');
});
