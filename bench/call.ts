import { Agent, request } from 'node:http';
import { hookBody } from './load.ts';

/** One call's answer as a client of ours sees it. */
export interface Heard {
  readonly status: number;
  /** The first word of `Breakwater-Answer`. */
  readonly source: string;
  /** Its `reason`, or nothing. */
  readonly reason: string;
  readonly ms: number;
}

/** A client that reads where answers come from; for counts, not for speed. Each call has a body of its own. */
export class Caller {
  readonly #agent = new Agent({ keepAlive: true });
  readonly #port: number;
  readonly #path: string;
  #serial = 0;

  constructor(port: number, path: string) {
    this.#port = port;
    this.#path = path;
  }

  call(): Promise<Heard> {
    const serial = String(this.#serial++);
    const body = hookBody
      .replace('@@@@@@@@', serial.padStart(8, '0'))
      .replace('####', serial.slice(-4).padStart(4, '0'));
    return this.ask(this.#path, body);
  }

  /** One call of ASCII; rejects if it is not answered. */
  ask(path: string, body: string): Promise<Heard> {
    const headers = { 'Content-Type': 'application/json', 'Content-Length': body.length };
    const startedAt = performance.now();
    const options = {
      agent: this.#agent,
      host: '127.0.0.1',
      port: this.#port,
      path,
      method: 'POST',
      headers,
    };
    return new Promise((resolve, reject) => {
      const asked = request(options, answer => {
        const [source = '', ...notes] = String(answer.headers['breakwater-answer']).split('; ');
        const reason = notes.find(note => note.startsWith('reason='))?.slice('reason='.length) ?? '';
        answer.on('error', reject).resume();
        answer.on('end', () =>
          resolve({ status: answer.statusCode ?? 0, source, reason, ms: performance.now() - startedAt }),
        );
      });
      asked.on('error', reject).end(body);
    });
  }

  /** So many calls, `atOnce` at a time. */
  async calls(count: number, atOnce: number): Promise<Heard[]> {
    const heard: Heard[] = [];
    while (heard.length < count) {
      const some = Math.min(atOnce, count - heard.length);
      heard.push(...(await Promise.all(Array.from({ length: some }, () => this.call()))));
    }
    return heard;
  }

  close(): void {
    this.#agent.destroy();
  }
}
