import { namesOf } from './address.ts';
import type { DraftBacked } from './draft.ts';
import type { Statement } from './fact.ts';
import { formatDuration, formatShare } from './text.ts';

/** What keeps calls from the upstream that is worse than the others, and what asks how they are. */
export const replicaStatements = (app: DraftBacked): readonly Statement[] => [
  ofEjection(app),
  ...ofHealth(app),
  ...ofNames(app),
];

const ofEjection = ({ options: { ejection, upstreams, slowStart } }: DraftBacked): Statement => ({
  name: 'ejection',
  value:
    ejection && upstreams.length > 1
      ? `at ${ejection.failures} failures in a row, ${formatShare(ejection.errorShare)} failures, or ${ejection.slowerThan} times the others' median`
      : 'off',
  meaning: ejectionMeaning(ejection, upstreams.length, slowStart),
  key: ['ejection'],
  rule: '5 failures in a row, 20% failures, 3 times as slow; for 10s, up to 5m',
});

const ejectionMeaning = (
  ejection: DraftBacked['options']['ejection'],
  upstreams: number,
  slowStart: number,
): string => {
  if (upstreams === 1) return 'there is one upstream, so there is none to leave out';
  if (!ejection) return 'an upstream that is worse than the others gets its part of the calls';
  return `an upstream that is so much worse than the others is then left out for ${formatDuration(ejection.for)}, later up to ${formatDuration(ejection.maxFor)}, never more than half of the ${upstreams}; when it is back, its share grows over ${formatDuration(slowStart)}`;
};

const ofHealth = ({ options: { health } }: DraftBacked): readonly Statement[] =>
  health
    ? [
        {
          name: 'health',
          value: `GET ${health.path} every ${formatDuration(health.interval)}, within ${formatDuration(health.timeout)}`,
          meaning: `${health.unhealthy} answers in a row that are not 2xx take an upstream out, ${health.healthy} good ones bring it back; while all are out, all are used`,
          key: ['health'],
        },
      ]
    : [];

/** Where upstreams are written as addresses there is nothing to ask for. */
const ofNames = ({ options: { upstreams, resolve } }: DraftBacked): readonly Statement[] => {
  const names = namesOf(upstreams);
  if (names.length === 0) return [];
  return [
    {
      name: 'resolve',
      value: `every ${formatDuration(resolve)}`,
      meaning: `all addresses of ${names.join(', ')} are used; while DNS is gone, the last known ones`,
      key: ['resolve'],
      rule: '30s',
    },
  ];
};
