/** The way to a value: keys and list indexes from the top of the file. */
export type Path = readonly (string | number)[];

/** A place in a file; line and column count from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** One thing wrong, or probably not meant, with the configuration. */
export interface Problem {
  readonly file: string;
  /** Absent when the file itself is the problem. */
  readonly position?: Position;
  /** `apps[0].hooks.connect.limit`; empty when no key is meant. */
  readonly path: string;
  /** What is wrong and what would be right; lower case, no full stop. */
  readonly message: string;
}

/** Thrown with every problem of a configuration at once. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map(formatProblem).join('\n'));
    this.problems = problems;
  }
}

const PLAIN_KEY = /^[A-Za-z0-9_$-]+$/;

/** `['apps', 0, 'hooks', '*Event']` as `apps[0].hooks."*Event"`. */
export const formatPath = (path: Path): string =>
  path
    .map((step, at) => {
      if (typeof step === 'number') return `[${step}]`;
      return `${at === 0 ? '' : '.'}${PLAIN_KEY.test(step) ? step : JSON.stringify(step)}`;
    })
    .join('');

/** One line: `FILE:LINE:COL path: message`. */
export const formatProblem = ({ file, position, path, message }: Problem): string => {
  const place = position ? `${file}:${position.line}:${position.column}` : file;
  return path === '' ? `${place}: ${message}` : `${place} ${path}: ${message}`;
};

/** In the order of the file, and without a line that would be printed twice. */
export const inOrder = (problems: readonly Problem[]): readonly Problem[] => {
  const lines = new Map(problems.map(problem => [formatProblem(problem), problem]));
  return [...lines.values()].sort(
    (a, b) =>
      (a.position?.line ?? 0) - (b.position?.line ?? 0) || (a.position?.column ?? 0) - (b.position?.column ?? 0),
  );
};
