import type { ClientRequest, IncomingMessage, InformationEvent } from 'node:http';
import type { Duplex } from 'node:stream';
import { type Answer, type Attempt, type Call, type Outcome, sentAttempts } from '../core/call.ts';
import { after, now } from '../core/clock.ts';
import { GatewayError } from '../core/errors.ts';
import type { Passage } from '../core/passage.ts';
import { linesOf } from '../static/fields.ts';
import { classifyError } from '../upstream/classify.ts';
import { headOf } from '../upstream/client.ts';
import { noteWhy } from '../upstream/why.ts';
import { answerHead } from './answer-head.ts';
import { endToEnd, trailersOf } from './fields.ts';
import { type LibraryParts, openRequest } from './library.ts';
import type { PassthroughOptions } from './options.ts';
import { Silence } from './silence.ts';
import type { Place, Upgrades } from './upgrades.ts';
import { sendBody } from './upload.ts';

/** What exchanges with one upstream have in common. */
export interface Line extends LibraryParts {
  /** The path of the upstream, without a slash at its end. */
  readonly base: string;
  readonly options: PassthroughOptions;
  readonly upgrades: Upgrades;
}

const NOTHING = Buffer.alloc(0);
const NOT_SENT = 'the upstream answered with a head that cannot be passed on';
const NOT_SENDING = (): void => {};

const outcomeOf = (status: number): Outcome => {
  if (status >= 500) return 'status';
  return status >= 400 ? 'verdict' : 'ok';
};

/** What went wrong on a connection that had been there. */
const asFailure = (error: NodeJS.ErrnoException, upstream: ClientRequest | undefined, ms: number): GatewayError => {
  if (error instanceof GatewayError) return error;
  if (error.code?.startsWith('HPE_'))
    return new GatewayError('body', `the upstream answered something that is not HTTP/1.1: ${error.code}`, {
      cause: error,
    });
  const reused = upstream?.reusedSocket ?? false;
  return classifyError(error, { connected: true, reused, answered: false, ms });
};

/**
 * One request on its way to the back-end, and the answer on its way back. `answered` settles with the first byte of the
 * answer, `passage.over` with the last one. It is never repeated, as the body is gone once it has been sent; one that
 * found no connection has sent nothing, and leaves the request as it was.
 */
export class Exchange {
  readonly #line: Line;
  readonly #call: Call;
  readonly #passage: Passage;
  readonly #attempt: Attempt;
  readonly #answered = Promise.withResolvers<Answer>();
  readonly #over = Promise.withResolvers<void>();
  readonly #sentAt = now();
  readonly #silence: Silence;
  readonly #stops: (() => void)[] = [];
  #upstream: ClientRequest | undefined = undefined;
  #answer: Answer | undefined = undefined;
  #place: Place | undefined = undefined;
  #stopSending = NOT_SENDING;
  #isConnected = false;
  #isOver = false;

  constructor(line: Line, call: Call, passage: Passage, attempt: Attempt) {
    this.#line = line;
    this.#call = call;
    this.#passage = passage;
    this.#attempt = attempt;
    this.#silence = new Silence(line.options.firstByte, () => this.#fail(this.#whoIsSilent()));
    this.#stops.push(() => this.#silence.stop());
    if (line.options.limit > 0)
      this.#stops.push(after(call.deadline - now(), () => this.#fail(new GatewayError('limit'))));
  }

  get answered(): Promise<Answer> {
    return this.#answered.promise;
  }

  begin(): void {
    const { upgrade } = this.#passage;
    try {
      if (upgrade.length > 0) this.#place = this.#line.upgrades.take(this.#call.route.app, this.#line.options.upgrades);
      this.#attempt.sent = true;
      this.#passage.attempts = sentAttempts(this.#call);
      this.#stops.push(this.#call.cancel.onCancel(reason => this.#fail(reason)));
      if (!this.#isOver) this.#ask();
    } catch (error) {
      // A field that node:http reads and does not write.
      this.#fail(error instanceof GatewayError ? error : new GatewayError('bad_request', undefined, { cause: error }));
    }
  }

  #ask(): void {
    const asked = { request: this.#passage.request, head: headOf(this.#call) };
    openRequest(this.#line, asked, {
      send: upstream => this.#send(upstream),
      failed: error => this.#fail(asFailure(error, this.#upstream, now() - this.#sentAt)),
    });
  }

