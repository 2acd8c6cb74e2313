import type { ServerResponse } from 'node:http';
import { after, now } from '../core/clock.ts';
import type { Emit } from '../core/events.ts';

/** What whoever watches is told, each as JSON can hold it. */
export interface Feed {
  /** What happened since the last question; kept for those who come later. */
  sample(): object;
  /** How things stand. */
  status(): object;
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
/** Who has not read for so long is let go. */
const PATIENCE_MS = 15_000;

const HEADERS = {
  'Content-Type': 'text/event-stream',
  'Cache-Control': 'no-store',
  'X-Accel-Buffering': 'no',
  'X-Content-Type-Options': 'nosniff',
};

const frame = (event: string, data: object): string => `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;

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
 * minutes after, makes each frame once for all, and never waits: who does not read misses frames, and then the stream.
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
    this.#unwatchedTicks = 0;
    // The first look only sets the mark from which the next one counts.
    this.#feed.sample();
    this.#look();
    this.#schedule();
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
    try {
      this.#tell();
    } catch (error) {
      this.#emit({ type: 'defect', error });
    }
  }

  #tell(): void {
    const sample = frame('sample', this.#feed.sample());
    this.#history.add(sample);
    const recentBefore = this.#recent;
    this.#look();
    const news = sample + this.#status + (this.#recent === recentBefore ? '' : this.#recent);
    for (const response of this.#late.keys()) this.#send(response, news);
  }

  #look(): void {
    this.#status = frame('status', this.#feed.status());
    const { count, answers } = this.#feed.recent();
    if (count === this.#recentCount) return;
    this.#recentCount = count;
    this.#recent = frame('recent', answers);
  }

  #send(response: ServerResponse, text: string): void {
    const lateSince = this.#late.get(response);
    if (response.writableLength <= MAX_WAITING_BYTES) {
      // The last answers are sent only when they change, and this watcher may have missed that.
      response.write(lateSince === undefined ? text : text + this.#recent);
      this.#late.set(response, undefined);
    } else if (lateSince === undefined) this.#late.set(response, now());
    else if (now() - lateSince >= PATIENCE_MS) response.destroy();
  }
}
