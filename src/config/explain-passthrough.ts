import type { Draft, DraftApp } from './draft.ts';
import { rateStatements } from './explain-callers.ts';
import { replicaStatements } from './explain-replicas.ts';
import { ofBreaker, ofConcurrency, ofConnect, ofTls } from './explain-upstreams.ts';
import type { Statement } from './fact.ts';
import { formatDuration } from './text.ts';

/** What holds for all that is no hook of `app`; nothing if it is not let through. */
export const passthroughStatements = ({ root }: Draft, app: DraftApp): readonly Statement[] => {
  const { passthrough, path } = app.options;
  if (!passthrough) return [];
  const of = (key: string) => ({ key: ['passthrough', key] });
  return [
    {
      name: 'kind',
      value: 'no hook: it passes through',
      meaning: `any method, below ${path || '/'}; only POSTs to a known name, or one that matches in hooks, are hooks. Bodies are not held, nothing is sent twice, and nothing kept but for routes`,
      key: ['passthrough'],
    },
    ofCallers(root),
    ...rateStatements(root),
    {
      name: 'first byte',
      value: `${formatDuration(passthrough.firstByte)}, connect within ${formatDuration(app.options.connectLimit)}`,
      meaning: 'an answer that has not begun by then is a 504; an upload that goes on begins the time anew',
      rule: '30s',
      ...of('firstByte'),
    },
    {
      name: 'idle',
      value: formatDuration(passthrough.idle),
      meaning: 'an answer, or an upgraded connection, on which nothing comes for so long is cut',
      rule: '60s',
      ...of('idle'),
    },
    {
      name: 'limit',
      value: passthrough.limit === 0 ? 'none' : formatDuration(passthrough.limit),
      meaning: 'of all of it, upgraded connections aside',
      rule: '0: as long as it takes',
      ...of('limit'),
    },
    {
      name: 'upgrades',
      value: `${passthrough.upgrades} at a time`,
      meaning: 'connections that change to WebSocket and the like; beyond that 503',
      rule: '1000',
      ...of('upgrades'),
    },
    ofConnect(app),
    ofBreaker(app),
    ofConcurrency(app),
    ...replicaStatements(app),
    ...ofTls(app),
  ];
};

const ofCallers = ({ tls }: Draft['root']): Statement => ({
  name: 'callers',
  value: tls?.clientCa === undefined ? 'anyone' : `anyone with a certificate of an authority in ${tls.clientCa}`,
  meaning: 'wcs.addresses, wcs.secret and restUsername are asked of hooks alone',
  rule: 'what is no hook is for the back-end to judge',
});
