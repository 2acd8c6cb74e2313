import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parseDocument } from 'yaml';
import { parseConfig } from '../src/config/load.ts';
import { requireTool, withoutTool } from './tools.ts';

const FOLDER = join(import.meta.dirname, '..', 'docs/faq');
const SCRATCH = mkdtempSync(join(tmpdir(), 'breakwater-faq-'));
after(() => rmSync(SCRATCH, { recursive: true }));

const read = (file: string): string => readFileSync(join(FOLDER, file), 'utf8');

/** Whether a program accepts a configuration, and its words. */
const judge = (tool: 'nginx' | 'haproxy', args: readonly string[]): { ok: boolean; words: string } => {
  const { status, stdout, stderr } = spawnSync(requireTool(tool), args, { encoding: 'utf8', timeout: 20_000 });
  return { ok: status === 0, words: `${stdout}${stderr}` };
};

test('the configuration of Breakwater is valid, and nothing in it is doubtful', () => {
  const { warnings } = parseConfig(read('members.yaml'), { file: 'members.yaml', env: {} });
  assert.deepEqual(warnings, []);
});

test('nginx accepts its own', { skip: withoutTool('nginx') }, () => {
  // It makes its cache in the folder that it is told.
  copyFileSync(join(FOLDER, 'nginx.conf'), join(SCRATCH, 'nginx.conf'));
  const { ok, words } = judge('nginx', ['-t', '-p', SCRATCH, '-c', 'nginx.conf', '-g', `pid ${SCRATCH}/pid;`]);
  assert.ok(ok, words);
  assert.doesNotMatch(words, /\[(?:warn|error|emerg)\]/);
});

test('HAProxy accepts its own', { skip: withoutTool('haproxy') }, () => {
  const { ok, words } = judge('haproxy', ['-c', '-f', join(FOLDER, 'haproxy.cfg')]);
  assert.ok(ok, words);
  assert.doesNotMatch(words, /WARNING|ALERT/);
});

test("Envoy's is YAML, with a route, a hedge and a time for all attempts", () => {
  const document = parseDocument(read('envoy.yaml'));
  assert.deepEqual([...document.errors, ...document.warnings], []);
  const [listener] = document.toJS().static_resources.listeners;
  const [filter] = listener.filter_chains[0].filters;
  const [route] = filter.typed_config.route_config.virtual_hosts[0].routes;
  assert.equal(route.route.timeout, '3s');
  assert.equal(route.route.hedge_policy.hedge_on_per_try_timeout, true);
});
