import type { Route } from '../core/call.ts';
import { now } from '../core/clock.ts';
import { WindowComparison } from './window-comparison.ts';

/** A window is as long as it takes for this … */
const WINDOW_MS = 250;
/** … and for so many calls for each that may be out, within bounds: what is looked for must stand out of the noise. */
const CALLS_PER_PLACE = 3;
const FEWEST_CALLS = 60;
const MOST_CALLS = 300;
/** In every other window while all of the limit is used, only this share of it is. */
const DIP = 0.85;
/** Of the places that were added, at least this share must have shown as more throughput: the limit then grows. */
const WORTH = 0.5;
/** How much of the evidence one step takes up: up and down alike, lest noise move it. More, the longer it has only grown … */
const GAIN = 0.08;
const SPEED_UP = 1.3;
/** … and well below the limit at which it last turned out that more is not worth it. */
const MOST_GAIN = 0.4;
const WELL_BELOW = 0.75;
/** What one step may be, as a logarithm. */
const MOST_STEP = 0.4;
/** So slowly is forgotten where more was not worth it. */
const FORGET = 0.8;
const LEAST_KEPT = 0.01;
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
 * time without an answer, and outside of a comparison half the share lost goes off. The limit never grows in a window
 * that has not used all of it.
 *
 * Sources: Kleinrock, Power and deterministic rules of thumb, ICC 1979; Brakmo and Peterson, TCP Vegas, 1995; the
 * Gradient2 limit of Netflix; the adaptive limiter of Failsafe-go.
 */
export class LearnedLimit {
  readonly #floor: number;
  readonly #ceiling: number;
  #limit: number;
  #gain = GAIN;
  /** Where it last turned out that more is not worth it. */
  #knee = Number.POSITIVE_INFINITY;
  #isDipping = false;
  readonly #durations = new WindowComparison();
  #wasReduced = false;
  /** Share of calls that were not lost in the window before. */
  #keptBefore = 1;
  // The window that is on:
  #begunAt = now();
  #answered = 0;
  #lost = 0;
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

  /** A call that began at `begunAt` was answered after `ms`. */
  answered(begunAt: number, route: Route, ms: number): void {
    // What began in an earlier window tells of an earlier limit.
    if (begunAt < this.#begunAt) return;
    this.#answered++;
    this.#durations.record(route, ms);
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
    this.#judge(this.#durations.turn(), this.#answered / (this.#answered + this.#lost));
    this.#begunAt = at;
    this.#answered = 0;
    this.#lost = 0;
    this.#isUsed = false;
  }

  /** Calls took `times` as long as in the window before, and of them the share `kept` was answered. */
  #judge(times: number | undefined, kept: number): void {
    if (times !== undefined && this.#wasReduced && this.#isUsed) this.#climb((times * this.#keptBefore) / kept);
    else this.#scale((1 + kept) / 2);
    this.#keptBefore = Math.max(kept, LEAST_KEPT);
    this.#wasReduced = this.#isDipping;
    this.#isDipping = !this.#isDipping && this.#isUsed;
  }

  /** An answer took so many times as long as in the reduced window; at the floor there is none, and nothing is lost by growing. */
  #climb(times: number): void {
    const places = Math.log(this.value / this.#reduced);
    const benefit = places > 0 ? 1 - Math.log(times) / places / WORTH : 1;
    const gain = benefit > 0 && this.#limit < this.#knee * WELL_BELOW ? MOST_GAIN : this.#gain;
    if (benefit > 0) this.#gain = Math.min(MOST_GAIN, this.#gain * SPEED_UP);
    else {
      this.#gain = GAIN;
      this.#knee = this.#knee === Number.POSITIVE_INFINITY ? this.#limit : Math.max(this.#limit, this.#knee * FORGET);
    }
    this.#scale(Math.exp(clamp((benefit > 0 ? gain : GAIN) * benefit, -MOST_STEP, MOST_STEP)));
  }

  #scale(factor: number): void {
    this.#limit = clamp(this.#limit * factor, this.#floor, this.#ceiling);
  }
}
