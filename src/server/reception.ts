import { type IncomingMessage, METHODS } from 'node:http';
import type { Socket } from 'node:net';
import type { Config } from '../config/types.ts';
import type { Answer } from '../core/call.ts';
import { Cancel } from '../core/cancel.ts';
import { now } from '../core/clock.ts';
import { asGatewayError, type Code, GatewayError } from '../core/errors.ts';
import type { Emit } from '../core/events.ts';
import { createIds } from '../core/id.ts';
import { errorAnswer } from '../core/refusal.ts';
import { Roster } from '../core/roster.ts';
import { hideSecrets } from '../core/secrets.ts';
import type { Gateway, Match } from '../gateway/gateway.ts';
import type { Through } from '../gateway/through.ts';
import { BodyRoom } from './body.ts';
import { Calls, type Visitor } from './calls.ts';
import { type Asked, type AskedThrough, frontDoor, type Requested, sideDoor } from './front-door.ts';
import type { Guard } from './guard.ts';
import { Readers, watchPassing } from './pace.ts';
import { readTold } from './told.ts';
import type { Client, Trust } from './trust.ts';
import { createWholeReader, type WholeHead, type WholeRequest } from './whole-request.ts';

export interface HooksOptions {
  /** Asked at each request, so that a reload is a change of what it returns. */
  readonly gateway: () => Gateway;
  /** Asked at each request, as `gateway`. */
  readonly guard: () => Guard;
  /** Asked at each request, as `gateway`. */
  readonly trust: () => Trust;
  readonly limits: Config['limits'];
  /** The share of calls that are traced if nobody before has decided; absent: none is. */
  readonly traceShare?: number | undefined;
  readonly emit: Emit;
}

/** Fields that a refusal must have (RFC 9110 §15.5.6, §15.5.2). */
const MORE_FIELDS: Partial<Record<Code, readonly string[]>> = {
  method_not_allowed: ['Allow', 'POST'],
  bad_credentials: ['WWW-Authenticate', 'Basic realm="breakwater", charset="UTF-8"'],
};

/**
 * Where other methods pass through: TRACE would show the back-end's view of a request, the gateway's own fields among it,
 * and CONNECT asks for no path. One error serves all, and is known by that.
 */
const NOT_PASSED = new GatewayError('method_not_allowed', 'TRACE and CONNECT are not let through');
const PASSED: readonly string[] = ['Allow', METHODS.filter(method => !/^(?:TRACE|CONNECT)$/.test(method)).join(', ')];

/** True for a head with nothing that asks for more than one plain exchange. */
const isPlain = ({ head }: Asked<unknown>): boolean =>
  !head.asksForMore &&
  head.transferEncodings === 0 &&
  head.contentLengths === 1 &&
  /^(?:0|[1-9]\d*)$/.test(head.contentLength ?? '') &&
  /^(?:,keep-alive)?$/i.test(head.connection);

/** What the two ways in, node:http and the fast path, have in common: who is in, what is asked, and what is refused. */
export class Reception {
  readonly limits: HooksOptions['limits'];
  readonly bodies = new BodyRoom();
  readonly calls: Calls;
  /** True once answers say `Connection: close`. */
  draining = false;
  readonly #options: HooksOptions;
  readonly #newId = createIds();
  /** Knows the heads that came before, and which gateway they were understood with. */
  #wholeReader: ReturnType<typeof createWholeReader<Asked<Match>>> | undefined = undefined;
  #readFor: Gateway | undefined = undefined;
  readonly #readers = new Readers();
  #date = '';
  #dateUntil = 0;
  /** The tokens of the requests that wait for their answer. */
  readonly #visitors = new Roster<Cancel>();

  constructor(options: HooksOptions) {
    this.#options = options;
    this.limits = options.limits;
    this.calls = new Calls(options);
  }

  /** Requests that wait for their answer. */
  get size(): number {
    return this.#visitors.size;
  }

