/** What a command of the command line is. */
export interface Command {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** The whole of `--help`, with at least one example and the exit codes. */
  readonly help: string;
  /** Runs it; gives the exit code. Throws UsageError for arguments that make no sense. */
  run(args: readonly string[], io: Io): Promise<number>;
}

/** What commands touch of the world, so that tests can give them another. */
export interface Io {
  readonly environment: Readonly<Record<string, string | undefined>>;
  out(text: string): void;
  error(text: string): void;
  /** Whether output goes to a terminal, so that it may have colours. */
  readonly isTerminal: boolean;
  /** Whether standard error goes to a terminal, so that it may show how far something is. */
  readonly errorIsTerminal: boolean;
  /** Whether somebody sits at standard input. */
  readonly inputIsTerminal: boolean;
  /** Standard input, to its end. */
  readInput(): Promise<string>;
  /** Asks somebody at the terminal for lines that are not shown; null where they gave up. */
  readSecrets(questions: readonly string[]): Promise<readonly string[] | null>;
}

/** Exit codes, the same for every command. */
export const EXIT = {
  ok: 0,
  /** It ran, and the answer is no: a test failed, a journal was tampered with. */
  no: 1,
  /** It could not run: bad arguments, configuration or files. */
  bad: 2,
} as const;

export class UsageError extends Error {
  override readonly name = 'UsageError';
}
