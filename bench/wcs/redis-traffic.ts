import { Caller, type Heard } from '../call.ts';
import { sleep } from '../lab.ts';
import { APP } from '../targets.ts';

export const RATE = 200;
/** Each comes back after more than the second that a verdict in memory is trusted for, so that Redis is asked anew. */
export const CALLERS = 400;
/** More than a run looks up. */
export const SESSIONS = 6000;
const AT_ONCE = 32;
const MOST_TRIES = 50;
const RETRY_MS = 100;

const connectOf = (caller: string, serial: number): string =>
  JSON.stringify({
    nodeId: 'Hw47CFMBEchVOpBMDr29IxjudnJ1sjOY@192.168.1.101',
    appKey: 'EchoApp',
    sessionId: `/10.0.0.1:${serial}/192.168.1.101:8443`,
    mediaProviders: ['WebRTC', 'MSE'],
    custom: { token: `member-none-${caller}` },
  });

const publishOf = (serial: number): string =>
  JSON.stringify({ ...JSON.parse(connectOf('', serial)), name: 'stream', published: true, status: 'PENDING' });

export const HOOKS = ['connect', 'publishStream'] as const;

/** A call, what came of it, and when it was sent. */
export interface Sent {
  readonly hook: (typeof HOOKS)[number];
  readonly at: number;
  readonly heard: Heard | undefined;
}

/** Half of the calls ask for the verdict on a caller, half for a session that this gateway has not seen. */
export class Traffic {
  readonly sent: Sent[] = [];
  readonly #caller: Caller;
  readonly #open = new Set<Promise<void>>();
  #serial = 0;
  #isOver = false;

  constructor(port: number) {
    this.#caller = new Caller(port, APP);
  }

  /** Sends at a steady pace until `end`, whatever becomes of the calls before. */
  async run(): Promise<void> {
    const begin = performance.now();
    for (let due = begin; !this.#isOver; due += 1000 / RATE) {
      await sleep(Math.max(0, due - performance.now()));
      this.#send();
    }
    await Promise.all(this.#open);
    this.#caller.close();
  }

  end(): void {
    this.#isOver = true;
  }

  #send(): void {
    const serial = this.#serial++;
    const isConnect = serial % 2 === 0;
    const turn = serial >> 1;
    const hook = isConnect ? 'connect' : 'publishStream';
    const port = SESSIONS + (serial % SESSIONS);
    const body = isConnect ? connectOf(`caller${turn % CALLERS}`, port) : publishOf(turn % SESSIONS);
    const at = performance.now();
    const note = (heard?: Heard) => void this.sent.push({ hook, at, heard });
    const open = this.#caller
      .ask(`${APP}/${hook}`, body)
      .then(note, () => note())
      .then(() => void this.#open.delete(open));
    this.#open.add(open);
  }
}

/** Has every caller and session answered by the back-end once. */
export const introduceAll = async (port: number): Promise<void> => {
  const caller = new Caller(port, APP);
  for (let serial = 0; serial < SESSIONS; serial += AT_ONCE) {
    const some = Array.from({ length: AT_ONCE }, (_, i) => connectOf(`caller${(serial + i) % CALLERS}`, serial + i));
    await Promise.all(some.map(body => caller.ask(`${APP}/connect`, body)));
  }
  caller.close();
};

/** Asks for every caller until his verdict is there: a busy machine can make Redis late with it once. */
export const meetAll = async (port: number): Promise<void> => {
  const client = new Caller(port, APP);
  for (let at = 0; at < CALLERS; at++) {
    const body = connectOf(`caller${at}`, SESSIONS + at);
    for (let tries = 0; (await client.ask(`${APP}/connect`, body)).source !== 'cached'; tries++) {
      if (tries === MOST_TRIES) throw new Error('the second gateway does not hear of Redis what the first has told it');
      await sleep(RETRY_MS);
    }
  }
  client.close();
};
