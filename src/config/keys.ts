/**
 * What each key means, for people: the source of `docs/configuration.md`, of the descriptions in the JSON Schema and of
 * `explain`. A test holds it against the schema, both ways. `[]` is an item of a list, `*` a key of one's own choice.
 */
export const KEYS: Readonly<Record<string, string>> = {
  listen:
    'Where hooks come in. Port 0 takes any free port. unix:/path is a Unix socket, which who runs the gateway and their group may connect to (mode 0660); one that a dead process has left is replaced.',
  admin:
    'Where metrics, health and status are served, without a password; keep it on loopback or guard the port. unix:/path is a Unix socket, as for listen.',
  tls: 'TLS on listen. Default: none.',
  'tls.cert':
    'PEM file of the certificate, with its chain; it counts from the folder of the configuration. It is read again when it changes, and on SIGHUP; a pair that is broken, does not fit or does not hold now is told in the log, and the one before stays.',
  'tls.key': 'PEM file of its private key, without a password.',
  'tls.clientCa':
    'PEM file of authorities: only clients with a certificate of one of these may connect. Default: all may.',
  'tls.minVersion': 'Oldest version of TLS that is spoken.',
  proxyProtocol:
    'Each connection begins with a PROXY header, version 1 or 2, which says where it comes from; before TLS. Others are closed. If trustedProxies is written, it is believed from those alone.',
  trustedProxies:
    'Proxies before the gateway, whose X-Forwarded-For, -Proto and -Host or Forwarded say who asks: the last address that is none of theirs. unix stands for those who come over a Unix socket. Default: nobody is believed.',
  drain: 'On SIGTERM: how long calls in flight may take to end before the process exits.',

  wcs: 'What the gateway must know of the Web Call Server.',
  'wcs.requestTimeout':
    'How long WCS waits for an answer: its rest_request_timeout. 0 if it never gives up. Every limit must be shorter. Default: what wcs.properties says, else 15s.',

  'wcs.properties':
    "Path of WCS's own flashphoner.properties, which counts from the folder of the configuration; read at the start and on SIGHUP. It gives requestTimeout and, while rest_hook_send_hash is true, secret, where they are not written here; check warns of what does not go together.",
  'wcs.secret':
    'The rest_hook_secret_key of WCS. A hook without the right Authorization: WCS <hash> gets 403 and goes nowhere, unless it has the credentials of its app. In a list any of them is right, so that it can be changed without a gap.',
  'wcs.addresses':
    'Where hooks may come from: addresses of WCS, or networks. Others get 403. Default: from anywhere. A proxy in between hides the address of WCS unless it is among trustedProxies.',

  limits: 'How much may come in.',
  'limits.body': 'Largest body of a hook, and of an answer to one. What passes through has no bound: it is not held.',
  'limits.headers': 'Largest header block of a request.',
  'limits.connections':
    'Most connections at a time; what comes beyond is answered 503, or closed where the listener speaks TLS.',
  'limits.perAddress':
    'Most connections of one client address at a time (of IPv6: of one /64); what comes beyond is answered as for limits.connections. 0: no cap. WCS opens as many as it has hooks out at a time. Those of trustedProxies are not counted, unless a PROXY header tells whose they are.',
  'limits.headersWithin': 'How long the headers of a request may take from its first byte; then 408.',
  'limits.bodyRate':
    'Fewest bytes of a body that must come in a second, on average over each five seconds; then 408. 0: any rate, within the limit of the hook.',
  'limits.rate':
    'How many calls of one client go to the back-ends. What comes beyond gets the next rung at once, with the reason rate; what passes through gets 429 with Retry-After. Default: any number.',
  'limits.rate.calls': 'Calls a second in the long run.',
  'limits.rate.burst': 'Calls at once after a quiet time.',
  'limits.rate.by':
    'Who is one client: an address (of IPv6: a /64), or a node of WCS, by the nodeId in the body. A body without one counts for its address.',

  defaults:
    'Any key of an app except name, path, upstreams, restUsername and restPassword; holds for every app that does not say otherwise.',
  apps: 'The applications of WCS whose hooks come through here.',
  'apps[].name': 'Label in metrics and logs.',
  'apps[].path': 'WCS calls <listen><path>/<hook>. The path must fit exactly; what lies below it otherwise is no hook.',
  'apps[].upstreams':
    'Addresses of the back-end, http, https or unix:/path.sock, with unix:/path.sock:/base for a path; a hook goes to <upstream>/<hook>. Of several, the less busy of two healthy ones is asked first, the others serve failover and hedges.',
  'apps[].restUsername':
    'The restUsername of the app in WCS, which sends it as Basic credentials. A hook without them gets 401 and goes nowhere, unless wcs.secret is set and it is signed.',
  'apps[].restPassword': 'The restPassword of the app in WCS. Written with restUsername, or not at all.',
  'apps[].limit':
    'The answer leaves no later than this after the first byte of the request. Default: four fifths of wcs.requestTimeout, or 12s if that is 0.',
  'apps[].attemptLimit': 'How long one attempt may take. Default: limit. A shorter limit of a hook shortens it too.',
  'apps[].connectLimit': 'How long one attempt may take to connect, TLS included; then another upstream is turned to.',
  'apps[].idempotent':
    'Which hooks the back-end bears twice: true, false, or a list of names or globs. Only these are sent again (hedge, retry) once they may have arrived.',
  'apps[].fallback':
    'What WCS gets when the back-end does not answer in time: auto, or rungs that are tried in order (see the ladder below).',
  'apps[].hooks':
    'Settings by hook name or glob (* any characters, ? one). All that match are laid over each other, the most specific last.',
  'apps[].hooks.*.key':
    'Body fields that tell one caller from another, for cached. Default: what the catalogue knows of the hook.',
  'apps[].hooks.*.keepFor': 'How old a cached answer may be.',
  'apps[].hooks.*.acknowledge':
    'Of notifications: after the back-end was asked, or first: as soon as the event is stored, where the session says that WCS ignores the answer.',

  'apps[].hooks.*.priority':
    'Who goes first where there is not room for all: high, normal or low; low is also what passes through. auto: high for decisions, normal for notifications.',

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
  'apps[].breaker.slowAfter':
    'A call counts as slow from this share of attemptLimit on; what passes through, of passthrough.firstByte.',
  'apps[].breaker.slowShare': 'Opens at this share of slow calls.',
  'apps[].breaker.openFor': 'How long it stays open the first time.',
  'apps[].breaker.maxOpenFor': 'How long it stays open at most, after opening again and again.',
  'apps[].breaker.probes': 'Calls that must succeed before it closes.',

  'apps[].concurrency': 'How much one upstream gets at a time. auto is short for { max: auto }.',
  'apps[].concurrency.max': 'Most calls at a time to one upstream; auto: as many as it is learned to bear.',
  'apps[].concurrency.queue':
    'Most calls that wait for their turn, by priority; a waiting call draws on its limit, and one that cannot make it any more is not sent.',
  'apps[].concurrency.floor': 'While max is auto: never fewer than these, nor more than ceiling.',
  'apps[].concurrency.ceiling': 'While max is auto: never more than these, nor more connections.',

  'apps[].ejection':
    'Leaves out the one of several upstreams that is worse than the others, for a while; false switches it off. Never more than half of them, and where no other takes a call it is asked all the same. With one upstream it does nothing.',
  'apps[].ejection.failures': 'Left out after so many failures in a row; after more where the others fail as well.',
  'apps[].ejection.errorShare':
    'Left out at this share of failures, of its last 128 calls in 30s (at least 32), if that is three times the median of the others, and more than chance explains.',
  'apps[].ejection.slowerThan':
    'Left out when its median, of the last 64 calls in 30s (at least 32), is so many times that of the others, and 20ms above it.',
  'apps[].ejection.for': 'How long it is left out the first time; twice as long each time that it was not well yet.',
  'apps[].ejection.maxFor': 'How long it is left out at most.',
  'apps[].slowStart': 'Over how long its share of the calls grows when an upstream is back.',
  'apps[].health':
    'Asks each upstream how it is: GET <path> on a new connection, 2xx is well. Takes one out that is not, and brings one back early that was left out because it failed. Default: nobody asks. While all are out, all are used.',
  'apps[].health.path': 'Path on the server of the upstream, not below its own path. Must be written.',
  'apps[].health.interval': 'How often it is asked, a tenth more or less.',
  'apps[].health.timeout': 'How long an answer may take, connecting included.',
  'apps[].health.healthy': 'So many good answers in a row bring it back.',
  'apps[].health.unhealthy': 'So many bad ones in a row take it out.',
  'apps[].resolve':
    'How often the names of upstreams are asked for again, a tenth more or less. All their addresses are used; while DNS is gone, the last known ones.',

  'apps[].passthrough':
    'Lets what below the path is no hook through to the upstreams: pages, uploads, WebSockets. Hooks are then POSTs to a name that is known or matches one in hooks.',
  'apps[].passthrough.firstByte':
    'How long the back-end may take to the first byte of an answer, once it has the request; a call that waits for room waits as long at most.',
  'apps[].passthrough.idle':
    'How long nothing may come of an answer, or either way of an upgraded connection, before it is cut.',
  'apps[].passthrough.limit': 'How long all of it may take, upgraded connections aside; 0 is as long as it takes.',
  'apps[].passthrough.upgrades':
    'Most connections at a time that have changed their protocol, to WebSocket for the most part; beyond it 503. Such a connection takes no room of concurrency.max.',
  'apps[].passthrough.routes':
    'What a GET gets whose back-end fails, by the path as clients write it or by a glob, in which * is any characters or none, slashes too, and ? exactly one. Of several globs that fit, the most specific one holds, and it alone.',
  'apps[].passthrough.routes.*.fallback':
    'Answers to try in order: cached (the last good answer of the back-end), JSON that is written here or in a file, unavailable (503).',
  'apps[].passthrough.routes.*.keepFor': 'How old a cached answer may be.',
  'apps[].passthrough.routes.*.limit':
    'How long the first byte of an answer is waited for, from the first byte of the request. Default: as long as passthrough.firstByte allows.',
  'apps[].passthrough.routes.*.personal':
    'Keeps answers although the back-end says that they are for one client or not to be kept or given stale, and answers to requests with Authorization or Cookie; each client that differs in those two gets its own alone.',

  passthrough:
    'Where all paths lead that no app has. Beside upstreams it has the keys of apps[].passthrough, and of an app those for upstreams: connectLimit, breaker, concurrency, ejection, slowStart, health, resolve and tls; defaults are not for it. The label of its calls is passthrough. Default: nowhere, they get 404.',
  'passthrough.upstreams': 'Addresses of the back-end; a request goes to <upstream><path>.',

  'apps[].tls':
    'How upstreams that begin with https are spoken to. Files are PEM, count from the folder of the configuration, and are read again on SIGHUP.',
  'apps[].tls.ca': "Authorities that the back-end's certificate must come from. Default: those of Node.",
  'apps[].tls.cert': 'Certificate that is shown to the back-end, with its chain.',
  'apps[].tls.key': 'Its private key, without a password.',
  'apps[].tls.serverName':
    "Name that is asked for (SNI) and must be in the back-end's certificate. Default: the host of the upstream.",
  'apps[].tls.insecure': "Takes any certificate of the back-end's, of whatever name; for a try.",

  cache: 'What is kept from call to call: the last good answers, and what is known of sessions.',
  'cache.memory': 'Answers in the memory of this process.',
  'cache.memory.entries': 'Most answers.',
  'cache.memory.bytes': 'Most memory for answers.',
  'cache.answers': 'Last good answers to GETs that pass through, in the memory of this process; see routes.',
  'cache.answers.bytes': 'Most memory for them, those included that are just coming in.',
  'cache.answers.each': 'Largest body that is kept; a quarter of bytes at most.',
  'cache.sessions':
    "Sessions in the memory of this process, with what restClientConfig says of their hooks. One that is not known is treated as if each hook's answer decided.",
  'cache.sessions.entries': 'Most sessions; beyond that the one not seen for longest is forgotten.',
  'cache.sessions.keepFor': 'How long a session is known of which nothing is asked and no end is heard.',
  'cache.redis':
    'A Redis that keeps answers and sessions too, so that they outlive a restart and other instances know them. Without it, or while it is away, memory alone serves.',
  'cache.redis.url':
    'redis://[user:password@]host:6379/0, redis+sentinel://host:26379,host2:26379/master/0 or redis+cluster://host:6379,host2:6379; with rediss for TLS.',
  'cache.redis.prefix': 'Before each name in Redis. Instances that share it share what they know.',
  'cache.redis.budget': 'Longest wait for Redis, out of the limit of the call.',
  'cache.redis.ca':
    "PEM file, which counts from the folder of the configuration, of the certificates that Redis's own must come from. Default: those of Node.",
  'cache.redis.sentinelPassword': 'Password of the sentinels, if they have one of their own.',

  events: 'Where store keeps what it acknowledged, until the back-end has it.',
  'events.dir': 'Folder of the journal; it counts from the folder of the configuration. One gateway has it at a time.',
  'events.maxBytes':
    'Most that stored events may take. What comes beyond gets the next rung: nothing acknowledged is dropped.',
  'events.keepFor':
    'How long it is tried to deliver an event. After that it stays as a dead letter for an operator to see.',
  'events.share':
    'Most of concurrency.max, or of what has been learned where that is auto, that late deliveries take while calls flow.',
  'events.key':
    'Encrypts what is stored (AES-256-GCM): 32 random bytes as base64, or a list of which the first encrypts and all decrypt. openssl rand -base64 32 makes one.',
  'events.redis':
    'A Redis that keeps stored events for all instances that share it, in place of a folder. Nothing is encrypted there.',
  'events.redis.url':
    'redis://[user:password@]host:6379/0, redis+sentinel://host:26379,host2:26379/master/0 or redis+cluster://host:6379,host2:6379; with rediss for TLS.',
  'events.redis.prefix': 'Before each name in Redis. Instances that share it deliver what any of them has stored.',
  'events.redis.budget': 'Longest wait for Redis; shorter than each limit of a hook that may be stored.',
  'events.redis.ca':
    "PEM file, which counts from the folder of the configuration, of the certificates that Redis's own must come from. Default: those of Node.",
  'events.redis.sentinelPassword': 'Password of the sentinels, if they have one of their own.',

  log: 'One JSON line for each call and each thing that happens, on standard output.',
  'log.level': 'Least important line that is written.',
  'log.body':
    'none, or redacted: bodies are logged without their secrets: what stands under names that hold pass, pwd, secret, token, auth, credential, jwt, cookie or signature, end in key (but appKey), or are pin or otp, at any depth and in texts; users and passwords in addresses; Authorization lines; keys of an SDP.',
  'log.sample':
    'Of warnings of one kind (same app, hook, source and reason), of calls whose client had gone, and of lines on stored events, ten in ten seconds are written and then each hundredth, with how many were left out. false writes them all.',

  traces: 'OpenTelemetry spans of calls and attempts, sent over OTLP/HTTP. Default: none are made.',
  'traces.endpoint':
    'Where the collector takes spans: http://127.0.0.1:4318/v1/traces. Without a path it is /v1/traces. Headers such as a key come from OTEL_EXPORTER_OTLP_HEADERS.',
  'traces.sample':
    'Share of calls that are traced. Where a call comes with a valid traceparent, its sampled flag decides.',
};

/** What `table` has for a key of the schema: `defaults`, hooks and `passthrough` share what it has for those of an app. */
export const findKey = (table: Readonly<Record<string, string>>, path: string): string | undefined =>
  table[path] ??
  table[path.replace(/^defaults\./, 'apps[].')] ??
  table[ofApp(path)] ??
  table[ofOthers(path)] ??
  table[`apps[].${path}`];

/** The description that holds for a key of the schema. */
export const describeKey = (path: string): string | undefined => findKey(KEYS, path);

const ofApp = (path: string): string => path.replace(/^(?:apps\[\]|defaults)\.hooks\.\*\./, 'apps[].');

const ofOthers = (path: string): string => path.replace(/^passthrough\./, 'apps[].');
