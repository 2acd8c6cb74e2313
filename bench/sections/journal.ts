import { print } from '../figures.ts';
import { measureAcknowledgement } from '../journal/acknowledge.ts';
import { measureBacklog } from '../journal/backlog.ts';
import { type Outcome, type Section, shown } from '../section.ts';

/** What it costs to store events before they are acknowledged, and to have many of them. */
export const journal: Section = {
  name: 'journal',
  title: 'The journal of events',
  run: async (bench): Promise<Outcome> => {
    const stored = await measureAcknowledgement(bench);
    const backlog = await measureBacklog(bench);
    return {
      tables: [stored.table, backlog.table],
      verdicts: [
        shown('an event stored at 500/s, p99 ms', print(stored.p99)),
        shown('highest pace of events that was held, /s', print(stored.held)),
        shown('added to the event loop p99 by storing 500/s, ms', print(stored.loopMs)),
        shown('opening a journal with a backlog, ms', print(backlog.openMs)),
        shown('lease with a backlog, ms', print(backlog.leaseMs)),
      ],
    };
  },
};
