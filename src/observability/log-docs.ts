interface Field {
  readonly name: string;
  readonly when: string;
  readonly meaning: string;
}

const ALWAYS = 'always';
const ANSWERED = 'answered';

/** Every field of the line of a call, in its order. */
export const ACCESS_FIELDS: readonly Field[] = [
  { name: 'level', when: ALWAYS, meaning: '30 if the back-end answered for itself, or the client had gone; else 40' },
  { name: 'time', when: ALWAYS, meaning: 'when the answer was ready, in ms since 1970' },
  { name: 'msg', when: ALWAYS, meaning: '`answered`; `abandoned` if WCS had hung up before' },
  { name: 'callId', when: ALWAYS, meaning: 'as in `Breakwater-Call-Id`, here and at the back-end' },
  { name: 'app', when: ALWAYS, meaning: '`apps[].name`' },
  { name: 'hook', when: ALWAYS, meaning: 'as WCS named it, at most 100 characters' },
  { name: 'method', when: 'no hook', meaning: 'what passes through: the method' },
  { name: 'path', when: 'no hook', meaning: 'its path, at most 200 characters, without secrets and without the query' },
  { name: 'code', when: ANSWERED, meaning: 'the HTTP status that WCS got' },
  { name: 'source', when: ANSWERED, meaning: 'the first word of `Breakwater-Answer`' },
  { name: 'reason', when: "not the back-end's own", meaning: 'a code of [errors.md](errors.md)' },
  { name: 'age', when: 'cached', meaning: 'how old the kept answer is, in seconds' },
  { name: 'ms', when: ALWAYS, meaning: 'from the first byte of the request' },
  { name: 'attempts', when: ALWAYS, meaning: 'each attempt, in order' },
  { name: 'attempts[].upstream', when: ALWAYS, meaning: 'the address, without user and password' },
  {
    name: 'attempts[].outcome',
    when: ALWAYS,
    meaning: 'as in [metrics.md](metrics.md); `pending` while it is out, `unsent` if it never was',
  },
  { name: 'attempts[].why', when: 'failed', meaning: 'what the system or TLS said: ECONNREFUSED, CERT_HAS_EXPIRED' },
  { name: 'attempts[].ms', when: 'ended', meaning: 'from sending to outcome' },
  { name: 'in', when: ALWAYS, meaning: "bytes of the request's body; of what passes through, as many as had come" },
  { name: 'out', when: ANSWERED, meaning: "bytes of the answer's body" },
  { name: 'traceId', when: 'traced', meaning: 'finds the call in the tracing system' },
  { name: 'skipped', when: 'lines were left out', meaning: 'how many of this kind, since the last that was written' },
  { name: 'request', when: '`log.body: redacted`', meaning: 'the body without its secrets' },
  { name: 'answer', when: '`log.body: redacted`', meaning: 'the body without its secrets' },
];

interface Change {
  readonly level: 30 | 40 | 50;
  /** How the message begins. */
  readonly begins: string;
  readonly meaning: string;
}

