import { delimiter, join } from 'node:path';
import type { Bench, Outcome, Section, Verdict } from '../section.ts';
import { APP, gateway, httpProxy, type Target } from '../targets.ts';
import { HTTP_CLIENT_JARS, missingTool } from '../tools.ts';

const CONNECTIONS = 8;
const CALLS = 100;
const LIMIT_MS = 3000;
const NEEDED = ['java', 'javac', 'httpclient.jar'];
const CLIENT = join(import.meta.dirname, '..', 'java', 'PooledClient.java');

/** What `java/PooledClient.java` prints. */
interface Report {
  readonly calls: number;
  /** Answers with 200 and the request's own body. */
  readonly answered: number;
  readonly exceptions: number;
  /** How often the client would have asked again, had it been allowed to. */
  readonly wantedRetries: number;
  readonly connections: number;
  readonly kinds: string;
}

const visit = async ({ lab, load }: Bench, target: Target, gaps: readonly number[]): Promise<Report> => {
  const upstream = await load.upstream();
  const { port } = await target.start(lab, { upstreams: [upstream.port], limitMs: LIMIT_MS });
  const url = `http://127.0.0.1:${port}${APP}/connect`;
  const words = [url, CONNECTIONS, CALLS, ...gaps].map(String);
  return JSON.parse(await lab.run(['java', '-cp', HTTP_CLIENT_JARS.join(delimiter), CLIENT, ...words])) as Report;
};

const HEAD = ['target', 'calls', 'answered', 'exceptions', 'of kind', 'retries wanted', 'connections used'];

const row = (name: string, { calls, answered, exceptions, kinds, wantedRetries, connections }: Report): string[] => [
  name,
  String(calls),
  String(answered),
  String(exceptions),
  kinds,
  String(wantedRetries),
  String(connections),
];

const judge = ({ calls, answered, exceptions, wantedRetries }: Report): Verdict => ({
  what: 'pooled Java client with idle gaps: exceptions and retries',
  measured: `${exceptions} and ${wantedRetries} of ${calls} calls`,
  target: '0 and 0',
  met: exceptions === 0 && wantedRetries === 0 && answered === calls,
});

/** A client that trusts in its idle connections. */
export const java: Section = {
  name: 'java',
  title: 'Pooled Java client with idle gaps',
  run: async (bench): Promise<Outcome> => {
    const why = missingTool(NEEDED);
    const gaps = bench.quick ? [6] : [6, 10, 20];
    const notes = [
      `Apache HttpClient 4.5, ${CONNECTIONS} connections, bursts of ${CALLS} calls on each with ${gaps.join(', ')} s of silence between them. It does not look whether an idle connection is still open, and repeats nothing.`,
      'http-proxy has the 5 s that node:http keeps idle connections for, and shows what the client does when one is closed.',
    ];
    if (why) return { tables: [{ title: '', head: HEAD, rows: [], notes: [`Left out: ${why}.`] }], verdicts: [] };
    const targets = [gateway(), httpProxy].filter(target => target.missing === undefined);
    bench.say(`bursts with gaps of ${gaps.join(', ')} s`);
    const reports = await Promise.all(targets.map(target => visit(bench, target, gaps)));
    const rows = reports.map((report, i) => row(targets[i]?.name ?? '', report));
    return { tables: [{ title: '', head: HEAD, rows, notes }], verdicts: reports.slice(0, 1).map(judge) };
  },
};
