import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { aCall, collectEvents, fakeTime, realTime } from '../../test/kit/hand-played.ts';
import { GatewayError } from '../core/errors.ts';
import { EjectionOptions, Replicas } from './ejection.ts';
import { HealthCheck, HealthOptions } from './health.ts';
import type { Replica } from './replica.ts';

afterEach(realTime);

/** A replica whose checks end as `says` has it at the time. */
const aScene = (options: object = {}) => {
  const time = fakeTime();
  const { emit, events } = collectEvents();
  const group = new Replicas({ app: 'a', emit, options: EjectionOptions.parse({}), slowStartMs: 10_000 });
  const [replica, other] = [group.join('u'), group.join('v')];
  const checked = { asked: 0, closed: 0, says: undefined as string | undefined, until: Promise.resolve(undefined) };
  const check = {
    ask: async () => {
      checked.asked++;
      await checked.until;
      return checked.says;
    },
    close: () => void checked.closed++,
  };
  const health = new HealthCheck(HealthOptions.parse({ path: '/health', ...options }), replica, check);
  return { time, events, replica, other, checked, health };
};

test('it asks about every five seconds, the first time within them, and not after its end', async () => {
  const { time, checked, health } = aScene();
  await time.tick(5_000);
  assert.ok(checked.asked >= 1 && checked.asked <= 2, String(checked.asked));
  await time.tick(50_000);
  assert.ok(checked.asked >= 10 && checked.asked <= 13, String(checked.asked));
  health.close();
  const { asked } = checked;
  await time.tick(20_000);
  assert.deepEqual([checked.asked, checked.closed], [asked, 1]);
});

test('three bad answers in a row take it out until two good ones in a row bring it back', async () => {
  const { time, checked, replica, events, health } = aScene({ interval: '1s' });
  checked.says = 'it answered 503';
  await time.tick(1_750);
  assert.equal(replica.isOut, false);
  checked.says = undefined;
  await time.tick(1_200);
  checked.says = 'it answered 503';
  await time.tick(4_500);
  assert.deepEqual(replica.state(), { out: 'health' });
  assert.deepEqual(
    events.map(event => (event.type === 'ejected' ? event.detail : event.type)),
    ['GET /health: it answered 503'],
  );
  await time.tick(600_000);
  assert.equal(replica.isOut, true);
  checked.says = undefined;
  await time.tick(3_500);
  assert.equal(replica.isOut, false);
  assert.ok(replica.share < 1);
  health.close();
});

test('it brings back early what failed, and leaves out what is slow', async () => {
  const { time, replica, health } = aScene({ interval: '1s' });
  replica.eject('failures', '5 failures in a row');
  await time.tick(3_500);
  assert.equal(replica.isOut, false);
  replica.eject('slow', 'slow');
  await time.tick(9_000);
  assert.equal(replica.reason, 'slow');
  health.close();
});

test('answers to what was asked before an ejection do not bring it back', async () => {
  const { time, checked, replica, health } = aScene({ interval: '1s', healthy: 3 });
  await time.tick(20_000);
  assert.ok(checked.asked > 10);
  replica.eject('failures', '5 failures in a row');
  await time.tick(1_500);
  assert.equal(replica.isOut, true);
  await time.tick(3_000);
  assert.equal(replica.isOut, false);
  health.close();
});

test('nor does the answer that is under way then', async () => {
  const { time, checked, replica, health } = aScene({ interval: '1s', healthy: 1 });
  const { promise, resolve } = Promise.withResolvers<undefined>();
  checked.until = promise;
  await time.tick(1_000);
  replica.eject('failures', '5 failures in a row');
  resolve(undefined);
  await time.tick(500);
  assert.equal(replica.isOut, true);
  await time.tick(1_000);
  assert.equal(replica.isOut, false);
  health.close();
});

test('one that was left out for a while is out until it is well, when the check says so too', async () => {
  const { time, checked, replica, health } = aScene({ interval: '1s', unhealthy: 2 });
  replica.eject('failures', '5 failures in a row');
  checked.says = 'ECONNREFUSED';
  await time.tick(60_000);
  assert.deepEqual(replica.state(), { out: 'health' });
  health.close();
});

test('while a check has one of two out, the other is not taken out as well', async () => {
  const { replica, other, health } = aScene();
  const failing = () => Promise.reject(new GatewayError('reset'));
  const fail = async (each: Replica) => {
    for (let i = 0; i < 20; i++)
      await each
        .layer(failing)(aCall())
        .catch(() => {});
  };
  replica.eject('health', 'GET /health: it answered 503');
  await fail(other);
  assert.equal(other.isOut, false);
  replica.foundWell();
  await fail(other);
  assert.equal(other.isOut, true);
  health.close();
});
