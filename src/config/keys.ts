/**
 * What each key means, for people: the source of `docs/configuration.md`, of the descriptions in the JSON Schema and of
 * `explain`. A test holds it against the schema, both ways. `[]` is an item of a list, `*` a key of one's own choice.
 */
export const KEYS: Readonly<Record<string, string>> = {
  listen: 'Where hooks come in. Port 0 takes any free port.',
  admin: 'Where metrics, health and status are served, without a password; keep it on loopback or guard the port.',
  drain: 'On SIGTERM: how long calls in flight may take to end before the process exits.',

  wcs: 'What the gateway must know of the Web Call Server.',
  'wcs.requestTimeout':
    'How long WCS waits for an answer: its rest_request_timeout. 0 if it never gives up. Every limit must be shorter.',

  limits: 'How much may come in.',
  'limits.body': 'Largest body of a request, and of an answer of a back-end.',
  'limits.headers': 'Largest header block of a request.',
  'limits.connections': 'Most connections at a time; what comes beyond is answered 503.',

  defaults: 'Any key of an app except name, path and upstreams; holds for every app that does not say otherwise.',
  apps: 'The applications of WCS whose hooks come through here.',
  'apps[].name': 'Label in metrics and logs.',
  'apps[].path': 'WCS calls <listen><path>/<hook>. What stands between is no hook: the path must fit exactly.',
  'apps[].upstreams':
    'Addresses of the back-end; a hook goes to <upstream>/<hook>. Of several, the least busy healthy one is asked first, the others serve failover and hedges.',
  'apps[].limit':
    'The answer leaves no later than this after the first byte of the request. Default: four fifths of wcs.requestTimeout, or 12s if that is 0.',
  'apps[].attemptLimit': 'How long one attempt may take. Default: limit. A shorter limit of a hook shortens it too.',
  'apps[].connectLimit': 'How long one attempt may take to connect, TLS included; then another upstream is tried.',
  'apps[].idempotent':
    'Which hooks the back-end bears twice: true, false, or a list of names or globs. Only these are sent again (hedge, retry) once they may have arrived.',
  'apps[].fallback':
    'What WCS gets when the back-end does not answer in time: auto, or rungs that are tried in order (see the ladder below).',
  'apps[].hooks':
    'Settings by hook name or glob (* any characters, ? one). All that match are laid over each other, the most specific last.',
  'apps[].hooks.*.key':
    'Body fields that tell one caller from another, for cached. Default: what the catalogue knows of the hook.',
  'apps[].hooks.*.keepFor': 'How old a cached answer may be.',

  'apps[].hedge': 'A second attempt beside one that is slow; false switches it off. Only for idempotent hooks.',
  'apps[].hedge.after': 'When it is sent: at a quantile of the durations measured lately, or after a fixed time.',
  'apps[].hedge.min': 'Never sooner than this.',
  'apps[].hedge.max': 'Never later than this.',
  'apps[].hedge.budget': 'Most attempts beyond the first, as a share of calls; shared with retries.',

  'apps[].retry': 'Repeats after a failure; false switches them off.',
  'apps[].retry.attempts': 'Most attempts in all.',
  'apps[].retry.backoff': 'Wait before a repeat.',
  'apps[].retry.budget': 'Most attempts beyond the first, as a share of calls; shared with hedges.',

  'apps[].breaker': 'Leaves a failing upstream alone for a while; false switches it off. One for each upstream.',
  'apps[].breaker.window': 'Time over which calls are counted.',
  'apps[].breaker.minCalls': 'Fewest calls in the window before it may open.',
  'apps[].breaker.errorShare': 'Opens at this share of failures.',
  'apps[].breaker.slowAfter': 'A call counts as slow from this share of attemptLimit on.',
  'apps[].breaker.slowShare': 'Opens at this share of slow calls.',
  'apps[].breaker.openFor': 'How long it stays open the first time.',
  'apps[].breaker.maxOpenFor': 'How long it stays open at most, after opening again and again.',
  'apps[].breaker.probes': 'Calls that must succeed before it closes.',

  'apps[].concurrency': 'How much one upstream gets at a time.',
  'apps[].concurrency.max': 'Most calls at a time to one upstream.',
  'apps[].concurrency.queue': 'Most calls that wait for their turn; a waiting call draws on its limit.',

  cache: 'Where the last good answers are kept.',
  'cache.memory': 'Kept in the memory of this process.',
  'cache.memory.entries': 'Most answers.',
  'cache.memory.bytes': 'Most memory.',

  events: 'Where store keeps what it acknowledged; the journal comes with a later release.',
  'events.dir': 'Folder of the journal.',
  'events.maxBytes': 'Largest size of the journal.',
  'events.keepFor': 'How long an undelivered event is kept.',

  log: 'One JSON line for each call and each thing that happens, on standard output.',
  'log.level': 'Least important line that is written.',
  'log.body': 'none, or redacted: bodies are logged without their secrets.',
};

/** The description that holds for a key of the schema: `defaults` and hooks share those of an app. */
export const describeKey = (path: string): string | undefined =>
  KEYS[path] ?? KEYS[path.replace(/^defaults\./, 'apps[].')] ?? KEYS[ofApp(path)];

const ofApp = (path: string): string => path.replace(/^(?:apps\[\]|defaults)\.hooks\.\*\./, 'apps[].');
