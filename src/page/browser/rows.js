import { attemptLayers, sourceLayers, waitLayers } from '../drawing.js';
import { allAnswers, allAttempts, countOf, hookIn, secondsOf, upstreamIn } from '../history.js';
import { sharesOf } from '../verdict.js';
import { duration, percent, rate, SHAPES, span, standing } from '../words.js';
import { make, makeCell, Strip, say, set } from './dom.js';

/**
 * @import { HookStatus, UpstreamStatus } from '../../observability/status.ts'
 * @import { History } from '../history.js'
 * @import { Level } from '../words.js'
 */

const FIGURE_SECONDS = 10;

/** @type {Readonly<Record<UpstreamStatus['breaker'], Level>>} */
const BREAKER_LEVELS = { closed: 'ok', 'half-open': 'warn', open: 'bad' };

/** @param {string} label */
const figure = label => makeCell(label, 'figure');

/** @param {HTMLElement} head @param {readonly HTMLElement[]} cells */
const makeRow = (head, cells) => make('tr', { role: 'row' }, [head, ...cells]);

const makeHead = () => make('th', { role: 'rowheader', scope: 'row' });

/** One back-end address. */
export class UpstreamRow {
  #head = makeHead();
  #breaker = makeCell('Breaker', 'state');
  #strip = new Strip('attempts');
  #figures = ['Answered/s', 'Failed/s', 'p50', 'p99', 'Out', 'Queued'].map(figure);
  element = makeRow(this.#head, [
    this.#breaker,
    makeCell('Attempts', 'drawn', [this.#strip.element]),
    ...this.#figures,
  ]);

  /** @param {{ app: string, status: UpstreamStatus, history: History, top: number }} item */
  show({ app, status, history, top }) {
    say(this.#head, status.upstream);
    this.#showBreaker(status);
    const pick = upstreamIn(app, status.upstream);
    const samples = history.last(FIGURE_SECONDS);
    const { answered, failed, ms } = allAttempts(samples, pick);
    // What fails at once would look like a quick answer.
    const times = answered > 0 ? ms : undefined;
    const seconds = secondsOf(samples);
    const figures = [rate(answered / seconds), rate(failed / seconds), duration(times?.[0]), duration(times?.[1])];
    for (const [at, text] of [...figures, `${status.inflight} of ${status.limit}`, String(status.queued)].entries())
      say(/** @type {Element} */ (this.#figures[at]), text);
    this.#strip.draw(
      attemptLayers(history.slots(pick), top),
      `attempts in the last two minutes; now ${figures[0]} answered and ${figures[1]} failed a second`,
    );
  }

  /** @param {UpstreamStatus} status */
  #showBreaker(status) {
    const { breaker, probesInMs } = status;
    const place = standing(status);
    const level = place && breaker === 'closed' ? 'warn' : BREAKER_LEVELS[breaker];
    set(this.#breaker, 'data-level', level);
    const wait = probesInMs === undefined ? '' : `, probes in ${span(Math.ceil(probesInMs / 1000))}`;
    say(this.#breaker, `${SHAPES[level]} ${breaker}${wait}${place && `; ${place}`}`);
  }
}

/** One hook. */
export class HookRow {
  #head = makeHead();
  #waits = new Strip('waits');
  #sources = new Strip('sources');
  #waited = ['p50', 'p99', 'Limit'].map(figure);
  #got = ['a second', "not back-end's", 'Hedge after'].map(figure);
  element = makeRow(this.#head, [
    makeCell('How long WCS waits', 'drawn', [this.#waits.element]),
    ...this.#waited,
    makeCell('What WCS gets', 'drawn', [this.#sources.element]),
    ...this.#got,
  ]);

  /** @param {{ app: string, status: HookStatus, history: History }} item */
  show({ app, status, history }) {
    say(this.#head, status.hook);
    const pick = hookIn(app, status.hook);
    const samples = history.last(FIGURE_SECONDS);
    const { answers, own, others } = allAnswers(samples, pick);
    const slots = history.slots(pick);
    const [p50, p99] = [
      duration((own ?? others)?.[0]),
      duration(Math.max(own?.[1] ?? 0, others?.[1] ?? 0) || undefined),
    ];
    this.#write(this.#waited, [p50, p99, duration(status.limitMs)]);
    this.#waits.draw(
      waitLayers(slots, status.limitMs ?? 15_000),
      `waits in the last two minutes; now p50 ${p50}, p99 ${p99}`,
    );
    const count = countOf(answers);
    const foreign = count === 0 ? 0 : 1 - ((answers.upstream ?? 0) + (answers.hedge ?? 0)) / count;
    this.#write(this.#got, [rate(count / secondsOf(samples)), percent(foreign), duration(status.hedgeDelayMs)]);
    set(/** @type {Element} */ (this.#got[1]), 'data-level', foreign > 0 ? 'warn' : 'quiet');
    this.#sources.draw(
      sourceLayers(slots),
      `answers in the last two minutes; now ${sharesOf(answers, ['ok', 'warn', 'bad']) || 'none'}`,
    );
  }

  /** @param {readonly HTMLElement[]} cells @param {readonly string[]} texts */
  #write(cells, texts) {
    for (const [at, cell] of cells.entries()) say(cell, texts[at] ?? '');
  }
}
