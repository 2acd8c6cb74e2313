import { now } from '../core/clock.ts';
import { MOST_TIMES } from './usual-durations.ts';

/** A window is as long as it takes for this … */
const WINDOW_MS = 250;
/** … and for so many calls for each that may be out, within bounds: what is looked for must stand out of the noise. */
const CALLS_PER_PLACE = 3;
const FEWEST_CALLS = 30;
const MOST_CALLS = 300;
/** In every other window while all of the limit is used, only this share of it is. */
const DIP = 0.85;
/** Of the places that were added, at least this share must have shown as more throughput: the limit then grows. */
const WORTH = 0.5;
/** By how much it grows or shrinks if the evidence is clear, as a logarithm; more, the longer it has only grown … */
const GROW = 0.06;
const SPEED_UP = 1.3;
const SHRINK = 0.12;
const MOST_SHRINK = 0.3;
/** … and well below the limit at which it last turned out that more is not worth it, or while there was none. */
const FAST = 0.4;
const WELL_BELOW = 0.75;
/** A window in which calls took so many times as long as in the one before halves the limit. */
const JUMP = 2;
const FIRST_LIMIT = 20;

export interface Bounds {
  readonly floor: number;
  readonly ceiling: number;
}

const clamp = (value: number, least: number, most: number): number => Math.min(most, Math.max(least, value));

/**
 * Learns how many calls at a time a back-end bears, from how long they take and how many are lost.
 *
 * While all of the limit is used, every other window uses somewhat less of it. By Little's law, throughput is calls at a
 * time over duration: where calls of the full window take as long as those of the reduced one, each place more was
 * throughput more, and the limit grows. Where they take longer by as much as there were more of them, the places only
 * made a queue over there, and it shrinks. It settles where half of what is added is still worth it, the greatest power
 * (throughput over duration). Only neighbours are compared: there is no least duration that must be measured in a pause
 * or could be outdated, and a back-end that became slower for another reason keeps its places. A lost call counts as
 * time without an answer, and outside of a comparison shrinks the limit by half the share lost; a sudden jump of
 * durations halves it. The limit never grows in a window that has not used all of it.
 *
 * Durations are counted in what is usual for each hook, so that hooks of different cost can be mixed.
 * Sources: Kleinrock, Power and deterministic rules of thumb, ICC 1979; Brakmo and Peterson, TCP Vegas, 1995; the
 * Gradient2 limit of Netflix; the adaptive limiter of Failsafe-go.
 */
export class LearnedLimit {
  readonly #floor: number;
  readonly #ceiling: number;
  #limit: number;
  #growth = GROW;
  /** Where it last turned out that more is not worth it. */
  #knee = Number.POSITIVE_INFINITY;
  #isDipping = false;
  /** How long calls took in the last window, and if that was a reduced one, once more; 1 is as usual. */
  #before = Number.POSITIVE_INFINITY;
  #dipped: number | undefined = undefined;
  // The window that is on:
  #begunAt = now();
  #answered = 0;
  #lost = 0;
  #tookMs = 0;
  #usualMs = 0;
  #isUsed = false;

  constructor({ floor, ceiling }: Bounds) {
    this.#ceiling = ceiling;
    this.#floor = Math.min(floor, ceiling);
    this.#limit = clamp(FIRST_LIMIT, this.#floor, ceiling);
  }

  /** What has been learned, a whole number. */
  get value(): number {
    return Math.floor(this.#limit);
  }

  /** How many calls may be out at this moment. */
  get now(): number {
    return this.#isDipping ? this.#reduced : this.value;
  }

  get #reduced(): number {
    return Math.max(this.#floor, Math.min(this.value - 1, Math.floor(this.value * DIP)));
  }

  /** One more call is out, now `inflight` of them. */
  entered(inflight: number): void {
    if (inflight >= this.now) this.#isUsed = true;
  }

  /** A call that began at `begunAt` was answered after `tookMs`, where `usualMs` is usual for its hook. */
  answered(begunAt: number, tookMs: number, usualMs: number): void {
    // What began in an earlier window tells of an earlier limit.
    if (begunAt < this.#begunAt) return;
    this.#answered++;
    this.#tookMs += Math.min(tookMs, usualMs * MOST_TIMES);
    this.#usualMs += usualMs;
    this.#turn();
  }

  /** A call that began at `begunAt` was lost: timed out, refused, reset, or answered with an error of the server. */
  lost(begunAt: number): void {
    if (begunAt < this.#begunAt) return;
    this.#lost++;
    this.#turn();
  }

  #turn(): void {
    const at = now();
    const wanted = clamp(this.#limit * CALLS_PER_PLACE, FEWEST_CALLS, MOST_CALLS);
    if (this.#answered + this.#lost < wanted || at - this.#begunAt < WINDOW_MS) return;
    this.#judge();
    this.#begunAt = at;
    this.#answered = 0;
    this.#lost = 0;
    this.#tookMs = 0;
    this.#usualMs = 0;
    this.#isUsed = false;
  }

  #judge(): void {
    const took = this.#usualMs > 0 ? this.#tookMs / this.#usualMs : Number.POSITIVE_INFINITY;
    const lost = this.#lost / (this.#answered + this.#lost);
    const perAnswer = took / (1 - lost);
    const dipped = this.#dipped;
    if (took > this.#before * JUMP) this.#scale(0.5);
    else if (this.#isUsed && dipped !== undefined) this.#climb(perAnswer / dipped);
    else this.#scale(1 - lost / 2);
    this.#before = took;
    this.#dipped = this.#isDipping && took < Number.POSITIVE_INFINITY ? perAnswer : undefined;
    this.#isDipping = !this.#isDipping && this.#isUsed;
  }

  /** An answer took so many times as long as in the reduced window; at the floor there is none, and nothing is lost by growing. */
  #climb(times: number): void {
    const places = Math.log(this.value / this.#reduced);
    const benefit = places > 0 ? Math.min(1, 1 - Math.log(times) / places / WORTH) : 1;
    if (benefit <= 0) {
      this.#knee = this.#limit;
      this.#growth = GROW;
      this.#scale(Math.exp(Math.max(-MOST_SHRINK, benefit * SHRINK)));
    } else {
      const growth = this.#limit < this.#knee * WELL_BELOW ? FAST : this.#growth;
      this.#growth = Math.min(FAST, this.#growth * SPEED_UP);
      this.#scale(Math.exp(benefit * growth));
    }
  }

  #scale(factor: number): void {
    this.#limit = clamp(this.#limit * factor, this.#floor, this.#ceiling);
  }
}
