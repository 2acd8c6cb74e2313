import { attemptLayers, sourceLayers } from '../drawing.js';
import { allAnswers, allAttempts, answersOf, attemptsOf, countOf, secondsOf } from '../history.js';
import { ofStored } from '../stored.js';
import { ofBackEnd, ofWcs, shortestLimit } from '../verdict.js';
import { duration, percent, rate, SHAPES, SOURCE_NAMES } from '../words.js';
import { Keyed, make, makeTable, Strip, say, set } from './dom.js';
import { HookRow, UpstreamRow } from './rows.js';

/**
 * @import { EventsState } from '../../core/events.ts'
 * @import { AppStatus } from '../../observability/status.ts'
 * @import { History } from '../history.js'
 * @import { Layer } from '../drawing.js'
 * @import { Verdict } from '../verdict.js'
 * @typedef {{ readonly name: string, readonly words: string }} LegendItem
 * @typedef {{ readonly status: AppStatus, readonly events: EventsState | undefined, readonly history: History, readonly silentSeconds: number }} AppItem
 */

/** Figures are means over so many seconds. */
const FIGURE_SECONDS = 10;

const HOOK_COLUMNS = /** @type {const} */ ([
  ['Hook'],
  ['How long WCS waits'],
  ['p50', 'figure'],
  ['p99', 'figure'],
  ['Limit', 'figure'],
  ['What WCS gets'],
  ['a second', 'figure'],
  ["not back-end's", 'figure'],
  ['Hedge after', 'figure'],
]);

const ATTEMPT_LEGEND = [
  { name: 'middle', words: 'median' },
  { name: 'tail', words: 'up to p99' },
  { name: 'failed', words: 'share that failed' },
];

const UPSTREAM_COLUMNS = /** @type {const} */ ([
  ['Upstream'],
  ['Breaker'],
  ['Attempts'],
  ['Answered/s', 'figure'],
  ['Failed/s', 'figure'],
  ['p50', 'figure'],
  ['p99', 'figure'],
  ['Out', 'figure'],
  ['Queued', 'figure'],
]);

/** A colour and what it stands for, in words. */
class LegendEntry {
  #text = make('span');
  element;

