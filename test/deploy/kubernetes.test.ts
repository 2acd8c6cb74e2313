import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { parse } from 'yaml';
import { parseConfig } from '../../src/config/load.ts';
import { formatAddress } from '../../src/core/host-port.ts';

const ROOT = join(import.meta.dirname, '../..');
const FOLDER = join(ROOT, 'deploy/kubernetes');
const MODELS = join(process.env.BREAKWATER_KUBERNETES_MODELS ?? join(ROOT, 'node_modules'), 'kubernetes-models');
const withoutModels = existsSync(MODELS) ? false : 'kubernetes-models is not installed';

// biome-ignore lint/suspicious/noExplicitAny: manifests are as deep as they like, and what is missing fails the test.
type Manifest = any;

const readYaml = (base: string, file: string): Manifest => parse(readFileSync(join(FOLDER, base, file), 'utf8'));
const resourcesOf = (base: string): Manifest[] =>
  readYaml(base, 'kustomization.yaml').resources.map((file: string) => readYaml(base, file));
const one = (all: readonly Manifest[], kind: string): Manifest => {
  const found = all.filter(manifest => manifest.kind === kind);
  assert.equal(found.length, 1, kind);
  return found[0];
};

/** The module of kubernetes-models that declares what an apiVersion holds; ServiceMonitor is not Kubernetes' own. */
const moduleOf = (apiVersion: string): string => join(MODELS, apiVersion);
const isOwn = ({ kind }: Manifest): boolean => kind !== 'ServiceMonitor';

/** What the declarations of Kubernetes have against these manifests: missing, misspelt and mistyped keys. */
const complaints = (manifests: readonly Manifest[]): string => {
  const folder = mkdtempSync(join(tmpdir(), 'breakwater-kubernetes-'));
  const lines = manifests.map(
    (manifest, at) =>
      `import type { I${manifest.kind} as T${at} } from '${moduleOf(manifest.apiVersion)}';\n` +
      `export const m${at}: T${at} = ${JSON.stringify(manifest, null, 1)};\n`,
  );
  writeFileSync(join(folder, 'manifests.ts'), lines.join(''));
  const compilerOptions = { strict: true, noEmit: true, module: 'preserve', skipLibCheck: true, types: [] };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['manifests.ts'] }));
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  const { stdout } = spawnSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8' });
  rmSync(folder, { recursive: true });
  return stdout;
};

const SERVICE_MONITOR_KEYS = ['port', 'path', 'interval', 'scrapeTimeout', 'relabelings'];

const readPrometheus = (file: string): Manifest => parse(readFileSync(join(ROOT, 'deploy/prometheus', file), 'utf8'));
const JOB = readPrometheus('prometheus.yaml').scrape_configs[0].job_name;

const gatewayOf = ({ template }: Manifest): Manifest =>
  [...(template.spec.initContainers ?? []), ...template.spec.containers].find(({ name }) => name === 'breakwater');