  #send(upstream: ClientRequest): void {
    const { target, upgrade } = this.#passage;
    this.#upstream = upstream;
    const path = this.#line.base + target;
    // The path of an app, at an upstream without one.
    upstream.path = path.startsWith('/') ? path : `/${path}`;
    upstream.on('information', hints => this.#inform(hints));
    upstream.once('response', answer => this.#begin(answer));
    upstream.once('socket', () => this.#connected(upstream));
    // node:http drops a change of protocol that nobody asked for without a word.
    upstream.once('close', () => this.#isOver || this.#answer || this.#fail(new GatewayError('reset')));
    if (upgrade.length > 0)
      upstream.once('upgrade', (answer, socket, early) => this.#change(answer, { socket, early }));
    if (!this.#passage.hasBody) upstream.end();
  }

  /**
   * A back-end may refuse a body before it has come. Nothing is taken of the body earlier: where no connection comes about,
   * another upstream needs it whole.
   */
  #connected(upstream: ClientRequest): void {
    if (this.#isOver) {
      upstream.destroy();
      return;
    }
    const { request, hasBody } = this.#passage;
    this.#isConnected = true;
    if (hasBody) this.#stopSending = sendBody(request, upstream, this.#noteSent);
    this.#passage.goOn();
  }

  readonly #noteSent = (bytes: Buffer): void => {
    this.#passage.bytesIn += bytes.length;
    this.#silence.hear();
  };

  readonly #noteReceived = (bytes: Buffer): void => {
    this.#passage.bytesOut += bytes.length;
    this.#silence.hear();
    this.#call.tap?.write(bytes);
  };

  /** Nothing has begun with it: it is no sign of life, or a back-end could hold its place for ever. The 100 is the gateway's. */
  #inform({ statusCode, rawHeaders }: InformationEvent): void {
    if (this.#isOver || statusCode === 100) return;
    this.#passage.inform(
      statusCode,
      linesOf(endToEnd(rawHeaders), name => name !== 'content-length'),
    );
  }

  #begin(message: IncomingMessage): void {
    message.on('error', () => {});
    if (this.#isOver) return;
    const { statusCode: status = 0 } = message;
    const failure = status >= 500 ? 'status' : undefined;
    this.#attempt.ms = now() - this.#silence.heardAt;
    if (this.#call.trace) this.#attempt.status = status;
    const headers = this.#beginAnswer(message, failure);
    if (!headers) return;
    this.#passage.over = this.#over.promise;
    // Whoever waits for it begins to when the layers below have settled.
    this.#over.promise.catch(() => {});
    this.#silence.allow(this.#line.options.idle);
    this.#answer = { status, headers, body: NOTHING, source: 'upstream' };
    this.#pass(message);
    if (failure)
      this.#answered.reject(new GatewayError(failure, `the upstream answered ${status}`, { answer: this.#answer }));
    else this.#answered.resolve(this.#answer);
  }

  /** Has the head leave, and gives its fields; nothing if it may not, or cannot be sent. */
  #beginAnswer(message: IncomingMessage, failure: 'status' | undefined): readonly string[] | undefined {
    try {
      const head = answerHead(message);
      this.#call.tap?.begin(head);
      this.#passage.begin(head, failure);
      return head.headers;
    } catch (error) {
      this.#fail(error instanceof GatewayError ? error : new GatewayError('body', NOT_SENT, { cause: error }));
      return undefined;
    }
  }

  #pass(message: IncomingMessage): void {
    message.on('data', this.#noteReceived);
    message.once('end', () => this.#finish(message));
    message.once('close', () => this.#isOver || this.#fail(new GatewayError('reset', 'the answer was cut short')));
    message.pipe(this.#passage.response, { end: false });
  }

  #finish(message: IncomingMessage): void {
    if (this.#isOver) return;
    const { request, response } = this.#passage;
    response.addTrailers(trailersOf(message));
    response.end();
    this.#settle(outcomeOf(message.statusCode ?? 0));
    this.#call.tap?.end(true);
    this.#over.resolve();
    if (request.complete) return;
    this.#leaveUpstream();
    this.#passage.discard();
  }

  #change(message: IncomingMessage, upstream: { readonly socket: Duplex; readonly early: Buffer }): void {
    const place = this.#place;
    const protocol = message.headers.upgrade?.toLowerCase() ?? '';
    const isOffered = this.#passage.upgrade.includes(protocol);
    if (this.#isOver || !place || !isOffered) {
      upstream.socket.on('error', () => {}).destroy();
      this.#fail(new GatewayError('body', 'the upstream changed to a protocol that was not offered'));
      return;
    }
    this.#attempt.ms = now() - this.#sentAt;
    this.#place = undefined;
    const headers = endToEnd(message.rawHeaders);
    const client = this.#passage.change([
      ...headers,
      'Connection',
      'Upgrade',
      'Upgrade',
      message.headers.upgrade ?? '',
    ]);
    place.join({ client, upstream }, this.#line.options.idle);
    this.#settle('ok');
    this.#answered.resolve({ status: 101, headers, body: NOTHING, source: 'upstream' });
  }

  #whoIsSilent(): GatewayError {
    const { request, response } = this.#passage;
    const { firstByte, idle } = this.#line.options;
    if (this.#answer)
      return response.writableNeedDrain
        ? new GatewayError('gone', 'the client does not read its answer')
        : new GatewayError('timeout', `nothing more of the answer within ${idle} ms, which is passthrough.idle`);
    if (!this.#isConnected)
      return new GatewayError('connect', `no connection within ${firstByte} ms, which is passthrough.firstByte`);
    if (!request.complete && !this.#upstream?.writableNeedDrain)
      return new GatewayError('request_timeout', 'the body did not go on in time');
    return new GatewayError('timeout', `no answer within ${firstByte} ms, which is passthrough.firstByte`);
  }

  #fail(error: GatewayError): void {
    if (this.#isOver) return;
    noteWhy(this.#call, this.#attempt, error);
    // How long the client took with its body tells nothing of the back-end.
    this.#attempt.ms ??= now() - this.#silence.heardAt;
    this.#settle(error.row.outcome ?? 'cancelled');
    this.#leaveUpstream();
    if (!this.#answer) {
      this.#answered.reject(error);
      return;
    }
    this.#passage.cut();
    this.#call.tap?.end(false);
    this.#over.reject(new GatewayError(error.code, error.message, { cause: error.cause, answer: this.#answer }));
  }

  #leaveUpstream(): void {
    this.#stopSending();
    this.#upstream?.destroy();
  }

  #settle(outcome: Outcome): void {
    this.#isOver = true;
    for (const stop of this.#stops) stop();
    this.#place?.leave();
    this.#attempt.outcome = outcome;
    if (this.#attempt.sent) this.#call.emit({ type: 'attempt', call: this.#call, attempt: this.#attempt });
  }
}