/** Lines that tell of a change of state. */
export const CHANGES: readonly Change[] = [
  {
    level: 40,
    begins: 'breaker open',
    meaning: 'one back-end is left alone; without another WCS gets the next rung at once',
  },
  { level: 30, begins: 'breaker half-open', meaning: 'a few calls try it; the others get the next rung' },
  { level: 30, begins: 'breaker closed', meaning: "WCS gets the back-end's own answers again" },
  { level: 40, begins: 'upstream left out', meaning: 'the other upstreams get its calls' },
  { level: 30, begins: 'upstream back', meaning: 'its share of the calls grows again' },
  {
    level: 40,
    begins: 'dns: no answer for',
    meaning: 'the last known addresses are used; without any, WCS gets the next rung',
  },
  { level: 30, begins: 'dns: there is an answer', meaning: 'new connections go to the addresses that it names' },
  {
    level: 30,
    begins: 'dns: other addresses',
    meaning: 'calls go there; idle connections to the old ones are not used again',
  },
  {
    level: 30,
    begins: 'breaker reset',
    meaning: 'it was not closed before the reload; each call goes to the back-end again',
  },
  {
    level: 40,
    begins: 'stored events of',
    meaning: 'WCS has its 200 for each; the back-end hears of them when it is back',
  },
  { level: 30, begins: 'no stored events of', meaning: 'the back-end has all that was stored' },
  {
    level: 40,
    begins: 'the journal',
    meaning: 'full or failing: notifications get the next rung, 503 unless you chose another',
  },
  { level: 30, begins: 'the journal', meaning: 'it works, or has room, again' },
  {
    level: 40,
    begins: 'redis is left alone',
    meaning: 'no call waits for it; what other instances know does not count',
  },
  { level: 40, begins: 'redis refuses', meaning: 'what is new is known to this process alone' },
  { level: 30, begins: 'redis is used', meaning: 'verdicts and sessions of other instances count' },
  { level: 40, begins: 'traces: the collector takes no', meaning: 'spans are lost; WCS notices nothing' },
  { level: 30, begins: 'traces: the collector takes spans', meaning: 'spans arrive again' },
  { level: 30, begins: 'tls: a new certificate', meaning: 'connections from now on get it; open ones go on' },
  {
    level: 50,
    begins: 'tls: the new certificate is refused',
    meaning: 'nothing, until the one before expires; `breakwater_tls_certificate_expiry_timestamp_seconds` says when',
  },
  {
    level: 40,
    begins: 'no TLS with an upstream',
    meaning: 'that upstream is not asked; without another, the next rung',
  },
  { level: 30, begins: 'reload: the new configuration', meaning: 'calls that were out end under the old one' },
  { level: 40, begins: 'reload refused', meaning: 'the file is wrong; WCS is served as before' },
];

const INTRO = `# Log

One line of JSON for each call and each thing that happens, on standard output, in pino's form. This page is made by
\`npm run docs\` from the tables in the source; tests hold them against real lines.

## The line of a call
`;

const REST = `\`reason\` is one vocabulary: the same codes stand after \`reason=\` in \`Breakwater-Answer\`, in the label \`reason\` of
\`breakwater_answers_total\`, in spans as \`breakwater.reason\` and here. [errors.md](errors.md) has them all.

## Changes of state
`;

const NOISE = `Level 20 are details for debugging; 50 are defects of the gateway, and certificates that cannot be used.

## In an outage

Of warnings of one kind (same app, hook, source and reason), of calls whose client had gone (same app, hook and reason),
of lines on stored events (same app, hook and result), of rungs that failed and of defects, the first ten in ten seconds
are written and then each hundredth; \`skipped\` says how many were left out before it. 500 calls a second that all fail
alike come to six lines a second. Lines of calls that go well are all written. \`log.sample: false\` writes everything.

## When nobody reads

A reader of the log that is slow or gone costs lines, never a call: two buffers of 1 MiB hold what waits, and what comes
beyond is dropped. The next line that fits says how many. \`breakwater_log_lines_total\` counts lines that were \`written\`,
\`sampled\` (left out as more of the same) and \`dropped\`.
`;

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map(cells => `| ${cells.join(' | ')} |`).join('\n');

/** `docs/logging.md`. */
export const loggingDocument = {
  file: 'docs/logging.md',
  render: (): string => {
    const fields = ACCESS_FIELDS.map(({ name, when, meaning }) => [`\`${name}\``, when, meaning]);
    const changes = CHANGES.map(({ level, begins, meaning }) => [String(level), `${begins} …`, meaning]);
    return [
      INTRO,
      table(['field', 'there', 'meaning'], fields),
      '',
      REST,
      table(['level', 'message', 'what it means for WCS'], changes),
      '',
      NOISE,
    ].join('\n');
  },
};
