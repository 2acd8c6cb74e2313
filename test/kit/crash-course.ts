import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AnswerFault } from '../fault-answers.ts';
import { createFaultServer, FAULTS, type FaultServer } from '../fault-server.ts';
import { until } from '../poll.ts';
import { header, type RawRequest } from '../request-reader.ts';
import { compact } from '../samples.ts';
import { WcsClient } from '../wcs-client.ts';
import { MortalGateway } from './mortal-gateway.ts';

export interface CourseOptions {
  readonly events: number;
  readonly sessions: number;
  readonly perSecond: number;
  readonly kills: number;
  /** How long the back-end stays as it is. */
  readonly turnMs: number;
  /** How long it may take until nothing is pending in the end. */
  readonly drainWithinMs: number;
  readonly say?: (text: string) => void;
}

/** What became of a course. */
export interface CourseResult {
  /** By the first word of `Breakwater-Answer` and the status, or the error where there was no answer. */
  readonly answers: Readonly<Record<string, number>>;
  readonly acknowledged: number;
  /** Requests that the sender repeated, as their connection had broken without an answer. */
  readonly repeatedBySender: number;
  /** Events that the back-end has answered with 200 at least once. */
  readonly taken: number;
  /** Of them those that nobody had acknowledged to the sender. */
  readonly takenUnacknowledged: number;
  /** Answers 200 of the back-end beyond the first to an event. */
  readonly takenAgain: number;
  /** Of those, that came with the `Breakwater-Call-Id` of the first: a back-end could tell. */
  readonly takenAgainSameId: number;
  /** Acknowledged events that the back-end never took: one sentence each. */
  readonly lost: readonly string[];
  /** Pairs of events of one session that came first in another order than they were sent in: one sentence each. */
  readonly outOfOrder: readonly string[];
  readonly kills: number;
  /** The longest and the median time between a kill and the moment when the gateway listened again, ms. */
  readonly restartMs: { readonly median: number; readonly worst: number };
  readonly mostPending: number;
  readonly drainMs: number;
  readonly dead: number;
  readonly seconds: number;
}

const APP_LIMIT_MS = 250;
const MOST_REPEATS = 3;
/** Where a connection breaks WCS's client sends again; where nobody listens it does not. */
const BROKEN: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE']);
const UP_MS = 300;
/** The moment of a death is this long at most after the event that it was drawn for. */
const MOST_REST_MS = 20;
const STATUS = JSON.parse(compact('StreamStatusEvent.request.v2022.json').toString());

const bodyOf = (session: number, number: number): Buffer =>
  Buffer.from(JSON.stringify({ ...STATUS, sessionId: `session-${session}`, number }));

/** One event: when it was sent first and last, what came of it, and when the back-end took it. Turns count up. */
interface Sent {
  readonly session: number;
  readonly number: number;
  readonly firstAt: number;
  lastAt: number;
  answer: string;
  takenAt: number;
  takenId: string;
}

const keyOf = (session: number | string, number: number): string => `${session}/${number}`;

/** The events of a course, what the sender knows of them and what the back-end does. */
class Book {
  readonly sent = new Map<string, Sent>();
  readonly #numbers = new Map<number, number>();
  #turn = 0;
  repeatedBySender = 0;
  takenAgain = 0;
  takenAgainSameId = 0;

  begin(session: number): Sent {
    const number = this.#numbers.get(session) ?? 0;
    this.#numbers.set(session, number + 1);
    const at = this.#turn++;
    const sent: Sent = { session, number, firstAt: at, lastAt: at, answer: '', takenAt: -1, takenId: '' };
    this.sent.set(keyOf(session, number), sent);
    return sent;
  }

  repeat(sent: Sent): void {
    sent.lastAt = this.#turn++;
    this.repeatedBySender++;
  }

  /** The back-end answers 200 to an event. */
  take({ body, headers }: RawRequest): void {
    const { sessionId, number } = JSON.parse(body.toString());
    const sent = this.sent.get(keyOf(sessionId.slice('session-'.length), number));
    if (!sent) throw new Error(`an event that nobody sent: ${sessionId} ${number}`);
    const id = header(headers, 'breakwater-call-id') ?? '';
    if (sent.takenAt >= 0) {
      this.takenAgain++;
      if (id === sent.takenId) this.takenAgainSameId++;
      return;
    }
    sent.takenAt = this.#turn++;
    sent.takenId = id;
  }

