/** The four ways in which slowhttptest is slow, and what each sends here. */
export const MODES = {
  /** A field now and then, and never the end of the head. */
  'slow headers': ['-H', '-i', '3'],
  /** A few bytes of a body now and then. */
  'slow body': ['-B', '-i', '3', '-s', '8192', '-x', '10', '-f', 'application/json'],
  /** Answers are taken a few bytes a second, through a small window; three requests ask for as many of them. */
  'slow read': ['-X', '-n', '1', '-w', '10', '-y', '20', '-z', '5', '-k', '3'],
  /** Thousands of ranges in one request. */
  ranges: ['-R'],
} as const satisfies Record<string, readonly string[]>;

export type Mode = keyof typeof MODES;

export interface SlowOptions {
  readonly url: string;
  readonly connections: number;
  /** When it stops by itself, if its connections have not been closed before. */
  readonly mostSeconds: number;
}

/** What is run for `mode`: all connections within a second, all that it counts as text. */
export const slowCommand = (program: string, mode: Mode, { url, connections, mostSeconds }: SlowOptions): string[] => {
  const count = String(connections);
  return [program, '-c', count, '-r', count, '-l', String(mostSeconds), '-v', '1', '-u', url, ...MODES[mode]];
};

/** True if all connections were closed on it before it stopped by itself. */
export const areGone = (printed: string): boolean => printed.includes('No open connections left');
