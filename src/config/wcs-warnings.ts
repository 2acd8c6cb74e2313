import { type Draft, type DraftApp, originOf, secretsOf } from './draft.ts';
import type { Setting, WcsSettings } from './flashphoner-properties.ts';
import { hookLayers } from './layers.ts';
import type { Path } from './problems.ts';
import { formatDuration } from './text.ts';
import type { Finding } from './validate.ts';

const PROPERTIES: Path = ['wcs', 'properties'];
/** An answer needs time for the way back, and WCS for reading it. */
const WAY_BACK_MS = 500;
const KEEP_ALIVE = 'StreamKeepAliveEvent';

/** Makes a finding of a line of WCS's file. */
type Say = (setting: Setting<unknown>, message: string) => Finding;

/** What WCS's own file says that does not go together with the configuration, and limits that WCS may not wait for. */
export const wcsDoubts = (draft: Draft): readonly Finding[] => [...fileDoubts(draft), ...tooNear(draft)];

const fileDoubts = (draft: Draft): readonly Finding[] => {
  if (!draft.wcsFile) return [];
  const { file, settings } = draft.wcsFile;
  const say: Say = ({ line }, message) => ({ path: PROPERTIES, message: `${file}:${line}: ${message}` });
  return [
    ...hooksOff(settings, say),
    ...waitsForEver(settings, say),
    ...otherTimeout(draft, settings, say),
    ...longTimeout(settings, say),
    ...retries(settings, say),
    ...signatures(draft, settings, say),
    ...unsigned(draft, file, settings),
    ...keepAlives(draft, settings, say),
  ];
};

const hooksOff = ({ hooksOff: off }: WcsSettings, say: Say): readonly Finding[] =>
  off?.value
    ? [say(off, 'disable_rest_requests is true, so WCS calls no hook at all, neither here nor elsewhere; write false')]
    : [];

const waitsForEver = ({ requestTimeout }: WcsSettings, say: Say): readonly Finding[] => {
  if (requestTimeout?.value !== 0) return [];
  const message =
    'rest_request_timeout is 0: if the way to this gateway breaks, WCS holds a thread for each hook for ever';
  return [say(requestTimeout, `${message}; write 15`)];
};

/** A written timeout beside that of the file. Against a WCS that waits for ever no limit is too long. */
const otherTimeout = (draft: Draft, { requestTimeout: theirs }: WcsSettings, say: Say): readonly Finding[] => {
  const ours = draft.root.wcs.requestTimeout;
  if (!theirs || theirs.value === 0 || theirs.value * 1000 === ours) return [];
  const said = ours === 0 ? '0, which is for ever' : formatDuration(ours);
  const message = `rest_request_timeout is ${theirs.value} s, but wcs.requestTimeout is ${said}, and limits are held against that`;
  const over = draft.apps.filter(app => app.hooks.some(hook => app.settings(hook).limit >= theirs.value * 1000));
  const late = over.map(app => app.options.name).join(', ');
  const answers = late === '' ? '' : `; WCS does not wait for limits of ${late}`;
  return [say(theirs, `${message}${answers}; take wcs.requestTimeout out, so that this counts`)];
};

/** Seconds; beyond this somebody has meant milliseconds. */
const LONG_TIMEOUT_S = 600;

const longTimeout = ({ requestTimeout: theirs }: WcsSettings, say: Say): readonly Finding[] =>
  theirs && theirs.value > LONG_TIMEOUT_S
    ? [
        say(
          theirs,
          `rest_request_timeout is ${theirs.value}, and WCS counts in seconds; write 15 if that was meant as milliseconds`,
        ),
      ]
    : [];

const retries = ({ retries: times, retriesSent }: WcsSettings, say: Say): readonly Finding[] => {
  if (!times || times.value === 0 || retriesSent?.value === false) return [];
  const message = `rest_client_request_retry_count is ${times.value}, so a hook whose connection breaks may come ${times.value + 1} times`;
  const joined = 'repeats are joined here while the first is on its way, but not in a back-end that is called directly';
  return [say(times, `${message}; ${joined}; write rest_client_request_sent_retry_enabled=false`)];
};

/** What is wrong where WCS's file speaks of signatures. */
const signatures = (draft: Draft, { signs, secret }: WcsSettings, say: Say): readonly Finding[] => {
  const ours = secretsOf(draft);
  if (signs?.value === true && !secret)
    return [
      say(
        signs,
        'rest_hook_send_hash is true, but there is no rest_hook_secret_key to sign with; write one, and it is checked here',
      ),
    ];
  if (signs?.value === true && secret && !ours.includes(secret.value))
    return [
      say(secret, 'rest_hook_secret_key is none of wcs.secret, so what WCS signs is refused; write the same in both'),
    ];
  if (secret && signs?.value !== true && ours.length === 0)
    return [
      say(
        secret,
        'there is a rest_hook_secret_key, but rest_hook_send_hash is not true: WCS does not sign, and nothing is checked here; write true',
      ),
    ];
  if (signs?.value === false && ours.length > 0)
    return [
      say(signs, 'rest_hook_send_hash is false, but wcs.secret wants signatures, so hooks are refused; write true'),
    ];
  return [];
};

/** What is wrong where WCS's file is silent about signatures: without a word it does not sign. */
const unsigned = (draft: Draft, file: string, { signs }: WcsSettings): readonly Finding[] => {
  if (signs || secretsOf(draft).length === 0) return [];
  const message = `wants signatures, but ${file} has no rest_hook_send_hash, so WCS signs nothing and hooks are refused`;
  return [{ path: ['wcs', 'secret'], message: `${message}; write rest_hook_send_hash=true there` }];
};

const keepAlives = ({ apps }: Draft, { keepAliveInterval: interval }: WcsSettings, say: Say): readonly Finding[] => {
  if (!interval) return [];
  const slow = apps.filter(app => app.settings(KEEP_ALIVE).limit >= interval.value);
  return slow.map(app => {
    const limit = formatDuration(app.settings(KEEP_ALIVE).limit);
    const message = `streaming_sessions_keep_alive_interval is ${formatDuration(interval.value)}, but ${app.options.name} may take ${limit} for a ${KEEP_ALIVE}, so they pile up while the back-end stalls`;
    return say(interval, `${message}; write a shorter limit for that hook`);
  });
};

/** Limits that leave too little for the way back; those not shorter than WCS's own are errors. */
const tooNear = ({ root, apps }: Draft): readonly Finding[] => {
  const most = root.wcs.requestTimeout;
  return most === 0 ? [] : apps.flatMap(app => nearLimits(app, most));
};

const nearLimits = (app: DraftApp, most: number): readonly Finding[] =>
  app.hooks.flatMap(hook => {
    const { limit } = app.settings(hook);
    const path = originOf(hookLayers(app.layers, hook), ['limit']);
    if (!path || limit >= most || most - limit >= Math.min(WAY_BACK_MS, most / 10)) return [];
    const message = `is ${formatDuration(limit)}, which leaves an answer ${formatDuration(most - limit)} for its way back before WCS gives up`;
    return [{ path, message: `${message}; write at most ${formatDuration(most - Math.min(WAY_BACK_MS, most / 10))}` }];
  });
