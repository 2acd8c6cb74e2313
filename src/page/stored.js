import { number, rate, size, span } from './words.js';

/** @import { EventsState } from '../core/events.ts' */

/** How fast it goes. What waits for a later attempt, and what is behind that, may take longer. @param {EventsState} events */
const pace = ({ deliveredPerSecond, drainSeconds }) =>
  drainSeconds === undefined
    ? 'none is delivered now'
    : `${rate(deliveredPerSecond)}/s delivered, at this rate done in ${span(drainSeconds)}`;

/** What is stored of an app, in a sentence. @param {EventsState} events */
export const ofStored = events => {
  const { pending, dead, bytes, oldestSeconds } = events;
  const count = `${number(pending)} ${pending === 1 ? 'waits' : 'wait'} (${size(bytes)})`;
  const oldest = oldestSeconds === undefined ? '' : `, the oldest ${span(oldestSeconds)} old`;
  const waiting = pending === 0 ? 'none waits' : `${count}${oldest}; ${pace(events)}`;
  const given = dead > 0 ? `; ${number(dead)} given up, see breakwater events` : '';
  return `Stored events: ${waiting}${given}.`;
};