for (const base of ['shield', 'sidecar']) {
  describe(`the base ${base}`, () => {
    const all = resourcesOf(base);
    const { metadata, spec } = one(all, 'StatefulSet');
    const pod = spec.template.spec;
    const gateway = gatewayOf(spec);
    const labels = spec.template.metadata.labels;
    const portNames = [...(pod.initContainers ?? []), ...pod.containers].flatMap(({ ports = [] }) =>
      ports.map(({ name }: Manifest) => name),
    );

    test('is what Kubernetes declares, key by key', { skip: withoutModels }, () =>
      assert.equal(complaints(all.filter(isOwn)), ''),
    );

    test('selects the pods that it makes', () => {
      const selectors = [
        spec.selector.matchLabels,
        one(all, 'Service').spec.selector,
        one(all, 'PodDisruptionBudget').spec.selector.matchLabels,
        one(all, 'NetworkPolicy').spec.podSelector.matchLabels,
      ];
      for (const selector of selectors) assert.deepEqual(selector, labels);
      assert.equal(spec.serviceName, one(all, 'Service').metadata.name);
      assert.deepEqual(one(all, 'ServiceMonitor').spec.selector.matchLabels, one(all, 'Service').metadata.labels);
    });

    test('names ports that are there', () => {
      for (const { targetPort } of one(all, 'Service').spec.ports)
        assert.ok(portNames.includes(targetPort), targetPort);
      for (const probe of ['startupProbe', 'livenessProbe', 'readinessProbe'])
        assert.ok(
          gateway.ports.some(({ name }: Manifest) => name === gateway[probe].httpGet.port),
          probe,
        );
      const services = one(all, 'Service').spec.ports.map(({ name }: Manifest) => name);
      for (const endpoint of one(all, 'ServiceMonitor').spec.endpoints) {
        assert.ok(services.includes(endpoint.port));
        assert.deepEqual(Object.keys(endpoint), SERVICE_MONITOR_KEYS);
      }
    });

    test('is scraped under the job that the alerts look for', () => {
      for (const { relabelings } of one(all, 'ServiceMonitor').spec.endpoints)
        assert.deepEqual(relabelings, [{ targetLabel: 'job', replacement: JOB }]);
    });

    test('mounts what it makes', () => {
      const { configMapGenerator } = readYaml(base, 'kustomization.yaml');
      const made = configMapGenerator.map(({ name }: Manifest) => name);
      const volumes = [
        ...pod.volumes,
        ...spec.volumeClaimTemplates.map(({ metadata: { name } }: Manifest) => ({ name })),
      ];
      for (const { configMap } of pod.volumes) assert.ok(made.includes(configMap.name));
      for (const { name } of gateway.volumeMounts)
        assert.ok(
          volumes.some(volume => volume.name === name),
          name,
        );
    });

    test('runs the gateway without any right', () => {
      const { runAsNonRoot, readOnlyRootFilesystem, allowPrivilegeEscalation, capabilities } = gateway.securityContext;
      assert.deepEqual([runAsNonRoot, readOnlyRootFilesystem, allowPrivilegeEscalation], [true, true, false]);
      assert.deepEqual(capabilities, { drop: ['ALL'] });
      assert.equal(gateway.securityContext.seccompProfile.type, 'RuntimeDefault');
    });

    test('has a configuration that is valid, on the ports of the container, and time to drain', () => {
      const env = {
        WCS_HOOK_SECRET: 'x'.repeat(32),
        BACKEND_URL: 'http://10.0.0.11:8000/a',
        REDIS_URL: 'redis://r:6379/0',
      };
      const file = join(FOLDER, base, 'breakwater.yaml');
      const { config } = parseConfig(readFileSync(file, 'utf8'), { file, env });
      const ports = gateway.ports.map(({ containerPort }: Manifest) => containerPort);
      assert.ok(ports.includes(Number(formatAddress(config.admin).split(':').at(-1))));
      const { seconds } = gateway.lifecycle.preStop.sleep;
      assert.ok(pod.terminationGracePeriodSeconds > seconds + config.drain / 1000);
      assert.ok(gateway.volumeMounts.some(({ mountPath }: Manifest) => config.events.dir.startsWith(mountPath)));
    });

    test('keeps secrets out of its files', () => {
      assert.deepEqual(gateway.envFrom, [{ secretRef: { name: 'breakwater' } }]);
      assert.ok(all.every(({ kind }) => kind !== 'Secret'));
    });

    test('is named alike', () => assert.equal(metadata.name, one(all, 'PodDisruptionBudget').metadata.name));
  });
}

describe('the declarations of Kubernetes', { skip: withoutModels }, () => {
  const set = one(resourcesOf('shield'), 'StatefulSet');

  test('find a misspelt key and a wrong type', () => {
    assert.match(complaints([{ ...set, spec: { ...set.spec, replica: 2 } }]), /'"replica"' does not exist/);
    assert.match(complaints([{ ...set, spec: { ...set.spec, replicas: 'two' } }]), /not assignable/);
  });
});

test('the autoscaler of the shield scales the shield, by CPU and by what queues', () => {
  const all = resourcesOf('shield');
  const { scaleTargetRef, metrics } = one(all, 'HorizontalPodAutoscaler').spec;
  const { apiVersion, kind, metadata } = one(all, 'StatefulSet');
  assert.deepEqual(scaleTargetRef, { apiVersion, kind, name: metadata.name });
  assert.deepEqual(
    metrics.map(({ resource, pods }: Manifest) => resource?.name ?? pods.metric.name),
    ['cpu', 'breakwater_queued'],
  );
});

test('the rule of the Prometheus Operator has all that the rule files have', () => {
  const { apiVersion, spec } = one(resourcesOf('monitoring'), 'PrometheusRule');
  assert.equal(apiVersion, 'monitoring.coreos.com/v1');
  const groups = readPrometheus('prometheus.yaml').rule_files.flatMap((file: string) => readPrometheus(file).groups);
  assert.ok(groups.length > 5);
  assert.deepEqual(spec, { groups });
});
