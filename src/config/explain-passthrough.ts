import { LOW_SHARE } from '../core/call.ts';
import { findHook } from '../hooks/catalogue.ts';
import type { Draft, DraftApp, DraftBacked } from './draft.ts';
import { certificateStatements, proxyStatements, rateStatement } from './explain-callers.ts';
import { replicaStatements } from './explain-replicas.ts';
import { ofBreaker, ofConcurrency, ofConnect, ofTarget, ofTls } from './explain-upstreams.ts';
import type { Statement } from './fact.ts';
import { formatDuration, formatShare } from './text.ts';

/** Where other things are let through, names that nobody knows are none of hooks. */
export const isHook = (app: DraftApp, hook: string): boolean =>
  !app.options.passthrough || findHook(hook).known || app.names(hook);

/**
 * What holds for all that is no hook of `backed`, or for what no app has; nothing if it is not let through. `target` is a
 * path of `backed`, with a query or not, where one is meant.
 */
export const passthroughStatements = (draft: Draft, backed: DraftBacked, target?: string): readonly Statement[] => {
  const { passthrough, path } = backed.options;
  if (!passthrough) return [];
  const isOfOthers = backed === draft.others;
  return [
    ofKind(isOfOthers, path),
    ...(target === undefined ? [] : ofHook(draft, backed, target)),
    ...certificateStatements(draft),
    CALLERS,
    ...proxyStatements(draft),
    ...rateStatement(draft, { of: 'address', beyond: 'gets 429 with Retry-After' }),
    ...ofTimes(passthrough, backed.options.connectLimit),
    target === undefined ? ofConnect(backed) : ofTarget(backed, target),
    ofBreaker(backed, 'passthrough.firstByte'),
    ofConcurrency(backed, 'gets 503, or what its route has'),
    ofPriority(backed, isOfOthers),
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

/** A path of an app may be that of a hook too. */
const ofHook = ({ apps }: Draft, backed: DraftBacked, target: string): readonly Statement[] => {
  const { options } = backed;
  const [path = ''] = target.split('?');
  const hook = path.slice(options.path.length + 1);
  const app = apps.find(each => each === backed);
  if (!app || !/^[\w.-]+$/.test(hook) || !isHook(app, hook)) return [];
  return [
    {
      name: 'hook',
      value: `a POST to it is the hook ${hook}`,
      meaning: `what follows holds for all other methods; breakwater explain ${options.name} ${hook} tells of the hook`,
      rule: 'the catalogue knows the name, or a name or glob in hooks fits it',
    },
  ];
};

/** When it goes, and how much of the room it may have. */
const ofPriority = ({ options: { concurrency } }: DraftBacked, isOfOthers: boolean): Statement => {
  const { max } = concurrency;
  const most = max === 'auto' ? 'of what is learned' : `of the ${max}, so ${Math.max(1, Math.floor(max * LOW_SHARE))}`;
  const room = isOfOthers
    ? 'no hooks come to these upstreams this way, so it may have all room'
    : `takes ${formatShare(LOW_SHARE)} ${most} at most, and holds its place to the last byte`;
  return {
    name: 'priority',
    value: 'low',
    meaning: `where calls wait for room, goes last; ${room}`,
    rule: 'hooks go first',
  };
};

type Times = Exclude<DraftBacked['options']['passthrough'], false>;

/** How long what may take, and how many upgraded connections there may be. */
const ofTimes = ({ firstByte, idle, limit, upgrades }: Times, connectLimit: number): readonly Statement[] => [
  {
    name: 'connect',
    value: formatDuration(connectLimit),
    meaning: 'a connection, TLS included, that is not there by then is a 504',
    rule: '500ms',
    key: ['connectLimit'],
  },
  {
    name: 'first byte',
    value: formatDuration(firstByte),
    meaning:
      'an answer that has not begun by then is a 504, and so is a wait for room; an upload that goes on begins the time anew',
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
