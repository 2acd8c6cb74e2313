/** Hop-by-hop fields (RFC 9110 §7.6.1) and those that each side of a proxy makes anew from the body it holds. */
const NOT_FORWARDED = new Set([
  'connection',
  'proxy-connection',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-authentication-info',
  'content-length',
]);

const named = (raw: readonly string[]): ReadonlySet<string> | undefined => {
  let names: Set<string> | undefined;
  for (let i = 0; i < raw.length; i += 2) {
    if (raw[i]?.toLowerCase() !== 'connection') continue;
    for (const token of (raw[i + 1] ?? '').split(',')) {
      const name = token.trim().toLowerCase();
      if (name === '' || name === 'keep-alive' || name === 'close') continue;
      names ??= new Set();
      names.add(name);
    }
  }
  return names;
};

/**
 * The end-to-end fields of a header block: without the hop-by-hop ones, those that its own `Connection` names, and
 * those in `also` (lower case). Names, order and values stay as they were. Both are name and value in turn.
 */
export const endToEnd = (raw: readonly string[], also?: ReadonlySet<string>): string[] => {
  const byConnection = named(raw);
  const kept: string[] = [];
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string;
    const lower = name.toLowerCase();
    if (NOT_FORWARDED.has(lower) || also?.has(lower) || byConnection?.has(lower)) continue;
    kept.push(name, raw[i + 1] as string);
  }
  return kept;
};
