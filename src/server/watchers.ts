import type { ServerResponse } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import { after, now } from '../core/clock.ts';
import type { Emit } from '../core/events.ts';

/** What whoever watches is told, each as JSON can hold it. What may be much is put together in several turns. */
export interface Feed {
  /** What happened since the last question; kept for those who come later. */
  sample(): Promise<object>;
  /** How things stand. */
  status(): Promise<object>;
  /** The last answers that were not the back-end's own, and a number that changes with them. */
  recent(): { readonly count: number; readonly answers: readonly object[] };
}

/** Places for streams: a browser that opens the page too often must leave scrapes their connections. */
export const MAX_WATCHERS = 20;
const EVERY_MS = 1000;
const KEPT_SAMPLES = 120;
const KEPT_CHARS = 512 * 1024;
/** What may wait for a watcher who does not read; beyond it, frames are left out. */
const MAX_WAITING_BYTES = 1024 * 1024;
/** After so much text, made or sent, calls go on. */
const LARGE_CHARS = 32 * 1024;
/** Who has not read for so long is let go. */
const PATIENCE_MS = 15_000;

const HEADERS = {
  'Content-Type': 'text/event-stream',
  'Cache-Control': 'no-store',
  'X-Accel-Buffering': 'no',
  'X-Content-Type-Options': 'nosniff',
};

const frame = (event: string, data: object): string => `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;

const rest = async ({ length }: string): Promise<void> => {
  if (length > LARGE_CHARS) await setImmediate();
};

/** What has been sampled lately, as it is sent; bounded by number and by size. */
class History {
  readonly #frames: string[] = [];
  #chars = 0;

  add(text: string): void {
    this.#frames.push(text);
    this.#chars += text.length;
    while (this.#frames.length > KEPT_SAMPLES || this.#chars > KEPT_CHARS)
      this.#chars -= this.#frames.shift()?.length ?? this.#chars;
  }

  get text(): string {
    return this.#frames.join('');
  }
}

/**
 * Streams of server-sent events about what the gateway does. It looks once a second while somebody watches and for two
 * minutes after, makes and encodes each frame once for all, lets calls go on between its parts, and never waits: who does
 * not read misses frames, and then the stream.
 */
export class Watchers {
  readonly #feed: Feed;
  readonly #emit: Emit;
  /** Each watcher, and since when it has not read. */
  readonly #late = new Map<ServerResponse, number | undefined>();
  #history = new History();
  #status = '';
  #recent = '';
  #recentCount = -1;
  #unwatchedTicks = 0;
  #stop: (() => void) | undefined;
  #isLooking = false;
  #isClosed = false;

  constructor(feed: Feed, emit: Emit) {
    this.#feed = feed;
    this.#emit = emit;
  }

  /** How many watch now. */
  get size(): number {
    return this.#late.size;
  }

  get isFull(): boolean {
    return this.#isClosed || this.#late.size >= MAX_WATCHERS;
  }

  /** Sends frames through `response` until one of both sides ends it. */
  add(response: ServerResponse): void {
    if (this.#stop === undefined) this.#begin();
    this.#late.set(response, undefined);
    response.on('close', () => this.#late.delete(response));
    response.on('error', () => this.#late.delete(response));
    response.writeHead(200, HEADERS);
    response.write(this.#history.text + this.#status + this.#recent);
  }

  /** Ends all streams, for good. */
  close(): void {
    this.#isClosed = true;
    this.#stop?.();
    for (const response of this.#late.keys()) response.end(frame('end', {}));
  }

  #begin(): void {
    this.#history = new History();
    this.#status = '';
    this.#unwatchedTicks = 0;
    this.#schedule();
    void this.#alone(async () => {
      // The first look only sets the mark from which the next one counts.
      await this.#feed.sample();
      await this.#look();
      await this.#sendAll(this.#status + this.#recent);
    });
  }

  #schedule(): void {
    this.#stop = after(EVERY_MS, () => this.#tick());
  }

  #tick(): void {
    this.#unwatchedTicks = this.#late.size === 0 ? this.#unwatchedTicks + 1 : 0;
    if (this.#unwatchedTicks > KEPT_SAMPLES) {
      this.#stop = undefined;
      return;
    }
    this.#schedule();
    void this.#alone(() => this.#tell());
  }

  /** Two looks at a time would each miss what the other one counts; the later one is left out. */
  async #alone(look: () => Promise<void>): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      await look();
    } catch (error) {
      this.#emit({ type: 'defect', error });
    } finally {
      this.#isLooking = false;
    }
  }

  async #tell(): Promise<void> {
    const sample = frame('sample', await this.#feed.sample());
    await rest(sample);
    const recentBefore = this.#recent;
    await this.#look();
    this.#history.add(sample);
    await this.#sendAll(sample + this.#status + (this.#recent === recentBefore ? '' : this.#recent));
  }

  async #look(): Promise<void> {
    this.#status = frame('status', await this.#feed.status());
    await rest(this.#status);
    const { count, answers } = this.#feed.recent();
    if (count === this.#recentCount) return;
    this.#recentCount = count;
    this.#recent = frame('recent', answers);
  }

  async #sendAll(text: string): Promise<void> {
    const news = Buffer.from(text);
    await rest(text);
    for (const response of [...this.#late.keys()]) {
      // It may have gone, or all streams have ended, while others were served.
      if (!this.#isClosed && this.#late.has(response)) this.#send(response, news);
      await rest(text);
    }
  }

  #send(response: ServerResponse, news: Buffer): void {
    const lateSince = this.#late.get(response);
    if (response.writableLength <= MAX_WAITING_BYTES) {
      response.write(news);
      // The last answers are sent only when they change, and this watcher may have missed that.
      if (lateSince !== undefined) response.write(this.#recent);
      this.#late.set(response, undefined);
    } else if (lateSince === undefined) this.#late.set(response, now());
    else if (now() - lateSince >= PATIENCE_MS) response.destroy();
  }
}
