import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COMMANDS, isCommand, MAIN_USAGE, USAGE, unknownCommand, VERSION } from './usage.ts';

test('the main help names every command, and each command has a help of its own', () => {
  for (const command of COMMANDS) {
    assert.match(MAIN_USAGE, new RegExp(`^ {2}${command}\\b`, 'm'));
    assert.match(USAGE[command], new RegExp(`^Usage: breakwater ${command}\\b`));
    assert.match(USAGE[command], /Exit code: 0 /);
  }
});

test('no line of help is wider than 120 columns', () => {
  const lines = [MAIN_USAGE, ...Object.values(USAGE)].join('').split('\n');
  assert.deepEqual(
    lines.filter(line => line.length > 120),
    [],
  );
});

test('an unknown command is told with the one that was probably meant, or with all', () => {
  assert.equal(isCommand('chek'), false);
  assert.equal(unknownCommand('chek'), 'breakwater: "chek" is no command; did you mean check?\n');
  assert.equal(
    unknownCommand('start'),
    'breakwater: "start" is no command; write one of run, check, explain, events, demo\n',
  );
});

test('the version is that of the package', () => {
  assert.match(VERSION, /^\d+\.\d+\.\d+/);
});
