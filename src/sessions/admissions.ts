import type { Answer, Call } from '../core/call.ts';
import { Cancel } from '../core/cancel.ts';
import { after, now } from '../core/clock.ts';
import { asGatewayError, GatewayError } from '../core/errors.ts';
import type { Handler } from '../core/layer.ts';
import { isFinalNo } from '../core/statuses.ts';
import { HELD_HOOKS } from './provisional.ts';
import type { Register } from './register.ts';

/** How soon a `connect` that the back-end did not answer is put to it again. */
const RETRY_MS = 500;
/** So many are put to a back-end that answers at a time; its live calls need it too. */
const AT_ONCE = 4;
/** Bounds of what may wait for a back-end, and how long; whoever comes then is not admitted provisionally. */
const MOST_WAITING = 10_000;
const MOST_BYTES = 32 * 1024 * 1024;
/** As long as a look-up beside all calls may take; stores have limits of their own. */
const LOOKUP_MS = 1000;
const LONGEST_WAIT_MS = 24 * 60 * 60 * 1000;

type Judgement = 'verified' | 'refused';

/** What an answer says of a session that waits for it; nothing if it must be asked for again. */
const judge = ({ status }: Answer): Judgement | undefined => {
  if (status === 200) return 'verified';
  return isFinalNo(status) ? 'refused' : undefined;
};

const sizeOf = ({ body, head }: Call): number => body.length + head.length;

/** A `connect` that waits, with what ends the asking. */
interface Waiting {
  readonly name: string;
  readonly call: Call;
  /** Set while it is looked up or at the back-end. */
  asked: Cancel | undefined;
}

/** The sessions of one app that were admitted before the back-end had its say, and how it is asked. */
export class Admissions {
  readonly #register: Register;
  /** Every `connect` that waits, by session; those that were asked for in vain at the end. */
  readonly #waiting = new Map<string, Waiting>();
  /** How many of them are at the back-end now. */
  #asked = 0;
  #bytes = 0;
  /** True once a session was let in provisionally. */
  isUsed = false;
  #ask: Handler | undefined = undefined;
  #stop: (() => void) | undefined = undefined;

  constructor(register: Register) {
    this.#register = register;
  }

  /**
   * From now on `ask` puts a `connect` to the back-end; a reload changes it. What is returned takes it back, and with
   * it all that wait, unless it was changed since: then there is nobody left to ask.
   */
  askThrough(ask: Handler): () => void {
    this.#ask = ask;
    return () => {
      if (this.#ask === ask) this.close();
    };
  }

  /** How many sessions wait to be verified. */
  get size(): number {
    return this.#waiting.size;
  }

  hasRoomFor(call: Call): boolean {
    const hasRoom = this.#waiting.size < MOST_WAITING && this.#bytes + sizeOf(call) <= MOST_BYTES;
    return hasRoom && this.#ask !== undefined;
  }

  /** The back-end is asked about the session `name`, whose `connect` is `call`, until it answers; if there is room. */
  add(name: string, call: Call): void {
    this.isUsed = true;
    this.drop(name);
    if (!this.hasRoomFor(call)) return;
    this.#bytes += sizeOf(call);
    // What it has grown so far is not held for as long as it waits.
    this.#waiting.set(name, { name, call: { ...call, cancel: new Cancel(), attempts: [] }, asked: undefined });
    call.emit({ type: 'admission', app: call.route.app, callId: call.id, result: 'provisional' });
    this.#schedule();
  }

  /** The session has ended, or is settled. False if it did not wait. */
  drop(name: string): boolean {
    const waiting = this.#waiting.get(name);
    if (!waiting) return false;
    this.#waiting.delete(name);
    this.#bytes -= sizeOf(waiting.call);
    waiting.asked?.cancel(new GatewayError('cancelled', 'the session has ended'));
    return true;
  }

  /** Asks no more, and lets go of all that wait. */
  close(): void {
    this.#ask = undefined;
    this.#stop?.();
    this.#stop = undefined;
    for (const name of this.#waiting.keys()) this.drop(name);
  }

  #schedule(): void {
    if (this.#waiting.size === 0) return;
    this.#stop ??= after(RETRY_MS, () => {
      this.#stop = undefined;
      // What is out still will see to the rest when it comes back.
      if (this.#asked === 0) this.#askNext();
    });
  }

  /** Asks about the session whose turn it is; false if there is none. */
  #askNext(): boolean {
    const waiting = this.#waiting.values().find(({ asked }) => asked === undefined);
    if (!waiting || !this.#ask) return false;
    void this.#askAbout(waiting, this.#ask);
    return true;
  }

  /** A back-end that has answered is asked about several at a time, one that has not about another after a while. */
  async #askAbout(waiting: Waiting, ask: Handler): Promise<void> {
    this.#asked++;
    // Before the look-up, lest it be its turn again meanwhile.
    waiting.asked = new Cancel();
    const isStill = await this.#isUnverified(waiting);
    const answer = isStill ? await this.#put(waiting.call, waiting.asked, ask) : undefined;
    this.#asked--;
    waiting.asked = undefined;
    if (!isStill) return void this.#askNext();
    if (!this.#settle(waiting, answer)) return this.#schedule();
    while (this.#asked < AT_ONCE && this.#askNext());
  }

  /** Another instance may have seen it end, or judged it; then nobody waits for it any more. */
  async #isUnverified(waiting: Waiting): Promise<boolean> {
    const { name } = waiting;
    const session = await this.#register.named(name, LOOKUP_MS);
    if (this.#waiting.get(name) !== waiting) return false;
    if (session?.state !== 'unverified') this.drop(name);
    return session?.state === 'unverified';
  }

  /** Notes what the back-end said. False if it did not say what becomes of the session. */
  #settle(waiting: Waiting, answer: Answer | undefined): boolean {
    const judgement = answer && judge(answer);
    if (!answer || !judgement) {
      this.#requeue(waiting);
      return false;
    }
    // Not there any more: the session has ended, or begun anew.
    if (this.#waiting.get(waiting.name) === waiting) this.#conclude(waiting, judgement, answer.body);
    return true;
  }

  #conclude({ name, call }: Waiting, state: Judgement, body: Buffer): void {
    const { app } = call.route;
    this.drop(name);
    // Where the rules cannot be read, the answers to all its hooks count.
    if (state === 'verified') this.#register.learn({ name, app, body, state }, HELD_HOOKS);
    else this.#register.enter(name, app, state, []);
    call.emit({ type: 'admission', app, callId: call.id, result: state });
  }

  /** To the end of the line, lest one that the back-end cannot bear keep it from all others. */
  #requeue(waiting: Waiting): void {
    const { name, call } = waiting;
    if (this.#waiting.get(name) !== waiting) return;
    if (now() - call.arrivedAt > LONGEST_WAIT_MS) return void this.drop(name);
    this.#waiting.delete(name);
    this.#waiting.set(name, waiting);
  }

  /** The same request once more, with a limit of its own. */
  async #put(call: Call, cancel: Cancel, ask: Handler): Promise<Answer | undefined> {
    const arrivedAt = now();
    const deadline = arrivedAt + call.deadline - call.arrivedAt;
    try {
      return await ask({ ...call, arrivedAt, deadline, cancel, attempts: [] });
    } catch (error) {
      if (asGatewayError(error).code === 'internal') call.emit({ type: 'defect', error });
      return undefined;
    }
  }
}