  /** @param {LegendItem} item */
  constructor({ name }) {
    this.element = make('li', {}, [make('span', { class: `swatch ${name}`, 'aria-hidden': 'true' }), this.#text]);
  }

  /** @param {LegendItem} item */
  show({ words }) {
    say(this.#text, words);
  }
}

/** One half of what is seen at a glance. */
class Pane {
  #word = make('span');
  #shape = make('span', { class: 'shape', 'aria-hidden': 'true' });
  #sentence = make('p', { class: 'sentence' });
  #figures = make('p', { class: 'figures' });
  #list = make('ul', { class: 'legend' });
  #legend = new Keyed(this.#list, (/** @type {LegendItem} */ item) => new LegendEntry(item));
  #strip;
  element;

  /** @param {string} title @param {string} kind */
  constructor(title, kind) {
    this.#strip = new Strip(`tall ${kind}`);
    const verdict = make('p', { class: 'verdict' }, [this.#shape, this.#word]);
    const axis = make('p', { class: 'axis', 'aria-hidden': 'true' }, [
      make('span', {}, ['2 min ago']),
      make('span', {}, ['now']),
    ]);
    this.element = make('div', { class: 'pane' }, [
      make('h3', {}, [title]),
      verdict,
      this.#sentence,
      this.#strip.element,
      axis,
      this.#figures,
      this.#list,
    ]);
  }

  /**
   * @param {Verdict} verdict @param {Layer[]} layers @param {string} figures @param {readonly LegendItem[]} legend
   */
  show({ level, word, sentence }, layers, figures, legend) {
    set(this.element, 'data-level', level);
    say(this.#shape, SHAPES[level]);
    say(this.#word, word);
    say(this.#sentence, sentence);
    say(this.#figures, figures);
    this.#legend.show(legend.map(item => [item.name, item]));
    this.#strip.draw(layers, `the last two minutes; now: ${figures}`);
  }
}

/** One app: the glance, its upstreams, its hooks, what is stored. */
export class AppView {
  #backEnd = new Pane('What the back-end does', 'attempts');
  #wcs = new Pane('What WCS gets', 'sources');
  #stored = make('p', { class: 'backlog' });
  #quiet = make('p', { class: 'none' });
  #upstreams;
  #hooks;
  #hookTable;
  element;

  /** @param {AppItem} item */
  constructor({ status: { app } }) {
    const upstreams = makeTable('upstreams', `Upstreams of ${app}`, UPSTREAM_COLUMNS);
    const hooks = makeTable('hooks', `Hooks of ${app}`, HOOK_COLUMNS);
    this.#upstreams = new Keyed(upstreams.body, () => new UpstreamRow());
    this.#hooks = new Keyed(hooks.body, () => new HookRow());
    this.#hookTable = hooks.table;
    const id = `app-${app}`;
    this.element = make('section', { class: 'app', 'aria-labelledby': id }, [
      make('h2', { id }, [app]),
      make('div', { class: 'glance' }, [this.#backEnd.element, this.#wcs.element]),
      upstreams.table,
      this.#stored,
      hooks.table,
      this.#quiet,
    ]);
  }

  /** @param {AppItem} item */
  show(item) {
    this.#showBackEnd(item);
    this.#showWcs(item);
    this.#showStored(item.events);
    const { status, history } = item;
    this.#upstreams.show(
      status.upstreams.map(one => [
        one.upstream,
        { app: status.app, status: one, history, top: shortestLimit(status) },
      ]),
    );
    this.#showHooks(item);
  }

  /** @param {AppItem} item */
  #showBackEnd({ status, history, silentSeconds }) {
    const pick = attemptsOf(status.app);
    const samples = history.last(FIGURE_SECONDS);
    const { answered, failed, ms } = allAttempts(samples, pick);
    const seconds = secondsOf(samples);
    // What fails at once would look like a quick answer.
    const times = answered > 0 ? ` · p50 ${duration(ms?.[0])} · p99 ${duration(ms?.[1])}` : '';
    const figures = `${rate(answered / seconds)} answered a second, ${rate(failed / seconds)} failed${times}`;
    const layers = attemptLayers(history.slots(pick), shortestLimit(status));
    this.#backEnd.show(ofBackEnd(status, history, silentSeconds), layers, figures, ATTEMPT_LEGEND);
  }

  /** @param {AppItem} item */
  #showWcs({ status, history }) {
    const pick = answersOf(status.app);
    const samples = history.last(FIGURE_SECONDS);
    const { answers } = allAnswers(samples, pick);
    const count = countOf(answers);
    const figures = `${rate(count / secondsOf(samples))} answers a second, of these:`;
    const legend = SOURCE_NAMES.flatMap(name => {
      const share = (answers[name] ?? 0) / (count || 1);
      return share > 0 ? [{ name, words: `${name} ${percent(share)}` }] : [];
    });
    this.#wcs.show(ofWcs(status, history), sourceLayers(history.slots(pick)), figures, legend);
  }

  /** @param {EventsState | undefined} events */
  #showStored(events) {
    this.#stored.hidden = events === undefined || events.pending + events.dead === 0;
    if (events) say(this.#stored, ofStored(events));
  }

  /** @param {AppItem} item */
  #showHooks({ status, history }) {
    const called = status.hooks.filter(({ answers }) => countOf(answers ?? {}) > 0);
    const quiet = status.hooks.filter(({ answers }) => countOf(answers ?? {}) === 0);
    this.#hooks.show(
      called.map((one, at) => [
        `${one.hook} ${called.slice(0, at).filter(({ hook }) => hook === one.hook).length}`,
        { app: status.app, status: one, history },
      ]),
    );
    this.#hookTable.hidden = called.length === 0;
    this.#quiet.hidden = quiet.length === 0;
    say(this.#quiet, `Not called yet: ${quiet.map(({ hook }) => hook).join(', ')}`);
  }
}
