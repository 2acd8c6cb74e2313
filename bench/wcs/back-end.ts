import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

type Json = Readonly<Record<string, unknown>>;

/** Every hook that the simulated WCS asks for with an answer in mind. */
const DECIDING = ['publishStream', 'playStream', 'call', 'answer', 'OnCallEvent', 'OnDataEvent'];
const REPORTED = ['StreamKeepAliveEvent', 'StreamStatusEvent', 'CallStatusEvent', 'ConnectionStatusEvent'];
const ENDING = ['unPublishStream', 'stopStream', 'hangup'];

const forEach = (hooks: readonly string[], rule: Json): Json => Object.fromEntries(hooks.map(hook => [hook, rule]));

const FAIL = { restOnError: 'FAIL' };
const HIDDEN = { restOnError: 'FAIL', restPolicy: 'OVERWRITE', restOverwrite: 'name' };

/** The `restClientConfig` that goes with the word in a client's token (see `java/wcs/Plan.java`). */
const RULES: Readonly<Record<string, unknown>> = {
  failStart: forEach(['publishStream', 'playStream', 'call', 'OnCallEvent'], FAIL),
  failKeepAlive: { StreamKeepAliveEvent: { ...FAIL, restExclude: 'sdp', restPolicy: 'NOTIFY' } },
  failAll: forEach([...DECIDING, ...REPORTED, ...ENDING], FAIL),
  overwrite: forEach(['publishStream', 'playStream'], HIDDEN),
  disable: { playStream: { restPolicy: 'DISABLE' }, StreamStatusEvent: { restPolicy: 'DISABLED' } },
  malformed: { publishStream: 7, playStream: { restOnError: 'sometimes' }, call: 'FAIL' },
};

/** The token of whoever may not come in or start anything begins so. */
const STRANGER = 'stranger-';

const isJson = (value: unknown): value is Json => typeof value === 'object' && value !== null;

const tokenOf = ({ custom, payload }: Json): string => {
  const holder = isJson(custom) ? custom : payload;
  return isJson(holder) && typeof holder.token === 'string' ? holder.token : '';
};

const rulesOf = (token: string): Json => {
  const [, word = ''] = token.split('-');
  const rules = RULES[token.startsWith(STRANGER) ? 'failStart' : word];
  return rules === undefined ? {} : { restClientConfig: rules };
};

/** What it says to a hook: a body, or nothing for 403. */
const judge = (hook: string, body: Json): Json | undefined => {
  const token = tokenOf(body);
  if (hook === 'connect') return token.startsWith('stranger-connect') ? undefined : { ...body, ...rulesOf(token) };
  if (token.startsWith(STRANGER) && DECIDING.includes(hook)) return undefined;
  return /^(publish|play)Stream$/.test(hook) ? { ...body, name: `hidden-${body.name}` } : body;
};

const readAll = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
};

/** The customer's back-end: knows its members by their tokens, and stalls when it is told to. */
export class BackEnd {
  readonly port: number;
  /** While true it takes every request and answers none. */
  isStalled = false;
  readonly #server;

  private constructor(server: ReturnType<typeof createServer>) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    server.on('request', (request, response) => {
      this.#answer(request, response).catch(() => response.destroy());
    });
  }

  static async start(): Promise<BackEnd> {
    const server = createServer({ keepAliveTimeout: 120_000 });
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    return new BackEnd(server);
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const text = await readAll(request);
    if (this.isStalled) return;
    const hook = request.url?.split('/').at(-1) ?? '';
    const said = judge(hook, JSON.parse(text));
    const body = JSON.stringify(said ?? { message: 'no' });
    const headers = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) };
    response.writeHead(said ? 200 : 403, headers).end(body);
  }
}
