import { z } from 'zod';
import { after } from '../core/clock.ts';
import { count, duration, urlPath } from '../options/fields.ts';
import type { Replica } from './replica.ts';

/** `health`: whether and how upstreams are asked how they are. */
export const HealthOptions = z
  .strictObject({
    path: urlPath('/health'),
    interval: duration().prefault('5s'),
    timeout: duration().prefault('1s'),
    healthy: count().default(2),
    unhealthy: count().default(3),
  })
  .meta({ description: 'a GET of each upstream now and then' });
export type HealthOptions = z.output<typeof HealthOptions>;

/** Asks once; gives what is wrong, or nothing if all is well. Settles within the time-out of the check. */
export interface Check {
  ask(): Promise<string | undefined>;
  close(): void;
}

/** Checks come up to this share of the interval sooner or later, so that many gateways do not ask in step. */
const JITTER = 0.1;

/**
 * Asks one upstream how it is, again and again: `unhealthy` bad answers in a row take it out, `healthy` good ones bring
 * it back. One question is out at a time. What was asked before an ejection or a return decides nothing after it.
 */
export class HealthCheck {
  readonly #options: HealthOptions;
  readonly #replica: Replica;
  readonly #check: Check;
  #stop: () => void;
  #isClosed = false;
  #epoch = 0;
  #good = 0;
  #bad = 0;

  constructor(options: HealthOptions, replica: Replica, check: Check) {
    this.#options = options;
    this.#replica = replica;
    this.#check = check;
    this.#stop = after(options.interval * Math.random(), () => void this.#ask());
  }

  close(): void {
    this.#isClosed = true;
    this.#stop();
    this.#check.close();
  }

  async #ask(): Promise<void> {
    const { epoch } = this.#replica;
    const problem = await this.#check.ask();
    if (this.#isClosed) return;
    if (epoch === this.#replica.epoch) this.#take(epoch, problem);
    const { interval } = this.#options;
    this.#stop = after(interval * (1 - JITTER + 2 * JITTER * Math.random()), () => void this.#ask());
  }

  #take(epoch: number, problem: string | undefined): void {
    if (epoch !== this.#epoch) [this.#epoch, this.#good, this.#bad] = [epoch, 0, 0];
    if (problem === undefined) {
      this.#bad = 0;
      if (++this.#good >= this.#options.healthy) this.#replica.foundWell();
    } else {
      this.#good = 0;
      if (++this.#bad >= this.#options.unhealthy && this.#replica.reason !== 'health')
        this.#replica.eject('health', `GET ${this.#options.path}: ${problem}`);
    }
  }
}
