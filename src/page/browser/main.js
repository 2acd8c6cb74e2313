import { attemptsOf, History, withHooks } from '../history.js';
import { inWords, Speech } from '../speech.js';
import { ofBackEnd, ofWcs } from '../verdict.js';
import { clock, SHAPES, span } from '../words.js';
import { AppView } from './app-view.js';
import { Connection } from './connection.js';
import { byId, Keyed, say, set } from './dom.js';
import { RecentView } from './recent-view.js';

/**
 * @import { RecentAnswer } from '../../observability/recent.ts'
 * @import { Sample } from '../../observability/sampler.ts'
 * @import { AppStatus, Status, StatusFrame } from '../../observability/status.ts'
 * @import { AppItem } from './app-view.js'
 */

/** All that is on the page, and all that it knows. Both are bounded: two minutes, 50 answers, the apps that there are. */
class Page {
  #history = new History();
  /** @type {Status | undefined} */
  #status;
  /** @type {RecentAnswer[]} */
  #recent = [];
  /** @type {Map<string, number>} by app: for how many seconds attempts have been out of which none ended */
  #silent = new Map();
  #apps = new Keyed(byId('apps'), (/** @type {AppItem} */ item) => new AppView(item));
  #recentView = new RecentView();
  #connection = new Connection(
    {
      sample: sample => this.#takeSample(sample),
      status: status => this.#takeStatus(status),
      recent: list => this.#takeRecent(list),
    },
    () => this.#showConnection(),
  );
  #isPaused = false;
  #speech = new Speech();

  start() {
    byId('pause').addEventListener('click', () => this.#pause());
    // What came while nobody looked is drawn at once when somebody looks again.
    document.addEventListener('visibilitychange', () => this.#show());
    setInterval(() => this.#showConnection(), 1000);
    this.#showConnection();
    this.#connection.open();
  }

  #pause() {
    this.#isPaused = !this.#isPaused;
    set(byId('pause'), 'aria-pressed', String(this.#isPaused));
    this.#showConnection();
    this.#show();
  }

  /** @param {Sample} sample */
  #takeSample(sample) {
    this.#history.add(sample);
    for (const { app, upstreams } of this.#status?.apps ?? []) {
      const isOut = upstreams.some(({ inflight }) => inflight > 0) && attemptsOf(app)(sample) === undefined;
      this.#silent.set(app, isOut ? (this.#silent.get(app) ?? 0) + 1 : 0);
    }
  }

  /** @param {StatusFrame} frame */
  #takeStatus(frame) {
    const isOther = this.#status && this.#status.pid !== frame.pid;
    if (isOther) this.#history.clear();
    const status = { ...frame, apps: withHooks(frame.apps, isOther ? [] : (this.#status?.apps ?? [])) };
    this.#status = status;
    for (const app of this.#silent.keys()) if (!status.apps.some(one => one.app === app)) this.#silent.delete(app);
    this.#show();
  }

  /** @param {RecentAnswer[]} answers */
  #takeRecent(answers) {
    this.#recent = answers;
    this.#show();
  }

  #show() {
    const status = this.#status;
    if (!status || this.#isPaused || document.hidden) return;
    say(
      byId('about'),
      `${status.version} · ${status.ready ? 'accepting hooks' : 'draining'} · up ${span(status.uptimeSeconds)}`,
    );
    say(byId('process'), this.#describeProcess(status));
    this.#apps.show(status.apps.map(app => [app.app, this.#itemOf(app, status)]));
    this.#recentView.show(this.#recent);
    this.#tell(status);
  }

  /** @param {AppStatus} app @param {Status} status @returns {AppItem} */
  #itemOf(app, status) {
    const events = status.events.find(one => one.app === app.app);
    return { status: app, events, history: this.#history, silentSeconds: this.#silent.get(app.app) ?? 0 };
  }

  /** @param {Status} status */
  #describeProcess({ node, pid, config, redis, sessions }) {
    const { file, reloads } = config;
    const parts = [
      `process ${pid}`,
      `Node ${node}`,
      file,
      reloads.lastProblem && `last reload refused: ${reloads.lastProblem}`,
    ];
    return [...parts, redis && `Redis ${redis}`, `${sessions.known} sessions`].filter(Boolean).join(' · ');
  }

  /** The title and the words for screen readers. @param {Status} status */
  #tell(status) {
    const verdicts = status.apps.map(app => {
      const backEnd = ofBackEnd(app, this.#history, this.#silent.get(app.app) ?? 0);
      return { app: app.app, backEnd, wcs: ofWcs(app, this.#history) };
    });
    const levels = verdicts.flatMap(({ backEnd, wcs }) => [backEnd.level, wcs.level]);
    const worst =
      /** @type {const} */ (['bad', 'warn', 'ok', 'quiet']).find(level => levels.includes(level)) ?? 'quiet';
    const title = `${SHAPES[worst]} ${verdicts.map(({ app, backEnd }) => `${app}: ${backEnd.word}`).join(', ')} – Breakwater`;
    if (document.title !== title) document.title = title;
    // Before the first sample nothing is known of what WCS asks.
    const isKnown = this.#history.samples.length > 0;
    this.#speak(isKnown ? verdicts.map(({ app, backEnd, wcs }) => inWords(app, backEnd, wcs)).join(' ') : '');
  }

  /** @param {string} words */
  #speak(words) {
    say(byId('spoken'), this.#speech.next(words, performance.now()));
  }

  #showConnection() {
    const { isLive, heardAt } = this.#connection;
    const state = byId('connection');
    const level = isLive ? (this.#isPaused ? 'warn' : 'ok') : 'bad';
    set(state, 'data-level', heardAt === 0 && !isLive ? 'quiet' : level);
    const word = isLive ? (this.#isPaused ? 'paused' : 'live') : heardAt === 0 ? 'connecting' : 'not connected';
    say(state, `${SHAPES[level]} ${word}`);
    const banner = byId('banner');
    banner.hidden = isLive;
    if (isLive) return;
    this.#speak('');
    const since =
      heardAt === 0 ? 'No connection yet' : `Connection lost since ${clock(heardAt)}; what is below is from then`;
    say(banner, `${since}. The gateway is gone, or 20 pages watch already; this page tries again by itself.`);
  }
}

new Page().start();
