import { waitBeforeMs } from '../backoff.js';

/**
 * @import { RecentAnswer } from '../../observability/recent.ts'
 * @import { Sample } from '../../observability/sampler.ts'
 * @import { StatusFrame } from '../../observability/status.ts'
 * @typedef {{ sample(sample: Sample): void, status(status: StatusFrame): void, recent(answers: RecentAnswer[]): void }} Listener
 */

/** Frames come once a second; after so long without one, the gateway is taken for gone. */
const SILENCE_MS = 5000;

/** One stream of events, opened anew when it breaks, each time after a longer wait. */
export class Connection {
  #listener;
  #changed;
  #tries = 0;
  /** @type {EventSource | undefined} */
  #stream;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #silence;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #retry;
  /** Milliseconds since 1970 at which the last frame came; 0 before the first. */
  heardAt = 0;
  isLive = false;

  /** @param {Listener} listener @param {() => void} changed hears when it breaks or is there again */
  constructor(listener, changed) {
    this.#listener = listener;
    this.#changed = changed;
  }

  open() {
    const stream = new EventSource('/status/stream');
    this.#stream = stream;
    for (const name of /** @type {const} */ (['sample', 'status', 'recent']))
      stream.addEventListener(name, event => {
        this.#heard();
        this.#listener[name](JSON.parse(event.data));
      });
    stream.addEventListener('end', () => this.#lost());
    // The browser would try again by itself, for ever at the same pace, and not at all after a 503.
    stream.addEventListener('error', () => this.#lost());
    this.#expect();
  }

  #heard() {
    this.heardAt = Date.now();
    this.#tries = 0;
    this.#expect();
    if (this.isLive) return;
    this.isLive = true;
    this.#changed();
  }

  #expect() {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#lost(), SILENCE_MS);
  }

  #lost() {
    clearTimeout(this.#silence);
    clearTimeout(this.#retry);
    this.#stream?.close();
    this.isLive = false;
    this.#changed();
    this.#retry = setTimeout(() => this.open(), waitBeforeMs(++this.#tries));
  }
}
