import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { after, describe, type TestContext, test } from 'node:test';
import { parser } from '@prometheus-io/lezer-promql';
import { parse, stringify } from 'yaml';
import { CODES, ERRORS } from '../src/core/errors.ts';
import { CATALOGUE } from '../src/hooks/catalogue.ts';
import { FAMILIES } from '../src/observability/families.ts';
import { createFaultServer, FAULTS } from './fault-server.ts';
import { configFor, startGateway } from './start.ts';
import { requireTool, withoutTool } from './tools.ts';

const FOLDER = join(import.meta.dirname, '../deploy/prometheus');
const RULE_FILES = ['breakwater-records.yaml', 'breakwater-alerts.yaml'].map(file => join(FOLDER, file));
const FIXTURES = globSync('tests/*.yaml', { cwd: FOLDER }).map(file => join(FOLDER, file));

interface Rule {
  readonly record?: string;
  readonly alert?: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

interface Fixture {
  readonly alert_rule_test: readonly { readonly alertname: string; readonly exp_alerts: readonly unknown[] }[];
}

/** What the annotations take the address of the runbooks by. */
const RUNBOOKS = '{{ with query "breakwater:runbooks" }}{{ . | first | label "address" }}{{ end }}';

const readYaml = (file: string) => parse(readFileSync(file, 'utf8'));
const rules: readonly Rule[] = RULE_FILES.flatMap(file =>
  readYaml(file).groups.flatMap(({ rules: all }: { readonly rules: readonly Rule[] }) => all),
);
const alerts = rules.filter(({ alert }) => alert !== undefined);
const fixtures: readonly Fixture[] = FIXTURES.flatMap(file => readYaml(file).tests);
const cases = fixtures.flatMap(({ alert_rule_test: all }) => all);

const none = (found: readonly string[]): void => assert.equal(found.length, 0, `\n${found.join('\n')}\n`);

const promtool = (...args: string[]) => spawnSync(requireTool('promtool'), args, { encoding: 'utf8' });

/** The texts of all nodes of `kinds` in an expression. */
const textsOf = (expr: string, ...kinds: readonly string[]): string[] => {
  const texts: string[] = [];
  parser.parse(expr).iterate({
    enter: ({ name, from, to }) => {
      if (kinds.includes(name)) texts.push(expr.slice(from, to));
    },
  });
  return texts;
};

/** Writes a rule file with this alert alone, which does not wait in it, and its fixtures, which it gives the name of. */
const writeHasty = (folder: string, { for: _, ...hasty }: Rule): string => {
  const isOfAlert = ({ alert_rule_test: all }: Fixture) => all.some(({ alertname }) => alertname === hasty.alert);
  const document = FIXTURES.map(readYaml).find(({ tests }) => tests.some(isOfAlert));
  const ruleFile = join(folder, `${hasty.alert}.yaml`);
  writeFileSync(ruleFile, stringify({ groups: [{ name: 'breakwater-outage', rules: [hasty] }] }));
  const file = join(folder, `${hasty.alert}-test.yaml`);
  const tests = document.tests.filter(isOfAlert);
  writeFileSync(file, stringify({ ...document, rule_files: [RULE_FILES[0], ruleFile], tests }));
  return file;
};

const scrape = async (adminUrl: string): Promise<Map<string, string>> => {
  const text = await (await fetch(`${adminUrl}/metrics`)).text();
  return new Map(
    [...text.matchAll(/^([a-z]\w*(?:\{.*\})?) (\S+)$/gm)].map(([, series = '', value = '']) => [series, value]),
  );
};

describe('the rules', { skip: withoutTool('promtool') }, () => {
  test('and the scrape configuration are found right by promtool', () => {
    for (const args of [
      ['check', 'rules', ...RULE_FILES],
      ['check', 'config', join(FOLDER, 'prometheus.yaml')],
    ]) {
      const { status, stdout, stderr } = promtool(...args);
      assert.deepEqual({ status, stderr }, { status: 0, stderr: '' }, stdout);
      assert.doesNotMatch(stdout, /FAILED|warn|duplicate/i);
    }
  });

  test('do what the fixtures say', () => {
    const { status, stdout, stderr } = promtool('test', 'rules', ...FIXTURES);
    assert.equal(status, 0, stdout + stderr);
  });

  test('lead to the runbooks where the records say that they are', () => {
    const folder = mkdtempSync(join(tmpdir(), 'breakwater-alerts-'));
    try {
      const move = (file: string): string => {
        const text = readFileSync(file, 'utf8').replaceAll(
          'docs/operations.md',
          'https://docs.example.com/operations.html',
        );
        writeFileSync(join(folder, relative(FOLDER, file)), text);
        return join(folder, relative(FOLDER, file));
      };
      mkdirSync(join(folder, 'tests'));
      for (const file of RULE_FILES) move(file);
      const { status, stdout, stderr } = promtool('test', 'rules', move(join(FOLDER, 'tests/outage.yaml')));
      assert.equal(status, 0, stdout + stderr);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('fail the fixtures, each of them, where no alert fires or each does', () => {
    const folder = mkdtempSync(join(tmpdir(), 'breakwater-alerts-'));
    try {
      // What never fires breaks each case in which it was to, what always does breaks every case: labels differ then.
      for (const [expr, breaks] of [
        ['vector(0) > 1', (expected: readonly unknown[]) => expected.length > 0],
        ['vector(1)', () => true],
      ] as const) {
        const doctored = { groups: [{ name: 'all', rules: alerts.map(({ alert }) => ({ alert, expr })) }] };
        writeFileSync(join(folder, 'alerts.yaml'), stringify(doctored));
        writeFileSync(
          join(folder, 'test.yaml'),
          stringify({ rule_files: ['alerts.yaml'], evaluation_interval: '10m', tests: fixtures }),
        );
        const { stdout, stderr } = promtool('test', 'rules', join(folder, 'test.yaml'));
        const broken = Map.groupBy((stdout + stderr).matchAll(/alertname: (\w+), time/g), ([, name]) => name);
        const due = cases.filter(({ exp_alerts: expected }) => breaks(expected));
        const dueOf = Map.groupBy(due, ({ alertname }) => alertname);
        none(
          alerts.flatMap(({ alert = '' }) =>
            dueOf.has(alert) && broken.get(alert)?.length === dueOf.get(alert)?.length
              ? []
              : [`${alert} under ${expr}`],
          ),
        );
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('fail the fixtures of any alert that does not wait as long as it says', () => {
    const folder = mkdtempSync(join(tmpdir(), 'breakwater-alerts-'));
    try {
      const waiting = alerts.filter(rule => rule.for !== undefined);
      assert.ok(waiting.length >= 12, `${waiting.length} alerts wait`);
      const { stdout, stderr } = promtool('test', 'rules', ...waiting.map(rule => writeHasty(folder, rule)));
      const broken = new Set(
        [...(stdout + stderr).matchAll(/alertname: (\w+), time: \S+\s+exp:\[\]/g)].map(([, name]) => name),
      );
      none(waiting.flatMap(({ alert }) => (broken.has(alert) ? [] : [`no fixture holds how long ${alert} waits`])));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('each alert', () => {
  test('is one of many, and has a name of its own', () => {
    assert.ok(alerts.length >= 12, `${alerts.length} alerts`);
    assert.equal(new Set(alerts.map(({ alert }) => alert)).size, alerts.length);
  });

  test('has a fixture in which it fires and one in which it does not', () => {
    const firesIn = ({ alert_rule_test: all }: Fixture) => all.some(({ exp_alerts: expected }) => expected.length > 0);
    const has = (alert: string | undefined, fires: boolean) =>
      fixtures.some(
        fixture => firesIn(fixture) === fires && fixture.alert_rule_test.some(({ alertname }) => alertname === alert),
      );
    none(alerts.flatMap(({ alert }) => (has(alert, true) && has(alert, false) ? [] : [`${alert} lacks a fixture`])));
  });

  test('says how urgent it is, what it is and where the runbook is, which is there', () => {
    const headings = new Set(
      [...readFileSync(join(FOLDER, '../../docs/operations.md'), 'utf8').matchAll(/^### (\w+)$/gm)].map(
        ([, name]) => name,
      ),
    );
    for (const { alert, labels, annotations } of alerts) {
      assert.ok(['page', 'ticket'].includes(labels?.severity ?? ''), alert);
      assert.ok(annotations?.summary && annotations.description, alert);
      assert.equal(annotations.runbook_url, `${RUNBOOKS}#${alert?.toLowerCase()}`);
      assert.ok(headings.has(alert), `docs/operations.md has no section ${alert}`);
    }
    none([...headings].filter(name => !alerts.some(({ alert }) => alert === name)).map(name => `no alert ${name}`));
  });
});

test('the patch that docs/operations.md shows changes the address of the runbooks', () => {
  const [, path = ''] =
    /path: (\/spec\/\S+)/.exec(readFileSync(join(FOLDER, '../../docs/operations.md'), 'utf8')) ?? [];
  const manifest = readYaml(join(FOLDER, '../kubernetes/monitoring/prometheusrule.yaml'));
  const found = path.split('/').reduce((at, key) => (key === '' ? at : at?.[key]), manifest);
  assert.equal(found, 'docs/operations.md');
});

describe('the names in the rules', () => {
  test('are those that the gateway serves or a rule records', async t => {
    const gateway = await startGateway(configFor(['http://127.0.0.1:9']));
    t.after(() => gateway.close());
    const served = [...(await scrape(gateway.breakwater.adminUrl)).keys()].map(series => series.replace(/\{.*/, ''));
    const families = FAMILIES.flatMap(({ name, type }) =>
      type === 'histogram' ? ['_bucket', '_sum', '_count'].map(end => name + end) : [name],
    );
    const known = new Set([...served, ...families, ...rules.map(({ record }) => record), 'up']);
    const used = [...new Set(rules.flatMap(({ expr }) => textsOf(expr, 'Identifier')))];
    assert.ok(used.length > 20, used.join(' '));
    none(used.filter(name => !known.has(name)));
    assert.deepEqual(
      rules.flatMap(({ expr }) => textsOf(expr, '⚠')),
      [],
    );
  });

  test('have the labels that the rules ask for', () => {
    const labelsOf = (name: string) =>
      FAMILIES.find(family => name.replace(/_(bucket|sum|count)$/, '') === family.name || name === family.name)?.labels;
    const faults = rules.flatMap(({ expr }) =>
      textsOf(expr, 'VectorSelector').flatMap(selector => {
        const [name = ''] = textsOf(selector, 'Identifier');
        const known = new Set([...(labelsOf(name) ?? []), 'job', 'instance', 'le']);
        return textsOf(selector, 'LabelName').flatMap(label => (known.has(label) ? [] : [`${name} has no ${label}`]));
      }),
    );
    none(faults);
    assert.ok(rules.flatMap(({ expr }) => textsOf(expr, 'LabelName')).length > 50);
    const all = new Set([...FAMILIES.flatMap(({ labels }) => labels), 'job', 'instance']);
    none(rules.flatMap(({ expr }) => textsOf(expr, 'LabelName')).filter(label => !all.has(label) && label !== 'le'));
  });

  const patternIn = (text: RegExp): RegExp[] =>
    rules.flatMap(({ expr }) => [...expr.matchAll(text)].map(([, pattern]) => new RegExp(`^(?:${pattern})$`)));

  test('tell hooks whose answer never decides from all others, as the catalogue does', () => {
    const patterns = patternIn(/hook[!=]~"([^"]+)"/g);
    assert.ok(patterns.length >= 3);
    for (const pattern of patterns)
      for (const { name, decides } of CATALOGUE) assert.equal(pattern.test(name), decides === 'never', name);
  });

  test('hold against the back-end what is its doing, and what follows from it', () => {
    const patterns = patternIn(/reason=~"([^"]+)"/g);
    assert.ok(patterns.length >= 2);
    const follows = new Set(['stale', 'breaker', 'overload']);
    for (const pattern of patterns)
      for (const code of CODES)
        assert.equal(pattern.test(code), ERRORS[code].fault === 'upstream' || follows.has(code), code);
  });
});

/** What was scraped becomes the series of a fixture: one step of scrape time for each scrape. */
const seriesOf = (scrapes: readonly Map<string, string>[]) =>
  [...new Set(scrapes.flatMap(each => [...each.keys()]))]
    .filter(series => series.startsWith('breakwater_answers_total'))
    .map(series => ({
      series: series.replace('{', '{job="breakwater",instance="gateway:9090",'),
      values: scrapes.map(each => each.get(series) ?? '_').join(' '),
    }));

const CALLS = 10;
const SECONDS_BEFORE = 120;
const SECONDS_OF_OUTAGE = 75;

/** What a gateway tells if it is scraped every `stepS` seconds, in front of a back-end that goes right after a scrape. */
const scrapeThroughOutage = async (t: TestContext, stepS: number): Promise<Map<string, string>[]> => {
  const backEnd = await createFaultServer();
  const gateway = await startGateway(configFor([backEnd.url], { fallback: ['echo'], limit: '1s' }));
  t.after(async () => {
    await gateway.close();
    await backEnd.close();
  });
  let calls = 0;
  const call = async () => {
    const body = `{"sessionId":"${calls++}"}`;
    await (
      await fetch(`${gateway.url}/connect`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body })
    ).text();
  };
  const scrapes: Map<string, string>[] = [];
  for (let at = 0; at < SECONDS_BEFORE + SECONDS_OF_OUTAGE; at += stepS) {
    if (at === SECONDS_BEFORE) await backEnd.setFault(FAULTS.refused);
    await Promise.all(Array.from({ length: CALLS }, call));
    scrapes.push(await scrape(gateway.breakwater.adminUrl));
  }
  return scrapes;
};

describe('an outage', { skip: withoutTool('promtool') }, () => {
  const EVALUATED_S = 5;
  const folder = mkdtempSync(join(tmpdir(), 'breakwater-outage-'));
  after(() => rmSync(folder, { recursive: true }));

  test('is looked for often enough, however seldom there is a scrape', () => {
    const { groups } = readYaml(join(FOLDER, 'breakwater-alerts.yaml'));
    const [group] = groups.filter(({ rules: all }: { readonly rules: readonly Rule[] }) =>
      all.some(({ alert }) => alert === 'BreakwaterBackendDown'),
    );
    assert.equal(group.interval, `${EVALUATED_S}s`);
  });

  for (const stepS of [5, 15])
    test(`of the back-end pages within 60 s, and nothing does before, with a scrape each ${stepS} s`, async t => {
      const scrapes = await scrapeThroughOutage(t, stepS);
      // promtool tells at which of these moments something fires although nothing was to.
      const moments = Array.from({ length: (scrapes.length * stepS) / EVALUATED_S }, (_, at) => ({
        eval_time: `${at * EVALUATED_S}s`,
        alertname: 'BreakwaterBackendDown',
        exp_alerts: [],
      }));
      const file = join(folder, `outage-${stepS}.yaml`);
      const tests = [{ interval: `${stepS}s`, input_series: seriesOf(scrapes), alert_rule_test: moments }];
      writeFileSync(file, stringify({ rule_files: RULE_FILES, evaluation_interval: `${EVALUATED_S}s`, tests }));
      const { stdout, stderr } = promtool('test', 'rules', file);
      const fired = [
        ...(stdout + stderr).matchAll(/alertname: BreakwaterBackendDown, time: (?:(\d+)m)?(?:(\d+)s)?/g),
      ].map(([, minutes = 0, seconds = 0]) => Number(minutes) * 60 + Number(seconds));
      // The back-end was last seen well one step before the first failures.
      const took = Math.min(...fired) - (SECONDS_BEFORE - stepS);
      // Prometheus looks up to one evaluation after the scrape, where promtool looks at that very moment.
      const atMost = took + EVALUATED_S;
      t.diagnostic(`alerted ${took} to ${atMost} s of scrape time after the back-end went`);
      assert.ok(took > 0 && atMost <= 60, `${took} s\n${stdout}${stderr}`);
    });
});
