import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { parse } from 'yaml';
import { dashboardDocuments } from '../grafana/documents.ts';
import { DATA_SOURCE } from '../grafana/panels.ts';
import { type DashboardJson, fillIn, type PanelJson } from '../grafana/read.ts';
import { FAMILIES } from '../src/observability/families.ts';
import { createMetrics } from '../src/observability/metrics.ts';
import { readsOf } from './kit/promql.ts';

const ROOT = join(import.meta.dirname, '..');
const DASHBOARDS = dashboardDocuments.map(({ file, render }) => ({
  file,
  text: render(),
  json: JSON.parse(render()) as DashboardJson,
}));
const PANELS = DASHBOARDS.flatMap(({ json }) =>
  json.panels.filter(({ type }) => type !== 'row').map(panel => ({ panel, name: `${json.title}: ${panel.title}` })),
);

const each = (judge: (panel: PanelJson, name: string) => void): void => {
  for (const { panel, name } of PANELS) judge(panel, name);
};

/** Labels by the name of each series that a scrape can have; `instance` and `job` are given by Prometheus. */
const labelsOfAll = (): ReadonlyMap<string, readonly string[]> => {
  const gauges = () => ({ upstreams: [], hooks: [], sessions: { known: 0, provisional: {} }, events: [] });
  const { registry } = createMetrics({ version: '1', gauges });
  const known = new Map<string, readonly string[]>();
  for (const { name } of registry.getMetricsAsArray()) known.set(name, ['instance', 'job']);
  for (const { name, labels, type } of FAMILIES) {
    known.set(name, [...labels, 'instance', 'job']);
    if (type === 'histogram') known.set(`${name}_bucket`, [...labels, 'le', 'instance', 'job']);
  }
  return known;
};

/** What is wrong with an expression, if anything is. */
const faultsOf = (expression: string, known: ReadonlyMap<string, readonly string[]>): string[] =>
  readsOf(expression).flatMap(({ metric, labels }) => {
    const has = known.get(metric);
    if (!has) return [`${expression}: there is no metric ${metric}`];
    return labels.filter(label => !has.includes(label)).map(label => `${expression}: ${metric} has no label ${label}`);
  });

describe('the dashboards', () => {
  test('are three, and each panel of them is found', () => {
    assert.equal(DASHBOARDS.length, 3);
    assert.ok(PANELS.length > 50, `${PANELS.length} panels`);
  });

  test('are in the repository as the code makes them', () => {
    for (const { file, text } of DASHBOARDS)
      assert.equal(readFileSync(join(ROOT, file), 'utf8'), text, `${file} is out of date; run npm run docs`);
  });

  test('have a unit, a data source to choose and advice on each panel', () =>
    each(({ description = '', datasource, targets = [], fieldConfig }, name) => {
      assert.ok(description.length > 60, `${name}: what to do when it looks bad?`);
      assert.ok(fieldConfig?.defaults.unit, `${name} has no unit`);
      assert.ok(targets.length > 0, `${name} asks nothing`);
      for (const asked of [{ datasource }, ...targets]) assert.equal(asked.datasource?.uid, DATA_SOURCE.uid, name);
    }));

  test('have ids, names of queries and names of dashboards that are there once', () => {
    const once = (all: readonly unknown[], what: string) => assert.equal(new Set(all).size, all.length, what);
    const ids = DASHBOARDS.map(({ json }) => json.uid);
    once(ids, ids.join(' '));
    for (const { json } of DASHBOARDS) {
      once(
        json.panels.map(({ id }) => id),
        `${json.title}: ids`,
      );
      once(
        json.panels.map(({ type, title }) => `${type === 'row'} ${title}`),
        `${json.title}: titles`,
      );
    }
    each(({ targets = [] }, name) =>
      once(
        targets.map(({ refId }) => refId),
        name,
      ),
    );
  });

  test('fill each line and let no panel lie upon another', () => {
    for (const { json } of DASHBOARDS) {
      const widths = new Map<number, number>();
      for (const { gridPos } of json.panels) widths.set(gridPos.y, (widths.get(gridPos.y) ?? 0) + gridPos.w);
      for (const [y, width] of widths) assert.equal(width, 24, `${json.title} at line ${y}`);
    }
  });

  test('lead to each other', () => {
    for (const { json } of DASHBOARDS) {
      const tags = json.links.flatMap(link => link.tags);
      for (const other of DASHBOARDS) assert.ok(tags.some(tag => other.json.tags.includes(tag)));
    }
    const drills = PANELS.filter(({ panel }) => JSON.stringify(panel.fieldConfig).includes('/d/breakwater-app?'));
    assert.ok(drills.length > 3);
  });

  test('ask for nothing but metrics and labels that there are', () => {
    const known = labelsOfAll();
    const expressions = PANELS.flatMap(({ panel: { targets = [] } }) => targets.map(({ expr }) => expr));
    const faults = expressions.flatMap(expression => faultsOf(fillIn(expression, '1m', '1h'), known));
    assert.deepEqual(faults, []);
  });

  test('take the values of their variables from metrics that there are', () => {
    const known = labelsOfAll();
    for (const { json } of DASHBOARDS)
      for (const { name, type, query } of json.templating.list) {
        if (type === 'datasource') continue;
        const [, selector = '', label] = /^label_values\((.*), (\w+)\)$/.exec(query) ?? [];
        assert.equal(label, name);
        assert.deepEqual(faultsOf(`sum by (${name}) (${fillIn(selector, '1m', '1h')})`, known), []);
      }
  });

  test('use no variable that they do not have', () => {
    for (const { json } of DASHBOARDS) {
      const names = json.templating.list.map(({ name }) => name);
      const used = json.panels.flatMap(({ targets = [] }) =>
        targets.flatMap(({ expr }) => [...expr.matchAll(/\$([a-z]\w*)/g)].map(([, name = '']) => name)),
      );
      assert.deepEqual(
        [...new Set(used)].filter(name => !names.includes(name)),
        [],
        json.title,
      );
    }
  });
});

describe('the test of expressions', () => {
  const known = labelsOfAll();

  test('finds a metric, a label and a grouping that there are not', () => {
    assert.match(faultsOf('breakwater_nothing', known).join(), /no metric/);
    assert.match(faultsOf('breakwater_inflight{hook="a"}', known).join(), /no label hook/);
    assert.match(faultsOf('sum by (le) (breakwater_inflight)', known).join(), /no label le/);
  });

  test('finds what is no PromQL', () => assert.throws(() => readsOf('sum by (app (up)'), /not understood/));
});

describe('what Grafana is provisioned with', () => {
  const read = (file: string) => parse(readFileSync(join(ROOT, 'grafana/provisioning', file), 'utf8'));

  test('is one Prometheus, and the folder with the dashboards', () => {
    const { datasources } = read('datasources/prometheus.yaml');
    assert.deepEqual([datasources[0].type, datasources[0].url], ['prometheus', 'http://prometheus:9090']);
    const { providers } = read('dashboards/breakwater.yaml');
    assert.deepEqual([providers[0].type, providers[0].options.path], ['file', '/var/lib/grafana/dashboards']);
  });
});
