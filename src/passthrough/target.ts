/** What servers are known to make of a path before they look at it: encoded dots and slashes, `\`, `;parameters`. */
const segmentsOf = (path: string): string[] =>
  path
    .replace(/%2e/gi, '.')
    .replace(/%2f|%5c|\\/gi, '/')
    .split('/')
    .map(segment => segment.replace(/;.*$/, ''));

/**
 * True if a server could read a path that goes behind another one as leading out of that (RFC 3986 §5.2.4). Empty
 * segments count for nothing, since many servers take `//` for `/`.
 */
export const leadsOut = (rest: string): boolean => {
  let depth = 0;
  for (const segment of segmentsOf(rest)) {
    if (segment === '..') depth--;
    else if (segment !== '' && segment !== '.') depth++;
    if (depth < 0) return true;
  }
  return false;
};

const decoded = (text: string): string =>
  text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));

/** The path that the most lenient of servers could see: decoded, without dot segments and parameters, in lower case. */
export const simplest = (path: string): string => {
  const kept: string[] = [];
  for (const segment of segmentsOf(decoded(path))) {
    if (segment === '..') kept.pop();
    else if (segment !== '' && segment !== '.') kept.push(segment.toLowerCase());
  }
  return `/${kept.join('/')}`;
};
