// What the dashboards show, as text: `npm run dashboards -- http://127.0.0.1:9091` asks a Prometheus about now;
// without an address the demo is played, and its outage is shown.
import { parseArgs } from 'node:util';
import { playWatched } from '../test/kit/watched-demo.ts';
import { dashboardDocuments } from './documents.ts';
import { type DashboardJson, fillIn, nameSeries, type PanelJson, type Point, showValue } from './read.ts';

/** Asks a Prometheus for the values of an expression at one moment. */
export type Ask = (expression: string) => Promise<readonly Point[]>;

const MOST_SERIES = 8;

const linesOf = async (panel: PanelJson, ask: Ask, app: string): Promise<string[]> => {
  const lines: string[] = [];
  for (const target of panel.targets ?? []) {
    const points = await ask(fillIn(target.expr, '4s', '1h', { app }));
    for (const point of points)
      if (Number.isFinite(point.value) && (panel.type !== 'heatmap' || point.value > 0))
        lines.push(`    ${nameSeries(target, point).padEnd(54)} ${showValue(panel, point.value)}`);
  }
  const more = lines.length - MOST_SERIES;
  return more > 0 ? [...lines.slice(0, MOST_SERIES), `    … and ${more} more`] : lines;
};

/** One dashboard with the values of each panel; `app` is a regular expression. */
export const showDashboard = async ({ title, panels }: DashboardJson, ask: Ask, app: string): Promise<string> => {
  const lines = [`# ${title}`];
  for (const panel of panels) {
    if (panel.type === 'row') lines.push('', `## ${panel.title}`);
    else lines.push(`  ${panel.title}`, ...(await linesOf(panel, ask, app)));
  }
  return `${lines.join('\n')}\n\n`;
};

const showAll = async (ask: Ask, app: string): Promise<void> => {
  for (const { render } of dashboardDocuments)
    process.stdout.write(await showDashboard(JSON.parse(render()), ask, app));
};

/** Answers of the API of Prometheus, https://prometheus.io/docs/prometheus/latest/querying/api/#instant-queries. */
const askAt =
  (url: string, time = Date.now() / 1000): Ask =>
  async query => {
    const response = await fetch(`${url}/api/v1/query?${new URLSearchParams({ query, time: String(time) })}`);
    const { data, error } = (await response.json()) as {
      data?: { result: { metric: Point['metric']; value: [number, string] }[] };
      error?: string;
    };
    if (!data) throw new Error(`${query}: ${error}`);
    return data.result.map(({ metric, value: [, value] }) => ({ metric, value: Number(value) }));
  };

const run = async (): Promise<void> => {
  const { positionals, values } = parseArgs({ allowPositionals: true, options: { app: { type: 'string' } } });
  const [url] = positionals;
  if (url) await showAll(askAt(url), values.app ?? '.*');
  else {
    const { prometheus, moments, close } = await playWatched();
    try {
      await showAll(askAt(prometheus.url, moments.outage), values.app ?? 'demo');
    } finally {
      await close();
    }
  }
};

if (import.meta.main)
  await run().catch(({ message, cause }: Error) => {
    process.stderr.write(`${message}${cause instanceof Error ? `: ${cause.message}` : ''}\n`);
    process.exitCode = 1;
  });
