import { playCrashes } from '../../test/kit/crash-course.ts';
import { print } from '../figures.ts';
import { never, type Outcome, type Section, shown, type Table } from '../section.ts';

const SESSIONS = 200;
const PER_SECOND = 500;
const DRAIN_WITHIN_MS = 600_000;

/** A gateway that is killed at random moments while events come and its back-end is in trouble. */
export const crash: Section = {
  name: 'crash',
  title: 'Killed with events in hand',
  run: async ({ quick, say }): Promise<Outcome> => {
    const [events, kills, turnMs] = quick ? [1500, 10, 1000] : [10_000, 50, 2000];
    const options = { events, kills, turnMs, sessions: SESSIONS, perSecond: PER_SECOND, say };
    const result = await playCrashes({ ...options, drainWithinMs: DRAIN_WITHIN_MS });
    const answers: Table = {
      title: 'What WCS got',
      head: ['answer', 'events'],
      rows: Object.entries(result.answers)
        .sort(([, one], [, other]) => other - one)
        .map(([answer, times]) => [answer, print(times)]),
      notes: [
        `${print(events)} events of ${SESSIONS} sessions at ${PER_SECOND}/s while somebody listens; the back-end is healthy, down, silent and flapping by turns of ${turnMs / 1000} s; kill -9 at ${kills} random moments, and a start on the same journal at once. Where a connection breaks unanswered the sender repeats up to 3 times at once; where nobody listens it does not.`,
      ],
    };
    const figures: readonly (readonly [string, number])[] = [
      ['acknowledged', result.acknowledged],
      ['acknowledged, and never taken by the back-end', result.lost.length],
      ['pairs of a session that came in another order', result.outOfOrder.length],
      ['taken by the back-end', result.taken],
      ['of them not acknowledged to WCS', result.takenUnacknowledged],
      ['taken once more', result.takenAgain],
      ['of them with the same Breakwater-Call-Id', result.takenAgainSameId],
      ['dead letters', result.dead],
      ['requests repeated by the sender', result.repeatedBySender],
      ['kills', result.kills],
      ['from a kill to the next life, median ms', result.restartMs.median],
      ['from a kill to the next life, worst ms', result.restartMs.worst],
      ['most pending at a look', result.mostPending],
      ['until nothing was pending in the end, ms', result.drainMs],
      ['whole course, s', result.seconds],
    ];
    const course: Table = {
      title: 'What became of the events',
      head: ['what', 'count'],
      rows: figures.map(([what, count]) => [what, print(count)]),
      notes: [...result.lost, ...result.outOfOrder].slice(0, 20),
    };
    return {
      tables: [answers, course],
      verdicts: [
        never(`${kills} kills: acknowledged events that the back-end never got`, result.lost.length),
        never(`${kills} kills: events of a session out of order`, result.outOfOrder.length),
        shown(`${kills} kills: events that the back-end got more than once`, print(result.takenAgain)),
      ],
    };
  },
};