  get all(): readonly Sent[] {
    return [...this.sent.values()];
  }

  get answers(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const { answer } of this.sent.values()) counts[answer] = (counts[answer] ?? 0) + 1;
    return counts;
  }
}

const isAcknowledged = ({ answer }: Sent): boolean => answer === 'upstream 200' || answer === 'stored 200';
const nameOf = ({ session, number, answer }: Sent): string => `session ${session}, event ${number} (${answer})`;

/** Pairs of which the one was wholly sent before the other was begun, and was taken after it. */
const findDisorder = (events: readonly Sent[]): string[] => {
  const sessions = Map.groupBy(
    events.filter(({ takenAt }) => takenAt >= 0),
    ({ session }) => session,
  );
  return [...sessions.values()].flatMap(ofSession =>
    ofSession.flatMap(later =>
      ofSession
        .filter(earlier => earlier.lastAt < later.firstAt && earlier.takenAt > later.takenAt)
        .map(earlier => `${nameOf(later)} came before ${nameOf(earlier)}`),
    ),
  );
};

/** The back-end by turns: down, silent, flapping, healthy. */
class Troubles {
  readonly #backEnd: FaultServer;
  readonly #healthy: (request: RawRequest) => AnswerFault;
  readonly #stop = new AbortController();
  #done: Promise<void> = Promise.resolve();

  constructor(backEnd: FaultServer, book: Book) {
    this.#backEnd = backEnd;
    this.#healthy = request => {
      book.take(request);
      return { kind: 'healthy' };
    };
  }

  get #isOver(): boolean {
    return this.#stop.signal.aborted;
  }

  begin(turnMs: number): void {
    this.#done = this.#go(turnMs).catch(error => {
      if (!this.#isOver) throw error;
    });
  }

  async beWell(): Promise<void> {
    this.#stop.abort();
    await this.#done;
    await this.#backEnd.setFault(this.#healthy);
  }

  async #go(turnMs: number): Promise<void> {
    while (!this.#isOver) {
      await this.#backEnd.setFault(this.#healthy);
      await this.#wait(turnMs);
      await this.#backEnd.setFault(FAULTS.refused);
      await this.#wait(turnMs);
      await this.#backEnd.setFault(FAULTS.silent);
      await this.#wait(turnMs);
      for (let ms = 0; ms < turnMs; ms += 2 * UP_MS) {
        await this.#backEnd.setFault(this.#healthy);
        await this.#wait(UP_MS);
        await this.#backEnd.setFault(FAULTS.refused);
        await this.#wait(UP_MS);
      }
    }
  }

  #wait(ms: number): Promise<void> {
    return sleep(ms, undefined, { signal: this.#stop.signal });
  }
}

/** Sends as WCS does: again at once where a connection broke unanswered, never after an answer. */
const send = async (wcs: WcsClient, book: Book, sent: Sent): Promise<void> => {
  const body = bodyOf(sent.session, sent.number);
  for (let repeats = 0; ; repeats++) {
    try {
      const { status, source } = await wcs.post('StreamStatusEvent', body);
      sent.answer = `${source} ${status}`;
      return;
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? String(error);
      sent.answer = code;
      if (!BROKEN.has(code) || repeats === MOST_REPEATS) return;
      book.repeat(sent);
    }
  }
};

/** Numbers of events at which the gateway is killed. */
const momentsOf = ({ events, kills }: CourseOptions): Set<number> => {
  const moments = new Set<number>();
  while (moments.size < kills) moments.add(Math.floor(Math.random() * events));
  return moments;
};

const middleOf = (times: readonly number[]): number =>
  times.toSorted((one, other) => one - other)[times.length >> 1] ?? Number.NaN;

class Course {
  readonly #options: CourseOptions;
  readonly #gateway: MortalGateway;
  readonly #book: Book;
  readonly #restarts: number[] = [];
  #mostPending = 0;

