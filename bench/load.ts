import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { compact } from '../test/samples.ts';
import { type Core, freePort, type Lab, type Running } from './lab.ts';
import { APP } from './targets.ts';

/** What `native/load.c` prints. Times are milliseconds from when a request was due. */
export interface Result {
  readonly sent: number;
  readonly answered: number;
  /** Answers with a status of 2xx. */
  readonly ok: number;
  readonly errors: number;
  readonly seconds: number;
  readonly min: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/** What `native/upstream.c` has seen since it began. */
export interface Seen {
  readonly opened: number;
  readonly open: number;
  readonly requests: number;
  /** Requests that the gateway marked as a second attempt. */
  readonly repeats: number;
  readonly aborted: number;
}

/**
 * The body of a connect hook. Each call gets a session of its own (`@`) and one of 1000 users (`#`), as real ones do:
 * equal bodies would share one flight in the gateway, and the comparison would be worth nothing.
 */
export const hookBody = JSON.stringify({
  nodeId: 'H4gfHeULtX6ddGGUWwZxhUNyqZHUFH8j@192.168.1.59',
  appKey: 'EchoApp',
  sessionId: '/192.168.1.38:64604/192.168.1.59:8443-@@@@@@@@',
  useWsTunnel: false,
  useWsTunnelPacketization2: false,
  useBase64BinaryEncoding: false,
  mediaProviders: ['WebRTC', 'WSPlayer'],
  clientVersion: '2.0.240',
  clientOSVersion: '10.0 (Windows NT 10.0; Win64; x64)',
  clientBrowserVersion:
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36',
  custom: { login: 'user-####', token: 'b0f4c7e2-51a9-4d83-9d0e-6f3c2a7d1e58', device: 'desktop' },
});

/** A documented body in the session and of the node that `hookBody` opens. */
const inSession = (file: string): string => {
  const { nodeId, appKey, sessionId } = JSON.parse(hookBody);
  return JSON.stringify({ ...JSON.parse(compact(file).toString()), nodeId, appKey, sessionId });
};

/** Hooks and their bodies that a client calls again and again in this order. */
export type Script = readonly (readonly [hook: string, body: string])[];

/** One connect hook after another. */
export const CONNECTS: Script = [['connect', hookBody]];

/** All that one publisher causes, from connecting to leaving (wcs-rest-hooks 2.2). */
export const SESSION: Script = [
  ['connect', hookBody],
  ['ConnectionStatusEvent', inSession('derived/ConnectionStatusEvent.request.json')],
  ['publishStream', inSession('publishStream.request.json')],
  ['StreamStatusEvent', inSession('StreamStatusEvent.request.v2022.json')],
  ['unPublishStream', inSession('derived/unPublishStream.request.json')],
  ['StreamStatusEvent', inSession('derived/StreamStatusEvent.request.unpublished.json')],
  ['ConnectionStatusEvent', inSession('derived/ConnectionStatusEvent.request.disconnected.json')],
];

const hookRequest = (hook: string, body: string): string =>
  [
    `POST ${APP}/${hook} HTTP/1.1`,
    'Accept: application/json, application/*+json',
    'Content-Type: application/json;charset=UTF-8',
    'User-Agent: Java/1.8.0_45',
    'Host: 127.0.0.1',
    'Connection: keep-alive',
    `Content-Length: ${Buffer.byteLength(body)}`,
    '',
    body,
  ].join('\r\n');

/** The client and the back-end of one lab. */
export class Load {
  readonly #lab: Lab;
  readonly #core: Core;
  readonly #load: string;
  readonly #upstream: string;
  readonly #sent = new Map<number, number>();
  /** Files by what they hold: runs at the same time read the same ones. */
  readonly #files = new Map<string, string>();

  constructor(lab: Lab, core: Core = 'load') {
    this.#lab = lab;
    this.#core = core;
    this.#load = lab.compile('load');
    this.#upstream = lab.compile('upstream');
  }

  /** Starts a back-end that answers as `behaviour` says (see `native/upstream.c`), on a free port unless one is named. */
  async upstream(behaviour = '0', fixedPort?: number): Promise<Running> {
    const port = fixedPort ?? (await freePort());
    return this.#lab.start([this.#upstream, String(port), behaviour], {
      core: this.#core,
      port,
      name: `upstream-${port}`,
    });
  }

  /** `connections` that each ask again at once, for `seconds` or until `requests` were sent. */
  closed(port: number, script: Script, connections: number, seconds: number, requests = 1e9): Promise<Result> {
    return this.#run('closed', port, script, [connections, seconds, requests]);
  }

  /** `rate` requests a second at random moments, whatever becomes of the ones before. */
  open(port: number, script: Script, connections: number, seconds: number, rate: number): Promise<Result> {
    return this.#run('open', port, script, [connections, seconds, rate]);
  }

  /** `count` requests at once, each on a connection of its own. */
  burst(port: number, script: Script, count: number, seconds: number): Promise<Result> {
    return this.#run('burst', port, script, [count, seconds]);
  }

  async #run(mode: string, port: number, script: Script, words: readonly number[]): Promise<Result> {
    const files = script.map(([hook, body]) => this.#fileOf(hook, hookRequest(hook, body)));
    const command = [this.#load, mode, String(port), files.join(','), ...words.map(String)];
    const text = await this.#lab.run(command, this.#core);
    const result = JSON.parse(text) as Result;
    this.#sent.set(port, this.sent(port) + result.sent);
    return result;
  }

  #fileOf(hook: string, text: string): string {
    const known = this.#files.get(text);
    if (known) return known;
    const file = join(this.#lab.dir, `${this.#files.size}-${hook}.http`);
    writeFileSync(file, text);
    this.#files.set(text, file);
    return file;
  }

  /** How many requests went to `port` in all. */
  sent(port: number): number {
    return this.#sent.get(port) ?? 0;
  }
}

export const seen = async (upstream: Running): Promise<Seen> =>
  (await (await fetch(`http://127.0.0.1:${upstream.port}/-/stats`)).json()) as Seen;

/** Makes a back-end behave differently from now on. */
export const behave = async (upstream: Running, behaviour: string): Promise<void> => {
  await (await fetch(`http://127.0.0.1:${upstream.port}/-/be/${behaviour}`)).text();
};
