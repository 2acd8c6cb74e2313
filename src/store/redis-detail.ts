const MOST_CHARACTERS = 200;
const HIDDEN = '***';

/** A command that Redis does not know is repeated with its arguments: a password, or what was to be kept. */
const ARGUMENTS = /,? with args\b.*/s;

interface ClientError extends Error {
  readonly code?: string;
  /** Why no node of a cluster could be asked. */
  readonly lastNodeError?: Error | null;
}

/** The one line of an error of the client that people are shown. It holds none of `secrets`, and no arguments. */
export const detailOf = (error: ClientError, secrets: readonly (string | undefined)[]): string => {
  const { message, code, name }: ClientError = error.lastNodeError ?? error;
  const told = (message || code || name).replace(ARGUMENTS, '');
  const hidden = secrets.reduce<string>((text, secret) => (secret ? text.replaceAll(secret, HIDDEN) : text), told);
  return hidden.slice(0, MOST_CHARACTERS);
};
