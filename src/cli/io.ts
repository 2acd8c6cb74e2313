/** What a command reads and writes, so that a test can stand in for the terminal. */
export interface Io {
  /** The size is that of a terminal, in characters, and absent elsewhere. */
  readonly stdout: {
    write(text: string): unknown;
    readonly isTTY?: boolean;
    readonly columns?: number;
    readonly rows?: number;
  };
  readonly stderr: { write(text: string): unknown };
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
}

/** Exit codes (contract 2). */
export const EXIT = { fine: 0, failed: 1, usage: 2 } as const;
