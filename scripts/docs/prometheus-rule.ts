import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';

const FOLDER = join(import.meta.dirname, '../../deploy/prometheus');
const FILES = ['breakwater-records.yaml', 'breakwater-alerts.yaml'];

const readGroups = (file: string): readonly unknown[] => parse(readFileSync(join(FOLDER, file), 'utf8')).groups;

const render = (): string =>
  `# Made by \`npm run docs\` from deploy/prometheus: change the rules there.\n${stringify(
    {
      apiVersion: 'monitoring.coreos.com/v1',
      kind: 'PrometheusRule',
      metadata: { name: 'breakwater', labels: { 'app.kubernetes.io/name': 'breakwater' } },
      spec: { groups: FILES.flatMap(readGroups) },
    },
    { lineWidth: 0 },
  )}`;

/** The records and alerts as the Prometheus Operator takes them. */
export const prometheusRule = { file: 'deploy/kubernetes/monitoring/prometheusrule.yaml', render };
