import type { Draft, DraftBacked } from './draft.ts';
import { certificateStatements, proxyStatements, rateStatement } from './explain-callers.ts';
import { replicaStatements } from './explain-replicas.ts';
import { ofBreaker, ofConcurrency, ofConnect, ofTls } from './explain-upstreams.ts';
import type { Statement } from './fact.ts';
import { formatDuration } from './text.ts';

/** What holds for all that is no hook of `backed`, or for what no app has; nothing if it is not let through. */
export const passthroughStatements = (draft: Draft, backed: DraftBacked): readonly Statement[] => {
  const { passthrough, path } = backed.options;
  if (!passthrough) return [];
  return [
    ofKind(backed === draft.others, path),
    ...certificateStatements(draft),
    CALLERS,
    ...proxyStatements(draft),
    ...rateStatement(draft, { of: 'address', beyond: 'gets 429 with Retry-After' }),
    ...ofTimes(passthrough, backed.options.connectLimit),
    ofConnect(backed),
    ofBreaker(backed, 'passthrough.firstByte'),
    ofConcurrency(backed, 'gets 503, or what its route has'),
    PRIORITY,
    ...replicaStatements(backed),
    ...ofTls(backed),
  ];
};

const ofKind = (isOfOthers: boolean, path: string): Statement => {
  const where = isOfOthers
    ? 'any method, wherever no app has the path'
    : `any method, below ${path || '/'}; only POSTs to a known name, or one that matches in hooks, are hooks`;
  return {
    name: 'kind',
    value: 'no hook: it passes through',
    meaning: `${where}. Bodies are not held, nothing is sent twice, and nothing kept but for routes`,
    key: ['passthrough'],
  };
};

const CALLERS: Statement = {
  name: 'callers',
  value: 'anyone',
  meaning: 'wcs.addresses, wcs.secret and restUsername are asked of hooks alone',
  rule: 'what is no hook is for the back-end to judge',
};

const PRIORITY: Statement = {
  name: 'priority',
  value: 'low',
  meaning: 'where calls wait for room, goes last',
  rule: 'hooks go first',
};

type Times = Exclude<DraftBacked['options']['passthrough'], false>;

/** How long what may take, and how many upgraded connections there may be. */
const ofTimes = ({ firstByte, idle, limit, upgrades }: Times, connectLimit: number): readonly Statement[] => [
  {
    name: 'first byte',
    value: `${formatDuration(firstByte)}, connect within ${formatDuration(connectLimit)}`,
    meaning: 'an answer that has not begun by then is a 504; an upload that goes on begins the time anew',
    rule: '30s',
    key: ['passthrough', 'firstByte'],
  },
  {
    name: 'idle',
    value: formatDuration(idle),
    meaning: 'an answer, or an upgraded connection, on which nothing comes for so long is cut',
    rule: '60s',
    key: ['passthrough', 'idle'],
  },
  {
    name: 'limit',
    value: limit === 0 ? 'none' : formatDuration(limit),
    meaning: 'of all of it, upgraded connections aside',
    rule: '0: as long as it takes',
    key: ['passthrough', 'limit'],
  },
  {
    name: 'upgrades',
    value: `${upgrades} at a time`,
    meaning: 'connections that change to WebSocket and the like; beyond that 503',
    rule: '1000',
    key: ['passthrough', 'upgrades'],
  },
];
