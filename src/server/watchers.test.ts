import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { afterEach, test } from 'node:test';
import { fakeTime, realTime } from '../../test/kit/hand-played.ts';
import type { Event } from '../core/events.ts';
import { MAX_WATCHERS, Watchers } from './watchers.ts';

afterEach(realTime);

/** A response whose reader the test plays: what waits for it is what the test says. */
class HandPlayedResponse extends EventEmitter {
  writableLength = 0;
  readonly written: string[] = [];
  isDestroyed = false;
  hasEnded = false;

  writeHead(): void {}

  write(text: string | Buffer): void {
    this.written.push(String(text));
  }

  end(text: string): void {
    this.hasEnded = true;
    this.write(text);
  }

  destroy(): void {
    this.isDestroyed = true;
    this.emit('close');
  }

  get text(): string {
    return this.written.join('');
  }

  get asResponse(): ServerResponse {
    return this as unknown as ServerResponse;
  }
}

const setUp = (padding = '') => {
  const time = fakeTime();
  const events: Event[] = [];
  const asked = { samples: 0, count: 0, fails: false };
  const feed = {
    sample: async () => {
      if (asked.fails) throw new RangeError('broken');
      return { number: ++asked.samples, padding };
    },
    status: async () => ({ is: 'well' }),
    recent: () => ({ count: asked.count, answers: [{ callId: `c${asked.count}` }] }),
  };
  const watchers = new Watchers(feed, event => void events.push(event));
  const join = () => {
    const response = new HandPlayedResponse();
    watchers.add(response.asResponse);
    return response;
  };
  return { time, events, asked, watchers, join };
};

const framesOf = (text: string, event: string): number => text.split(`event: ${event}\n`).length - 1;

test('nothing is looked at until somebody watches, nor two minutes after the last one left', async () => {
  const { time, asked, join } = setUp();
  await time.tick(5000);
  assert.equal(asked.samples, 0);
  const response = join();
  await time.tick(3000);
  assert.equal(asked.samples, 4);
  response.destroy();
  await time.tick(300_000);
  const { samples } = asked;
  assert.ok(samples > 100 && samples < 130, String(samples));
  await time.tick(300_000);
  assert.equal(asked.samples, samples);
});

test('a second of all is sampled once, and who comes later gets what was sampled before', async () => {
  const { time, join } = setUp();
  const first = join();
  await time.tick(4000);
  const second = join();
  assert.equal(framesOf(first.text, 'sample'), 4);
  assert.equal(framesOf(second.text, 'sample'), 4);
  await time.tick(1000);
  assert.equal(first.written.at(-1), second.written.at(-1));
});

test('what is kept for those who come later has a bound in number and in size', async () => {
  const many = setUp();
  many.join();
  await many.time.tick(500_000);
  assert.equal(framesOf(many.join().text, 'sample'), 120);
  const large = setUp('x'.repeat(100_000));
  large.join();
  await large.time.tick(60_000);
  const { text } = large.join();
  assert.ok(text.length < 600_000, `${text.length} characters`);
});

test('the last answers are sent when they change, and only then', async () => {
  const { time, asked, join } = setUp();
  const response = join();
  await time.tick(3000);
  assert.equal(framesOf(response.text, 'recent'), 1);
  asked.count++;
  await time.tick(2000);
  assert.equal(framesOf(response.text, 'recent'), 2);
});

test('who does not read misses frames, gets the last answers again when he reads, and others miss nothing', async () => {
  const { time, asked, join } = setUp();
  const [slow, quick] = [join(), join()];
  slow.writableLength = 2_000_000;
  const before = slow.written.length;
  asked.count++;
  await time.tick(5000);
  assert.equal(slow.written.length, before);
  assert.equal(framesOf(quick.text, 'sample'), 5);
  slow.writableLength = 0;
  await time.tick(1000);
  assert.match(slow.written.at(-1) ?? '', /event: recent\ndata: \[\{"callId":"c1"\}\]/);
});

test('who has not read for 15 s is let go, and his place is free', async () => {
  const { time, watchers, join } = setUp();
  const slow = join();
  slow.writableLength = 2_000_000;
  await time.tick(14_000);
  assert.equal(slow.isDestroyed, false);
  await time.tick(3000);
  assert.equal(slow.isDestroyed, true);
  assert.equal(watchers.size, 0);
});

test('there are so many places and no more, and none once it is closed', () => {
  const { watchers, join } = setUp();
  const responses = Array.from({ length: MAX_WATCHERS }, join);
  assert.equal(watchers.isFull, true);
  responses[0]?.destroy();
  assert.equal(watchers.isFull, false);
  watchers.close();
  assert.equal(watchers.isFull, true);
  assert.ok(responses.slice(1).every(({ hasEnded }) => hasEnded));
});

test('a look that fails is told, and the next one is taken', async () => {
  const { time, asked, events, join } = setUp();
  const response = join();
  asked.fails = true;
  await time.tick(1000);
  assert.equal(events[0]?.type, 'defect');
  asked.fails = false;
  await time.tick(1000);
  assert.equal(framesOf(response.text, 'sample'), 1);
});
