/** The prose of `docs/configuration.md`; `{{keys}}` stands for the table that is made from the schema. */
export const CONFIGURATION_TEXT = `# Configuration

<!-- Made by npm run docs from src/config and scripts/docs; edit those. -->

One YAML file. \`breakwater run --config FILE\` takes the one that you name, else \`./breakwater.yaml\`, else the packaged
\`config/default.yaml\`. Look at \`config/examples/\` for a start; each of them is commented.

* \`breakwater check\` tells every problem at once, with file, line, column and what would be right, and prints what a valid
  file comes to, with all defaults written out.
* \`breakwater explain APP HOOK\` tells what happens to one hook, and which line or built-in rule says so; with a path in
  place of the hook, what a GET gets that passes through.
* \`kill -HUP\` reads the file again. If it is wrong, that is logged and the running configuration stays. What has changed of
  \`listen\`, \`admin\`, \`tls\`, \`proxyProtocol\`, \`limits\`, \`cache\`, \`events\`, \`log\` and \`traces\` needs a restart, which is logged too.
* With \`# yaml-language-server: $schema=…/config/breakwater.schema.json\` in the first line, editors complete and check it.

## Forms

| form | written as |
|---|---|
| duration | \`250ms\`, \`3s\`, \`10m\`, \`24h\`, \`2d\` |
| size | \`512B\`, \`16KiB\`, \`64MiB\`, \`1GiB\` |
| share | \`5%\` |
| address | \`127.0.0.1:8090\`, \`[::1]:8090\`, \`0.0.0.0:8090\` for all addresses, \`unix:/run/breakwater.sock\` for a Unix socket |

Unknown keys are errors. So are keys written twice, and keys without a value.

**Environment.** \`\${NAME}\` and \`\${NAME:-default}\` are replaced inside text values; the default also stands in for an empty
variable. A variable that is not set and has no default is an error. \`$\${\` stands for the characters \`\${\`. Keys, comments,
numbers and true or false are not replaced; between braces or brackets YAML wants quotes: \`{ url: "\${URL}" }\`.
What comes from the environment into a key named secret, password, token or credential is never printed. \`check\` prints
\`***\` in the place of every such value, wherever it comes from, and of the user and password in a URL.

**WCS's own file.** With \`wcs.properties\` the gateway reads WCS's \`flashphoner.properties\`. What is written here has the
last word; what is not comes from there: \`requestTimeout\` from \`rest_request_timeout\`, \`secret\` from
\`rest_hook_secret_key\` while \`rest_hook_send_hash\` is true. A file that cannot be read is an error. After a change of
the file, \`kill -HUP\` reads both again.

**Quotes.** A key or value that begins with \`*\` needs them, because a bare \`*\` begins an alias in YAML: \`"*StatusEvent"\`.

## Keys

\`apps[]\` is each item of the list \`apps\`, \`hooks.*\` each hook name or glob in \`hooks\`. A hook may also set \`limit\`,
\`attemptLimit\`, \`idempotent\` (true or false), \`hedge\`, \`retry\` and \`fallback\` for itself.

{{keys}}

## What is laid over what

From weakest to strongest: built-in defaults, \`defaults\`, the app, then every glob in \`hooks\` that matches the hook's
name, the most specific last. Of two globs, a name without wildcards is more specific; then the one with more fixed
letters; then the one with fewer stars; then the app's over that of \`defaults\`; then the later one.

Mappings are merged key by key (\`hedge: { max: 2s }\` keeps the other keys of \`hedge\`, \`passthrough: true\` all of them),
lists are replaced as a whole. \`passthrough\` at the top of the file is no app: what it does not say is built-in.

## The ladder: \`fallback\`

What WCS gets when the back-end does not answer in time. Rungs are tried in order, and the answer says which it was
(\`Breakwater-Answer\`).

| rung | answer |
|---|---|
| \`cached\` | the back-end's last verdict (200 or 403) on the same caller, at most \`keepFor\` old, carried over to this request |
| \`echo\` | 200 with the request itself |
| \`{ body: {…} }\` | 200 with this JSON |
| \`{ file: x.json }\` | 200 with the JSON of this file; the path counts from the folder of the configuration |
| \`{ echo: {…} }\` | 200 with the request, changed by this JSON Merge Patch (RFC 7396) |
| \`store\` | 200 with the request itself once the event is on disk, for notifications only; it is delivered when the back-end is back ([events](events.md)) |
| \`refuse\` | 403 |
| \`provisional\` | for \`connect\` alone: 200 with the request and a \`restClientConfig\` that sets \`FAIL\` on every hook that decides; the session does nothing until the back-end admits it |
| \`unavailable\` | 503: WCS does what its own \`restOnError\` says |

\`auto\` chooses by what the answer means, which for most hooks the back-end has said itself, in the \`restClientConfig\` of
its answer to \`connect\`:

| hook | auto |
|---|---|
| \`connect\`, \`playHLS\`, \`playRTSP\`, which always decide, and unknown names | \`cached\` if the caller can be told, then \`unavailable\` |
| other direct and incoming hooks that the session sets to \`FAIL\` or \`OVERWRITE\`, or of a session that is not known | \`cached\` if the caller can be told, then \`unavailable\` |
| the same hooks under \`LOG\` and \`NOTIFY\`, where WCS goes on whatever the answer is | \`echo\` |
| \`*StatusEvent\`, \`ErrorEvent\` and other notifications | \`store\`, then \`unavailable\` |
| \`StreamKeepAliveEvent\` | \`echo\` |

Who is *the same caller* for \`cached\`: calls that agree in the fields of \`key\`; without \`key\`, in the whole body but for
what is new in every call (ids, SDP, status). The Authorization header counts too. For hooks of which no verdict is worth
keeping (\`sendDtmf\`, \`hangup\`, notifications, unknown names), \`cached\` needs a \`key\` and is skipped without one.

## What \`check\` refuses

Besides unknown keys and wrong forms: a limit that is not shorter than \`wcs.requestTimeout\`; an attemptLimit longer than the
limit beside it; two apps with the same name or path; one upstream twice in an app; an upstream that points back at
\`listen\` or \`admin\`, is no http or https URL, or holds a user, a query or a fragment; \`admin\` on the port of \`listen\`; a
\`store\` rung on a hook whose answer decides; hedge.min above hedge.max; breaker.maxOpenFor below openFor; a \`{ file }\` that
cannot be read or holds no JSON object; a \`provisional\` rung on another hook than \`connect\`; a \`wcs.properties\` that cannot
be read, or that says something which WCS would not understand; an empty \`wcs.secret\`; \`restUsername\` without
\`restPassword\`; a \`cache.redis.url\` that is none, or a \`ca\` that holds no certificate; an app that is called passthrough
where \`passthrough\` stands at the top of the file; a certificate that cannot be read or does not fit its key; \`tls\` on a Unix
socket; health.timeout above interval; ejection.maxFor below for; \`cache.answers.each\` above a quarter of bytes.

## What \`check\` warns of

\`echo\` or a made-up 200 on a hook that always decides: it admits whoever asks. \`cached\` where no key can be had.
\`idempotent\` on hooks whose effect would double. \`hedge\` on hooks that are not idempotent. Different budgets for hedge and
retry, which share one. A hook name that WCS is not known to call. An admin listener that is open to the network.
\`provisional\`, which keeps nobody from hooks that WCS does not ask about, and which without \`cache.redis\` forgets its sessions at a restart.

Of who may call: \`listen\` open to the network with neither \`wcs.secret\` nor \`wcs.addresses\` nor credentials. A secret of
fewer than 16 characters. \`restUsername\` beside \`wcs.secret\`. \`wcs.addresses\` that hold every address.

Of what one client may have: \`limits.rate\` by node where whoever reaches \`listen\` may say which node it is;
\`limits.perAddress\` that is no less than \`limits.connections\`.

Of TLS and proxies: a certificate that has expired or soon will; \`insecure\`; \`tls\` of an app without an https upstream;
\`trustedProxies\` that hold every address; \`proxyProtocol\` on the network without \`trustedProxies\`.

Of what passes through: a glob such as \`"*"\` in \`hooks\`, which makes a hook of every POST; a \`passthrough\` at the top of
the file that is never used, because an app has every path; routes that fit no path, with rungs that are never reached, a
\`limit\` above \`firstByte\`, \`keepFor\` without \`cached\`, or \`personal\`.

Of Redis: a \`budget\` that is long beside the limits; \`ca\` without TLS; \`sentinelPassword\` without sentinels.

Of WCS's own file: hooks switched off; \`rest_request_timeout=0\`, or another than \`wcs.requestTimeout\`; repeats of
requests that had gone out; signatures without a key, with a key that is not in \`wcs.secret\`, or switched off while
\`wcs.secret\` wants them; keep-alives that come faster than they may be answered. And, with or without the file, a limit
so near to WCS's own that the way back may be too long.
`;
