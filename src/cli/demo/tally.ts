import { LIMIT_MS, SCRIPT, SLACK_MS, WCS_TIMEOUT_MS } from './script.ts';
import type { Hook } from './traffic.ts';
import { Waits } from './waits.ts';

/** The two ways that every hook is sent: straight to the first back-end, and through the gateway. */
export const SIDES = ['without', 'with'] as const;
export type Side = (typeof SIDES)[number];

/** How one hook ended for WCS. */
export interface Outcome {
  /** Until the answer was there, or until it was clear that none would come. */
  readonly waitMs: number;
  /** `hung`: WCS gave up; `failed`: no connection, a broken one, or an answer that is not one to this hook. */
  readonly end: 'answered' | 'hung' | 'failed';
  /** Of an answer only. */
  readonly status?: number;
  /** Of an answer only: the first word of `Breakwater-Answer`, or `upstream` where there is no gateway. */
  readonly source?: string;
  /** Of a failure, where it is known: why. */
  readonly problem?: string;
}

/** What was counted on one side. */
export interface Figures {
  readonly sent: number;
  /** Sent, and not over yet. */
  readonly open: number;
  /** Answered within the limit and the slack. */
  readonly inTime: number;
  readonly medianMs: number;
  readonly p99Ms: number;
  readonly worstMs: number;
  /** Answers by source, and under `nobody` the hooks without one. */
  readonly sources: Readonly<Record<string, number>>;
  /** Hooks for which WCS waited in vain until it gave up. */
  readonly hung: number;
  /** `connect` of callers with the right to come in that was not answered 200. */
  readonly turnedAway: number;
  /** `publishStream` and `playStream` of such callers, likewise. */
  readonly streamsRefused: number;
  /** Notifications that no back-end has answered, so that the app does not know of what they tell. */
  readonly eventsMissed: number;
  /** `connect` of callers without the right to come in, as far as it is over. */
  readonly intrusions: number;
  /** Those of them that were answered 200. */
  readonly letIn: number;
}

export type Pair = Readonly<Record<Side, Figures>>;

/** All that was counted so far. */
export interface Report {
  /** Index of the phase that is on. */
  readonly phase: number;
  readonly elapsedMs: number;
  /** True once every hook of the load is over. */
  readonly over: boolean;
  /** The longest that the demo's own processes were behind their time, which is then part of all waits. */
  readonly heldUpMs: number;
  readonly phases: readonly Pair[];
  readonly total: Pair;
}

const STREAM_HOOKS: readonly string[] = ['publishStream', 'playStream'];
/** The sources that mean that a back-end has answered. */
const HEARD: readonly string[] = ['upstream', 'hedge'];

const isNotification = ({ name }: Hook): boolean => name.endsWith('Event');

/** Counts the hooks of one side, of one phase or of the whole run. */
export class Tally {
  readonly #waits = new Waits(WCS_TIMEOUT_MS + 1000);
  readonly #sources: Record<string, number> = {};
  readonly #counts = {
    sent: 0,
    open: 0,
    inTime: 0,
    hung: 0,
    turnedAway: 0,
    streamsRefused: 0,
    eventsMissed: 0,
    intrusions: 0,
    letIn: 0,
  };

  begin(): void {
    this.#counts.sent++;
    this.#counts.open++;
  }

  end(hook: Hook, outcome: Outcome): void {
    const { end, source = 'nobody', waitMs } = outcome;
    const counts = this.#counts;
    counts.open--;
    this.#waits.record(waitMs);
    this.#sources[source] = (this.#sources[source] ?? 0) + 1;
    if (end === 'answered' && waitMs <= LIMIT_MS + SLACK_MS) counts.inTime++;
    if (end === 'hung') counts.hung++;
    if (isNotification(hook) && !HEARD.includes(source)) counts.eventsMissed++;
    this.#endVisit(hook, outcome.status === 200);
  }

  get figures(): Figures {
    return {
      ...this.#counts,
      medianMs: this.#waits.quantile(0.5),
      p99Ms: this.#waits.quantile(0.99),
      worstMs: this.#waits.worstMs,
      sources: { ...this.#sources },
    };
  }

  #endVisit({ name, standing }: Hook, granted: boolean): void {
    const counts = this.#counts;
    if (standing === 'intruder') counts.intrusions++;
    if (standing === 'intruder' && granted) counts.letIn++;
    if (standing === 'intruder' || granted) return;
    if (name === 'connect') counts.turnedAway++;
    if (STREAM_HOOKS.includes(name)) counts.streamsRefused++;
  }
}

type Tallies = Readonly<Record<Side, Tally>>;

const makeTallies = (): Tallies => ({ without: new Tally(), with: new Tally() });
const read = (tallies: Tallies): Pair => ({ without: tallies.without.figures, with: tallies.with.figures });

/** Counts both sides, each phase for itself and the whole run. */
export class Board {
  readonly #phases = SCRIPT.map(makeTallies);
  readonly #total = makeTallies();

  /** Notes that a hook goes out in a phase; what is returned notes how it ended. */
  begin(side: Side, phase: number, hook: Hook): (outcome: Outcome) => void {
    const tallies = [this.#total[side], this.#phases[phase]?.[side]].filter(tally => tally !== undefined);
    for (const tally of tallies) tally.begin();
    return outcome => {
      for (const tally of tallies) tally.end(hook, outcome);
    };
  }

  report(progress: Omit<Report, 'phases' | 'total'>): Report {
    return { ...progress, phases: this.#phases.map(read), total: read(this.#total) };
  }
}