  /** Gives up on what is still out: each call gets the next rung at once. */
  cutShort(): void {
    for (const cancel of this.#visitors.all()) cancel.cancel(new GatewayError('closing'));
  }

  /** The `Date` of an answer that leaves now (RFC 9110 §6.6.1), made once a second. */
  get date(): string {
    if (now() >= this.#dateUntil) {
      const date = new Date();
      this.#date = date.toUTCString();
      this.#dateUntil = now() + 1000 - date.getMilliseconds();
    }
    return this.#date;
  }

  enter(arrivedAt: number, client: Client): Visitor {
    const cancel = new Cancel();
    return { id: this.#newId(), arrivedAt, client, cancel, leave: this.#visitors.add(cancel) };
  }

  /** Who asks, if `rawHeaders` came on a connection of `peer`. */
  clientOf(peer: Client, rawHeaders: readonly string[]): Client {
    const trust = this.#options.trust();
    return trust.isOn ? trust.clientOf(peer, readTold(rawHeaders)) : peer;
  }

  /** Who asks by a request that was read whole. */
  clientOfWhole(peer: Client, { told }: Asked<Match>): Client {
    return told ? this.#options.trust().clientOf(peer, told) : peer;
  }

  /** True if `address` may say in a PROXY header who asks. */
  maySpeakFor(address: string): boolean {
    const trust = this.#options.trust();
    return !trust.isOn || trust.trusts(address);
  }

  /** True if behind `address` are others. */
  isProxy(address: string): boolean {
    return this.#options.trust().trusts(address);
  }

  /** Why nobody may connect from `peer`, if that is so: who may not call takes no place among the connections. */
  refusalOf({ address }: Client): GatewayError | undefined {
    // What passes through may come from anywhere, and a proxy's own address is nobody's who calls.
    if (this.#options.gateway().letsThrough || this.#options.trust().trusts(address)) return undefined;
    try {
      this.#options.guard().checkPeer(address);
      return undefined;
    } catch (error) {
      return asGatewayError(error);
    }
  }

  /** What a head asks for. Throws a GatewayError with a client code for what may not come in, whatever its body. */
  ask(request: Requested, { address }: Client): Asked<Match> {
    this.#options.guard().checkPeer(address);
    return this.#understand(request);
  }

  /** What a head asks for if it is no hook and something is let through there. Throws a GatewayError with a client code. */
  askThrough(request: Requested): AskedThrough<Through> | undefined {
    const gateway = this.#options.gateway();
    if (!gateway.letsThrough) return undefined;
    const { method } = request;
    const asked = sideDoor(request, path =>
      method === 'POST' && gateway.find(path) ? undefined : gateway.findThrough(path),
    );
    if (asked) this.#checkThrough(asked, method);
    return asked;
  }

  /** Why nobody gets a tunnel. */
  get noTunnel(): GatewayError {
    return this.#options.gateway().letsThrough ? NOT_PASSED : new GatewayError('method_not_allowed');
  }

  /** True for a question about the server as such, where there is a server to speak of. */
  isPing({ method, url }: Requested): boolean {
    return method === 'OPTIONS' && url === '*' && this.#options.gateway().letsThrough;
  }

  /** True for a request that would pass through; whatever else is wrong with it is told when it is served. */
  letsThrough(request: Requested): boolean {
    try {
      return this.askThrough(request) !== undefined;
    } catch {
      return false;
    }
  }

  #checkThrough({ through, path, head }: AskedThrough<Through>, method: string | undefined): void {
    if (method === 'TRACE') throw NOT_PASSED;
    if (through.leadsOut) throw new GatewayError('bad_request', 'the path leads out of the path of the upstream');
    // Many a back-end does not look at the method. A hook without a body tells it nothing.
    const mayBeHook = method === 'POST' || head.transferEncodings > 0 || (head.contentLength ?? '0') !== '0';
    if (mayBeHook && this.#options.guard().isOn && this.#options.gateway().resemblesHook(path, through))
      throw new GatewayError(
        'bad_request',
        'a server may take this for a hook; hooks are POSTs to their path as it is',
      );
  }

  /** Throws a GatewayError with a client code if the body is not one that the request may come in with. */
  check({ match, head }: Asked<Match>, body: Buffer): void {
    this.#options.guard().checkBody(match.route.app, head.authorization, body);
  }

  /** The request that `chunk` is, if it needs no node:http: whole, plain and nothing to refuse. */
  readWhole(chunk: Buffer, peer: Client): WholeRequest<Asked<Match>> | undefined {
    const request = this.#reader()(chunk);
    if (request?.asked.length !== request?.body.length) return undefined;
    return request && this.#mayEnter(request, peer) ? request : undefined;
  }

  #mayEnter({ asked, body }: WholeRequest<Asked<Match>>, peer: Client): boolean {
    try {
      this.#options.guard().checkPeer(this.clientOfWhole(peer, asked).address);
      this.check(asked, body);
      return true;
    } catch {
      return false;
    }
  }

  #understand(request: Requested): Asked<Match> {
    const asked = frontDoor(request, this.limits.body, path => this.#find(path));
    this.#options.guard().checkHead(asked.match.route.app, asked.head.authorization);
    return asked;
  }

  #reader(): ReturnType<typeof createWholeReader<Asked<Match>>> {
    const gateway = this.#options.gateway();
    if (this.#wholeReader && gateway === this.#readFor) return this.#wholeReader;
    this.#readFor = gateway;
    this.#wholeReader = createWholeReader(this.limits.headers, head => this.#askQuietly(head));
    return this.#wholeReader;
  }

  /** What would be refused is for node:http to refuse. */
  #askQuietly(head: WholeHead): Asked<Match> | undefined {
    try {
      const asked = this.#understand(head);
      if (!isPlain(asked)) return undefined;
      return this.#options.trust().isOn ? { ...asked, told: readTold(head.rawHeaders) } : asked;
    } catch {
      return undefined;
    }
  }

  /** The answer to a request that is not served, which is counted and logged. */
  refusal(error: GatewayError, { address }: Client): Answer {
    const answer = errorAnswer(this.told(error, address));
    const more = error === NOT_PASSED ? PASSED : (MORE_FIELDS[error.code] ?? []);
    return { ...answer, headers: [...answer.headers, ...more] };
  }

  /** Counts and logs what was refused. */
  told(error: GatewayError, peer: string): GatewayError {
    if (error.code === 'internal') this.#options.emit({ type: 'defect', error });
    this.#options.emit({ type: 'rejected', code: error.code, message: error.message, peer });
    return error;
  }

  /** To be called as something begins to pass through; what is returned must be called when it has passed. */
  watchPassing(request: IncomingMessage, { cancel, client }: Visitor): () => void {
    return watchPassing(request, this.limits.bodyRate, error => cancel.cancel(this.told(error, client.address)));
  }

  /** To be called after each answer: a client that does not read it is given up, counted and logged. */
  boundWrite(socket: Socket, { address }: Client): void {
    this.#readers.bound(socket, error => void this.told(error, address));
  }

  #find(path: string): Match {
    const gateway = this.#options.gateway();
    const match = gateway.find(path);
    if (match) return match;
    // A stranger is not told where to knock.
    const known = this.#options.guard().isOn
      ? ''
      : `; hooks are taken at ${gateway.paths.map(each => `${each}/<hook>`).join(', ')}`;
    throw new GatewayError('not_found', `no hook at ${hideSecrets(path.slice(0, 200), '[redacted]')}${known}`);
  }
}
