import { anEvent } from '../../src/delivery/journal-scene.ts';
import { connect } from './use.ts';

/**
 * An instance to be killed. It takes the URL of Redis and what to do: `lease` what there is for so many ms, and hold
 * one event; or `append` one event after the other and tell the id of each once it is acknowledged.
 */
const [url = '', act, leaseMs = '0'] = process.argv.slice(2);
const { journal } = await connect(url);

if (act === 'lease') {
  await journal.append(anEvent({ id: 'held', lane: 'held' }), 3_600_000);
  const leased = await journal.lease('app', 100, Number(leaseMs));
  process.send?.(leased.map(({ id }) => id));
}
while (act === 'append') {
  const event = anEvent();
  await journal.append(event, 0);
  process.send?.([event.id]);
}
