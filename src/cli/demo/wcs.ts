import http, { type Agent, type IncomingMessage } from 'node:http';
import https from 'node:https';
import { after, now } from '../../core/clock.ts';
import { sign } from '../../hooks/signature.ts';
import { Pace } from './pace.ts';
import { phaseAt, WCS_TIMEOUT_MS } from './script.ts';
import { Board, type Outcome, type Report, SIDES, type Side } from './tally.ts';
import { type Hook, hookAt, type Load } from './traffic.ts';

/** Where each side's hooks go: URLs that the hook's name is added to. */
export type Targets = Readonly<Record<Side, string>>;

export interface WcsOptions {
  readonly load: Load;
  readonly targets: Targets;
  /** Told when a phase begins. */
  readonly onPhase: (phase: number) => void;
  /** Told about once a second how far it is. */
  readonly onReport: (report: Report) => void;
}

/** What of flashphoner.properties changes how a hook is sent. */
export interface WcsSettings {
  /** `rest_request_timeout`, in milliseconds. */
  readonly timeoutMs: number;
  /** `rest_hook_secret_key`; without it hooks are not signed. */
  readonly secret?: string | undefined;
}

const DEMO: WcsSettings = { timeoutMs: WCS_TIMEOUT_MS };

const REPORT_MS = 1000;
const IDLE_MS = 60_000;
/** Far beyond what any load comes to. */
const WARM_UP_TICK = 1_000_000_000;
const WARM_UP_TICKS = 400;

/** A JSON object that carries this hook's own session, or anything that is no admission. */
const fits = (hook: Hook, status: number | undefined, body: string): boolean => {
  if (status !== 200) return true;
  try {
    return JSON.parse(body).sessionId === hook.sessionId;
  } catch {
    return false;
  }
};

const sourceOf = ({ headers }: IncomingMessage): string =>
  String(headers['breakwater-answer'] ?? 'upstream').split(';')[0] ?? '';

const isSecure = (target: string): boolean => target.startsWith('https:');

/**
 * Connections to `target` as WCS keeps them. A certificate is always verified, whatever the environment of Node says, by
 * the authorities in `ca`, or else by those that Node knows.
 */
export const createAgent = (target: string, ca?: Buffer): Agent => {
  const options = { keepAlive: true, timeout: IDLE_MS };
  if (!isSecure(target)) return new http.Agent(options);
  return new https.Agent({ ...options, rejectUnauthorized: true, ...(ca && { ca }) });
};

const UNTRUSTED = /^(?:DEPTH_ZERO_)?SELF_SIGNED_CERT|^UNABLE_TO_(?:GET_ISSUER|VERIFY)/;

/** What the system or TLS had to say. */
const problemOf = ({ code = '', message }: NodeJS.ErrnoException): string =>
  UNTRUSTED.test(code)
    ? `its certificate comes from no authority that is trusted here (${code}); name the right one by --ca FILE, or in NODE_EXTRA_CA_CERTS`
    : message || code;

const headersOf = ({ body }: Hook, { secret }: WcsSettings) => ({
  'Content-Type': 'application/json;charset=UTF-8',
  Accept: 'application/json, application/*+json',
  ...(secret !== undefined && { Authorization: sign(secret, body) }),
});

/** Sends one hook and waits for its answer as WCS does: until `rest_request_timeout`. Never rejects. */
export const post = (target: string, hook: Hook, agent: Agent, settings = DEMO): Promise<Outcome> =>
  new Promise(resolve => {
    const startedAt = now();
    const headers = headersOf(hook, settings);
    const { request } = isSecure(target) ? https : http;
    const outgoing = request(`${target}/${hook.name}`, { method: 'POST', agent, headers });
    const end = (outcome: Omit<Outcome, 'waitMs'>) => {
      stop();
      resolve({ ...outcome, waitMs: now() - startedAt });
    };
    const stop = after(settings.timeoutMs, () => {
      end({ end: 'hung' });
      outgoing.destroy();
    });
    outgoing.on('error', error => end({ end: 'failed', problem: problemOf(error) }));
    outgoing.on('response', response => {
      const chunks: Buffer[] = [];
      response.on('data', chunk => chunks.push(chunk));
      response.on('error', () => end({ end: 'failed' }));
      response.on('end', () => {
        const good = fits(hook, response.statusCode, Buffer.concat(chunks).toString());
        if (!good || response.statusCode === undefined) end({ end: 'failed' });
        else end({ end: 'answered', status: response.statusCode, source: sourceOf(response) });
      });
    });
    outgoing.end(hook.body);
  });

/**
 * A simulated WCS. Sends every hook at its planned time to both sides, the same bytes, whatever became of those before;
 * neither side ever waits for a free connection.
 */
export class Wcs {
  readonly #options: WcsOptions;
  readonly #board = new Board();
  readonly #agents: Readonly<Record<Side, Agent>>;
  readonly #open = new Set<Promise<void>>();
  readonly #ticks: number;
  #pace: Pace;
  #phase = -1;

  constructor(options: WcsOptions) {
    const { targets } = options;
    this.#options = options;
    this.#agents = { without: createAgent(targets.without), with: createAgent(targets.with) };
    this.#pace = new Pace(options.load.rate);
    this.#ticks = options.load.seconds * options.load.rate;
  }

  /** Sends the whole load; gives what came of it when the last hook is over. */
  async run(): Promise<Report> {
    await this.#warmUp();
    this.#pace = new Pace(this.#options.load.rate);
    const reports = setInterval(() => this.#options.onReport(this.#report(false)), REPORT_MS);
    try {
      while (this.#pace.tick < this.#ticks) await this.#pace.step(tick => this.#sendBoth(tick), this.#ticks);
      await Promise.all(this.#open);
    } finally {
      clearInterval(reports);
      for (const side of SIDES) this.#agents[side].destroy();
    }
    return this.#report(true);
  }

  /** Neither side is measured cold. Callers who come only here leave no verdict that could help later. */
  async #warmUp(): Promise<void> {
    for (let tick = WARM_UP_TICK; tick < WARM_UP_TICK + WARM_UP_TICKS; tick++) {
      const hook = hookAt(tick, this.#options.load);
      if (hook.standing !== 'newcomer') continue;
      await Promise.all(SIDES.map(side => post(this.#options.targets[side], hook, this.#agents[side])));
    }
  }

  #report(over: boolean): Report {
    const { elapsedMs, latestMs: heldUpMs } = this.#pace;
    return this.#board.report({ phase: Math.max(0, this.#phase), elapsedMs, over, heldUpMs });
  }

  #sendBoth(tick: number): void {
    this.#enter(phaseAt(tick / this.#ticks));
    const hook = hookAt(tick, this.#options.load);
    for (const side of SIDES) this.#send(side, hook);
  }

  #enter(phase: number): void {
    if (phase !== this.#phase) this.#options.onPhase(phase);
    this.#phase = phase;
  }

  #send(side: Side, hook: Hook): void {
    const end = this.#board.begin(side, this.#phase, hook);
    const sent = post(this.#options.targets[side], hook, this.#agents[side]).then(outcome => {
      end(outcome);
      this.#open.delete(sent);
    });
    this.#open.add(sent);
  }
}
