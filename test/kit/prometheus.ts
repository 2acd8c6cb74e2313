import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { until } from '../poll.ts';
import { freePort } from '../redis/server.ts';
import { requireTool } from '../tools.ts';

const START_MS = 20_000;
const TRIES = 3;

const open = new Set<Prometheus>();
// Whatever happens to a test, none of them is left behind.
process.once('exit', () => {
  for (const prometheus of open) prometheus.abandon();
});

export interface PrometheusOptions {
  /** Host and port of what is scraped, at `/metrics`. */
  readonly targets: readonly string[];
  readonly scrapeMs?: number;
  /** Files with recording and alerting rules. */
  readonly ruleFiles?: readonly string[];
}

/** One series, with one value or one for each step; a value that is no number is left out. */
export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly number[];
}

interface ApiSeries {
  readonly metric: Readonly<Record<string, string>>;
  readonly value?: readonly [number, string];
  readonly values?: readonly (readonly [number, string])[];
}

const read = ({ metric, value, values = value ? [value] : [] }: ApiSeries): Series => ({
  metric,
  values: values.map(([, text]) => Number(text)).filter(Number.isFinite),
});

const configOf = ({ targets, scrapeMs = 500, ruleFiles = [] }: PrometheusOptions): string => {
  const every = `${scrapeMs}ms`;
  return stringify({
    global: { scrape_interval: every, scrape_timeout: every, evaluation_interval: every },
    rule_files: ruleFiles,
    scrape_configs: [{ job_name: 'breakwater', static_configs: [{ targets }] }],
  });
};

/** A Prometheus on the loopback, with its data in a temporary folder. Nothing of it is left after `close`. */
export class Prometheus {
  readonly url: string;
  readonly #folder = mkdtempSync(join(tmpdir(), 'breakwater-prometheus-'));
  readonly #child: ChildProcess;
  #log = '';

  private constructor(port: number, options: PrometheusOptions) {
    this.url = `http://127.0.0.1:${port}`;
    const file = join(this.#folder, 'prometheus.yml');
    writeFileSync(file, configOf(options));
    const args = [
      `--config.file=${file}`,
      `--storage.tsdb.path=${this.#folder}/data`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=warn',
    ];
    this.#child = spawn(requireTool('prometheus'), args, { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#child.stderr?.setEncoding('utf8').on('data', text => (this.#log += text));
    open.add(this);
  }

  /** Starts one on a free port; done when it is ready. Another process may be quicker to take the port, hence the tries. */
  static async start(options: PrometheusOptions, tries = TRIES): Promise<Prometheus> {
    const prometheus = new Prometheus(await freePort(), options);
    try {
      await until(() => prometheus.#isReady(), { what: 'prometheus is ready', deadlineMs: START_MS, everyMs: 50 });
      return prometheus;
    } catch (error) {
      await prometheus.close();
      if (tries <= 1 || !prometheus.#log.includes('address already in use')) throw error;
      return Prometheus.start(options, tries - 1);
    }
  }

  /** The values of an expression at a time in seconds since 1970, or now. Throws with Prometheus's own words. */
  query(expression: string, at = Date.now() / 1000): Promise<readonly Series[]> {
    return this.#ask('query', { query: expression, time: String(at) });
  }

  /** The values from one time to another, both in seconds since 1970, one each `stepSeconds`. */
  queryRange(expression: string, start: number, end: number, stepSeconds = 1): Promise<readonly Series[]> {
    const range = { start: String(start), end: String(end), step: String(stepSeconds) };
    return this.#ask('query_range', { query: expression, ...range });
  }

  async close(): Promise<void> {
    const isRunning = this.#child.exitCode === null && this.#child.signalCode === null;
    const gone = isRunning ? once(this.#child, 'exit') : undefined;
    this.#child.kill('SIGKILL');
    await gone;
    this.abandon();
  }

  /** Like `close`, but waits for nothing. */
  abandon(): void {
    this.#child.kill('SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true });
    open.delete(this);
  }

  async #isReady(): Promise<boolean> {
    if (this.#child.exitCode !== null) throw new Error(`prometheus ended:\n${this.#log}`);
    const response = await fetch(`${this.url}/-/ready`).catch(() => undefined);
    await response?.arrayBuffer();
    return response?.ok ?? false;
  }

  async #ask(what: string, parameters: Record<string, string>): Promise<readonly Series[]> {
    const response = await fetch(`${this.url}/api/v1/${what}?${new URLSearchParams(parameters)}`);
    const { data, error } = (await response.json()) as { data?: { result: ApiSeries[] }; error?: string };
    if (!data) throw new Error(`${parameters.query}: ${error}`);
    return data.result.map(read);
  }
}
