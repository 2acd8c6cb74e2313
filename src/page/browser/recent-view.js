import { clock, duration, SHAPES, SOURCES } from '../words.js';
import { byId, make, makeCell, say, set } from './dom.js';

/** @import { RecentAnswer } from '../../observability/recent.ts' */

/** One answer; rows stay and take over what the row above said before. */
class RecentRow {
  #time = make('td', { role: 'cell', 'data-label': 'Time' });
  #hook = makeCell('Hook', 'hook');
  #got = makeCell('WCS got', 'state');
  #reason = makeCell('Reason');
  #status = makeCell('Status', 'figure');
  #waited = makeCell('Waited', 'figure');
  #callId = makeCell('Call id', 'id');
  element = make('tr', { role: 'row' }, [
    this.#time,
    this.#hook,
    this.#got,
    this.#reason,
    this.#status,
    this.#waited,
    this.#callId,
  ]);

  /** @param {RecentAnswer} answer */
  show({ at, app, hook, source, reason, status, ms, callId }) {
    const { level } = SOURCES[source];
    say(this.#time, clock(at));
    say(this.#hook, `${app} ${hook}`);
    say(this.#got, `${SHAPES[level]} ${source}`);
    set(this.#got, 'data-level', level);
    say(this.#reason, reason || '–');
    say(this.#status, String(status));
    say(this.#waited, duration(ms));
    say(this.#callId, callId);
  }
}

/** The table of the last answers that were not the back-end's own. */
export class RecentView {
  #table = byId('recent');
  #none = byId('recent-none');
  /** @type {RecentRow[]} */
  #rows = [];

  /** @param {readonly RecentAnswer[]} answers */
  show(answers) {
    this.#table.hidden = answers.length === 0;
    this.#none.hidden = answers.length > 0;
    while (this.#rows.length > answers.length) this.#rows.pop()?.element.remove();
    for (const [at, answer] of answers.entries()) this.#rowAt(at).show(answer);
  }

  /** @param {number} at */
  #rowAt(at) {
    const known = this.#rows[at];
    if (known) return known;
    const row = new RecentRow();
    this.#rows.push(row);
    this.#table.querySelector('tbody')?.append(row.element);
    return row;
  }
}
