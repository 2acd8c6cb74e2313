import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import {
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  type Panel,
  QueryVariableBuilder,
  RowBuilder,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DATA_SOURCE } from './panels.ts';
import { narrowedBy, type Variable } from './promql.ts';

const TAG = 'breakwater';
const COLUMNS = 24;

interface Sized extends Builder<Panel> {
  span(columns: number): this;
}

/** A whole dashboard. Each row is one line of panels of the same width, under its title. */
export interface Declared {
  readonly uid: string;
  readonly title: string;
  readonly help: string;
  readonly variables: readonly Variable[];
  /** The variable of which one value is chosen, not several or all. */
  readonly single?: Variable;
  readonly rows: Readonly<Record<string, readonly Sized[]>>;
}

/** Where the values of a variable are read from: metrics that are there before the first call, if possible. */
const SOURCES: Readonly<Record<Variable, string>> = {
  instance: 'breakwater_build_info',
  app: 'breakwater_inflight',
  hook: 'breakwater_answers_total',
  upstream: 'breakwater_inflight',
};

const LABELS: Readonly<Record<Variable, string>> = {
  instance: 'Gateway',
  app: 'App',
  hook: 'Hook',
  upstream: 'Upstream',
};

/** Offers what those before it leave. */
const variable = (name: Variable, before: readonly Variable[], isSingle: boolean): QueryVariableBuilder => {
  const builder = new QueryVariableBuilder(name)
    .label(LABELS[name])
    .datasource(DATA_SOURCE)
    .query(`label_values(${narrowedBy(...before).select(SOURCES[name])}, ${name})`)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc);
  if (isSingle) return builder;
  return builder
    .multi(true)
    .includeAll(true)
    .allValue('.*')
    .current({ text: ['All'], value: ['$__all'] });
};

const links = (): DashboardLinkBuilder =>
  new DashboardLinkBuilder('Breakwater')
    .type(DashboardLinkType.Dashboards)
    .tags([TAG])
    .includeVars(true)
    .keepTime(true);

/** Makes what Grafana imports. Ids are the places of panels on the dashboard, from 1. */
export const build = ({ uid, title, help, variables, single, rows }: Declared): Dashboard => {
  const builder = new DashboardBuilder(`Breakwater: ${title}`)
    .uid(uid)
    .description(help)
    .tags([TAG])
    .time({ from: 'now-1h', to: 'now' })
    .refresh('30s')
    .tooltip(DashboardCursorSync.Crosshair)
    .link(links())
    .withVariable(new DatasourceVariableBuilder('datasource').label('Data source').type('prometheus'));
  for (const [at, name] of variables.entries())
    builder.withVariable(variable(name, variables.slice(0, at), name === single));
  for (const [heading, panels] of Object.entries(rows)) {
    builder.withRow(new RowBuilder(heading));
    for (const panel of panels) builder.withPanel(panel.span(COLUMNS / panels.length));
  }
  const built = builder.build();
  return { ...built, panels: (built.panels ?? []).map((panel, at) => ({ ...panel, id: at + 1 })) };
};
