import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { parse } from 'yaml';
import { parseConfig } from '../../src/config/load.ts';
import { formatAddress } from '../../src/core/host-port.ts';
import { readComposeFile as read, readCompose, readEnvFile } from '../kit/compose.ts';

const FOLDER = join(import.meta.dirname, '../../deploy/compose');
const env = { WCS_HOOK_SECRET: 'x'.repeat(32), BACKEND_URL: 'http://10.0.0.11:8000/rest/members' };
const DEMO = readEnvFile('demo.env');
const compose = readCompose({ ...env, GRAFANA_PASSWORD: 'x' });
const services = Object.values(compose.services);

describe('the compose file', () => {
  test('pins each image to a version', () => {
    for (const { image } of services) assert.match(image, /^[\w./-]+:v?\d+\.\d+\.\d+[\w.-]*$/);
  });

  test('is scraped where its gateway is', () => {
    const { scrape_configs } = parse(read('../prometheus/prometheus.yaml'));
    assert.deepEqual(scrape_configs[0].static_configs[0].targets, ['breakwater:9090']);
    assert.ok(Object.hasOwn(compose.services, 'breakwater'));
  });

  test('depends on services that are there', () => {
    const wanted = services.flatMap(({ depends_on = [] }) =>
      Array.isArray(depends_on) ? depends_on : Object.keys(depends_on),
    );
    assert.ok(wanted.length > 0);
    for (const name of wanted) assert.ok(Object.hasOwn(compose.services, name), name);
  });

  test('mounts volumes that it declares, and files that are there', () => {
    const sources = services.flatMap(({ volumes = [] }) => volumes.map(volume => volume.split(':')[0] ?? ''));
    const named = sources.filter(source => !source.startsWith('.'));
    assert.deepEqual(named.toSorted(), Object.keys(compose.volumes).toSorted());
    // Those of Prometheus and Grafana have tests of their own.
    assert.ok(existsSync(join(FOLDER, 'breakwater.yaml')) && sources.includes('./breakwater.yaml'));
  });

  test('publishes each port once, and on the network only the one for hooks', () => {
    const published = services.flatMap(({ ports = [] }) => ports.map(port => port.split(':').slice(0, -1)));
    assert.equal(new Set(published.map(parts => parts.at(-1))).size, published.length);
    assert.deepEqual(
      published.filter(([address]) => address !== '127.0.0.1'),
      [['8090']],
    );
  });

  test('runs Redis so that what is stored outlives a power cut', () => {
    const line = compose.services.redis?.command?.join(' ') ?? '';
    const wanted = [...read('../../docs/events.md').matchAll(/^(append\w+|no-append[\w-]+|maxmemory-policy) (\w+)$/gm)];
    assert.equal(wanted.length, 4);
    for (const [, key, value] of wanted) assert.ok(line.includes(`--${key} ${value}`), key);
  });

  test('has a configuration that is valid and asks for no more of the environment than it gets', () => {
    const { config } = parseConfig(read('breakwater.yaml'), { file: 'breakwater.yaml', env });
    assert.deepEqual([config.listen, config.admin].map(formatAddress), ['0.0.0.0:8090', '0.0.0.0:9090']);
    const given = Object.keys(compose.services.breakwater?.environment ?? {});
    assert.deepEqual(given.toSorted(), Object.keys(env).toSorted());
    assert.match(read('breakwater.yaml'), new RegExp(`redis://${Object.keys(compose.services)[1]}:6379/`));
  });

  test('asks for each secret and for the back-end, and says what to write, unless it is the demo', () => {
    for (const name of ['WCS_HOOK_SECRET', 'BACKEND_URL', 'GRAFANA_PASSWORD']) {
      const said = new RegExp(`^Error: ${name}: write .* into \\.env, or add --env-file demo\\.env$`);
      assert.throws(() => readCompose({ ...DEMO, [name]: undefined }), said);
    }
    assert.doesNotThrow(() => readCompose(DEMO));
  });

  test('starts the WCS and the back-end of the demo for the demo alone, in a project of its own', () => {
    const named = Object.entries(compose.services).filter(([, { profiles }]) => profiles !== undefined);
    assert.deepEqual(
      named.map(([name, { profiles }]) => [name, profiles]),
      [
        ['demo-back-end', [DEMO.COMPOSE_PROFILES]],
        ['demo-wcs', [DEMO.COMPOSE_PROFILES]],
      ],
    );
    assert.notEqual(DEMO.COMPOSE_PROJECT_NAME, parse(read('compose.yaml')).name);
    assert.doesNotMatch(read('breakwater.yaml'), /demo/);
  });

  test('leads the hooks of the demo through the gateway to its back-end', () => {
    const { services: all } = readCompose(DEMO);
    const { config } = parseConfig(read('breakwater.yaml'), { file: 'breakwater.yaml', env: DEMO });
    const after = (name: string, option: string): string => {
      const words = all[name]?.command ?? [];
      return words[words.indexOf(option) + 1] ?? '';
    };
    const gateway = new URL(after('demo-wcs', '--gateway'));
    assert.deepEqual(
      [gateway.hostname, `0.0.0.0:${gateway.port}`, gateway.pathname],
      ['breakwater', formatAddress(config.listen), config.apps[0]?.path],
    );
    const backEnd = new URL(DEMO.BACKEND_URL ?? '');
    assert.deepEqual(
      [backEnd.hostname, `0.0.0.0:${backEnd.port}`],
      ['demo-back-end', after('demo-back-end', '--listen')],
    );
    assert.equal(all['demo-wcs']?.environment?.WCS_HOOK_SECRET, DEMO.WCS_HOOK_SECRET);
  });
});
