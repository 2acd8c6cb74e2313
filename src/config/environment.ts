/** The variables of a process, such as `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A text with its `${…}` replaced. */
export interface Substituted {
  readonly text: string;
  /** Names of the variables that it used, set or not. */
  readonly variables: readonly string[];
  /** What is wrong with the `${…}` in it. */
  readonly errors: readonly string[];
}

const TOKEN = /\$\$\{|\$\{[^}]*\}?/g;
const VARIABLE = /^\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}$/;

/**
 * Replaces `${NAME}` and `${NAME:-default}` from the environment; `$${` stands for the characters `${`.
 * As in a shell, the default also stands in for a variable that is set but empty. With `mayQuote` false no error quotes
 * from the text, but for the names of variables.
 */
export const substitute = (text: string, env: Environment, mayQuote = true): Substituted => {
  const variables: string[] = [];
  const errors: string[] = [];
  const replace = (token: string): string => {
    if (token === '$${') return '${';
    const [, name, otherwise] = VARIABLE.exec(token) ?? [];
    if (name === undefined) {
      errors.push(
        `${mayQuote ? token : 'what follows a $'} is no variable; write \${NAME} or \${NAME:-default}, or $\${ for the characters themselves`,
      );
      return token;
    }
    variables.push(name);
    const value = otherwise === undefined ? env[name] : env[name] || otherwise;
    if (value === undefined) errors.push(`\${${name}} is not set; set the variable, or write \${${name}:-default}`);
    return value ?? '';
  };
  return { text: text.replace(TOKEN, replace), variables, errors };
};
