/** A parameter of a structured field: its key, and its value as written; a value of true is the key alone. */
export type Parameter = readonly [key: string, value: string | true];

const NOT_PRINTABLE = /[^\x20-\x7e]/g;

/** A String (RFC 8941 §3.3.3), which holds printable ASCII alone: anything else becomes a question mark. */
export const sfString = (text: string): string =>
  `"${text.replace(NOT_PRINTABLE, '?').replace(/["\\]/g, found => `\\${found}`)}"`;

/** An Integer (RFC 8941 §3.3.1). */
export const sfInteger = (value: number): string => String(Math.trunc(value));

/** A Token with its parameters (RFC 8941 §3.3), which is a member of a list. Tokens and keys are written as they are. */
export const sfItem = (token: string, parameters: readonly Parameter[]): string =>
  token + parameters.map(([key, value]) => `;${key}${value === true ? '' : `=${value}`}`).join('');
