const MAX_SHOWN = 80;

/** `value` as a message quotes it: on one line, and not endless. */
export const shown = (value: unknown): string => {
  if (value === undefined) return 'missing';
  if (value === null) return 'empty';
  const text = JSON.stringify(value);
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
};
