/** Header fields as node:http's `rawHeaders` has them: name and value in turn, each line by itself. */
export type Fields = readonly string[];

/**
 * What all lines of a field say together, as RFC 9110 §5.3 joins them, without the white space around each; nothing
 * where there is none. `name` is in lower case.
 */
export const fieldOf = (fields: Fields, name: string): string | undefined => {
  let joined: string | undefined;
  for (let at = 0; at < fields.length; at += 2) {
    const found = fields[at] as string;
    // Most are told apart by their length, which costs nothing.
    if (found.length !== name.length || found.toLowerCase() !== name) continue;
    const value = (fields[at + 1] as string).trim();
    joined = joined === undefined ? value : `${joined}, ${value}`;
  }
  return joined;
};

/** The names in a list such as that of `Vary` or `Connection`, in lower case. */
export const namesIn = (list: string | undefined): readonly string[] =>
  (list ?? '')
    .split(',')
    .map(name => name.trim().toLowerCase())
    .filter(name => name !== '');

/** The lines of the fields that `keeps` is true for, given their names in lower case. */
export const linesOf = (fields: Fields, keeps: (name: string) => boolean): string[] => {
  const kept: string[] = [];
  for (let at = 0; at < fields.length; at += 2) {
    if (keeps((fields[at] as string).toLowerCase())) kept.push(fields[at] as string, fields[at + 1] as string);
  }
  return kept;
};
