import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { dashboardDocuments } from '../grafana/documents.ts';
import { type DashboardJson, fillIn, type TargetJson } from '../grafana/read.ts';
import { playWatched, type Watched } from './kit/watched-demo.ts';
import { withoutTool } from './tools.ts';

const skip = withoutTool('prometheus') || withoutTool('redis-server');
const INTERVAL = '4s';

const labelsOf = ({ legendFormat }: TargetJson): string[] =>
  [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = '']) => label);

describe('on a Prometheus that has watched the demo', { skip }, () => {
  let watched: Watched;
  before(async () => {
    watched = await playWatched();
  });
  after(() => watched?.close());

  for (const { render } of dashboardDocuments) {
    const { title, panels } = JSON.parse(render()) as DashboardJson;

    test(`no query of ${title} is without a value, and none lacks a label of its legend`, async t => {
      const { prometheus, moments } = watched;
      const app = title.endsWith('One app') ? 'demo' : '.*';
      const faults: string[] = [];
      let count = 0;
      for (const panel of panels)
        for (const target of panel.targets ?? []) {
          const expression = fillIn(target.expr, INTERVAL, '60s', { app });
          const series = await prometheus.queryRange(expression, moments.start, moments.end);
          const shown = series.filter(({ values }) => values.length > 0);
          const bare = labelsOf(target).filter(label => !shown.some(({ metric }) => metric[label]));
          if (shown.length === 0) faults.push(`${panel.title}, ${target.legendFormat}: no value: ${expression}`);
          else if (bare.length > 0) faults.push(`${panel.title}: no series has the labels ${bare.join(', ')}`);
          count += shown.length;
        }
      t.diagnostic(`${title}: ${count} series`);
      assert.deepEqual(faults, []);
    });
  }

  test('the outage is seen in what the shield shows', async () => {
    const { prometheus, moments } = watched;
    const number = async (title: string): Promise<number> => {
      const shield = dashboardDocuments.map(({ render }) => JSON.parse(render()) as DashboardJson)[1];
      const expr = shield?.panels.find(panel => panel.title === title)?.targets?.[0]?.expr ?? '';
      const [series] = await prometheus.query(fillIn(expr, INTERVAL, '60s'), moments.outage);
      return series?.values[0] ?? Number.NaN;
    };
    assert.ok((await number('Answers not from the back-end')) > 0.5);
    assert.ok((await number('Breakers not closed')) >= 2);
    assert.ok((await number('Stored events')) > 0);
    assert.ok((await number('Callers turned away')) > 0);
  });
});
