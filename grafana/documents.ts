import { oneApp } from './app.ts';
import { build, type Declared } from './dashboard.ts';
import { latency } from './latency.ts';
import { shield } from './shield.ts';

/** Every dashboard, by the name of its file. */
export const DASHBOARDS: Readonly<Record<string, Declared>> = {
  'back-end-latency': latency,
  'the-shield': shield,
  'one-app': oneApp,
};

/** `grafana/dashboards/*.json`: what Grafana imports. */
export const dashboardDocuments = Object.entries(DASHBOARDS).map(([name, declared]) => ({
  file: `grafana/dashboards/${name}.json`,
  render: (): string => `${JSON.stringify(build(declared), null, 2)}\n`,
}));
