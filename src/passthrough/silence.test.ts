import assert from 'node:assert/strict';
import { beforeEach, mock, test } from 'node:test';
import { Silence } from './silence.ts';

let time = 0;
beforeEach(() => {
  time = 0;
  mock.timers.reset();
  mock.timers.enable({ apis: ['setTimeout'] });
  mock.method(performance, 'now', () => time);
});

const pass = (ms: number): void => {
  for (let i = 0; i < ms; i++) {
    time++;
    mock.timers.tick(1);
  }
};

test('silence is told once it has lasted so long, and again if it goes on', () => {
  let told = 0;
  const silence = new Silence(100, () => told++);
  pass(99);
  assert.equal(told, 0);
  pass(1);
  assert.equal(told, 1);
  pass(100);
  assert.equal(told, 2);
  silence.stop();
  pass(1000);
  assert.equal(told, 2);
});

test('whoever is heard is not silent, and another measure begins anew', () => {
  let told = 0;
  const silence = new Silence(100, () => told++);
  for (let i = 0; i < 10; i++) {
    pass(90);
    silence.hear();
  }
  assert.equal(told, 0);
  silence.allow(20);
  pass(19);
  assert.equal(told, 0);
  pass(1);
  assert.equal(told, 1);
  silence.stop();
});