  constructor(options: CourseOptions, gateway: MortalGateway, book: Book) {
    this.#options = options;
    this.#gateway = gateway;
    this.#book = book;
  }

  /** Sends at a steady pace while somebody listens; what is out when the gateway dies breaks. */
  async send(wcs: WcsClient): Promise<void> {
    const { events, sessions, perSecond, say } = this.#options;
    const moments = momentsOf(this.#options);
    const open: Promise<void>[] = [];
    let restart = Promise.resolve();
    let due = performance.now();
    for (let i = 0; i < events; i++) {
      due += 1000 / perSecond;
      const wait = due - performance.now();
      if (wait > 1) await sleep(wait);
      if (!this.#gateway.isUp) {
        await restart;
        due = performance.now();
      }
      open.push(send(wcs, this.#book, this.#book.begin(i % sessions)));
      if (!moments.has(i)) continue;
      restart = restart.then(() => this.#dieAndRevive());
      say?.(`${i + 1} events sent, ${this.#restarts.length} of ${moments.size} kills`);
    }
    await restart;
    await Promise.all(open);
  }

  async drain(): Promise<number> {
    const begin = performance.now();
    const isEmpty = async () => (await this.#look()) === 0;
    // What is counted is as old as a second.
    await sleep(1500);
    await until(isEmpty, { what: 'nothing is pending', deadlineMs: this.#options.drainWithinMs, everyMs: 100 });
    return performance.now() - begin;
  }

  result(dead: number, drainMs: number, seconds: number): CourseResult {
    const book = this.#book;
    const all = book.all;
    const taken = all.filter(({ takenAt }) => takenAt >= 0);
    const lost = all.filter(sent => isAcknowledged(sent) && sent.takenAt < 0).map(nameOf);
    return {
      answers: book.answers,
      acknowledged: all.filter(isAcknowledged).length,
      repeatedBySender: book.repeatedBySender,
      taken: taken.length,
      takenUnacknowledged: taken.filter(sent => !isAcknowledged(sent)).length,
      takenAgain: book.takenAgain,
      takenAgainSameId: book.takenAgainSameId,
      lost,
      outOfOrder: findDisorder(all),
      kills: this.#restarts.length,
      restartMs: { median: middleOf(this.#restarts), worst: Math.max(0, ...this.#restarts) },
      mostPending: this.#mostPending,
      drainMs,
      dead,
      seconds,
    };
  }

  /** At a random moment, whatever is in flight then. */
  async #dieAndRevive(): Promise<void> {
    await this.#look();
    await sleep(Math.random() * MOST_REST_MS);
    const begin = performance.now();
    await this.#gateway.kill();
    const code = await this.#gateway.start();
    if (code !== undefined) throw new Error(`the gateway ended with ${code}: ${this.#gateway.written.slice(-1000)}`);
    this.#restarts.push(performance.now() - begin);
  }

  async #look(): Promise<number> {
    const { pending } = await this.#gateway.backlog();
    this.#mostPending = Math.max(this.#mostPending, pending);
    return pending;
  }
}

/** Kills a gateway again and again while events come and its back-end is in trouble, and counts what came of each. */
export const playCrashes = async (options: CourseOptions): Promise<CourseResult> => {
  const dir = mkdtempSync(join(tmpdir(), 'breakwater-crash-'));
  const backEnd = await createFaultServer();
  const book = new Book();
  const troubles = new Troubles(backEnd, book);
  const gateway = await MortalGateway.create(dir, backEnd.url, { limit: `${APP_LIMIT_MS}ms` });
  const wcs = new WcsClient({ url: gateway.url, connections: 1000 });
  const course = new Course(options, gateway, book);
  const begin = performance.now();
  try {
    await gateway.start();
    troubles.begin(options.turnMs);
    await course.send(wcs);
    await troubles.beWell();
    options.say?.('the back-end is well');
    const drainMs = await course.drain();
    const { dead } = await gateway.backlog();
    await gateway.stop();
    return course.result(dead, drainMs, (performance.now() - begin) / 1000);
  } finally {
    wcs.close();
    await gateway.kill();
    await troubles.beWell();
    await backEnd.close();
    rmSync(dir, { recursive: true, force: true });
  }
};
