/** Which journal a command is about: a directory that is named, or the one of a configuration. */
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { type LoadedConfig, loadConfig } from '../config/load.ts';
import { segmentsIn } from '../journal/segments.ts';
import { UsageError } from './command.ts';
import { DEFAULT_CONFIG } from './premises.ts';

export interface JournalPlace {
  readonly directory: string;
  /** Null where the directory was named. */
  readonly loaded: LoadedConfig | null;
}

/** Throws UsageError where there is no directory; whether there is a journal in it is `requireSegments`'. */
export function journalPlace(
  named: string | undefined,
  config: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): JournalPlace {
  if (named !== undefined && config !== undefined) {
    throw new UsageError("expected the journal's directory or --config, not both");
  }
  const file = config ?? (named === undefined && existsSync(DEFAULT_CONFIG) ? DEFAULT_CONFIG : null);
  if (named === undefined && file === null) {
    throw new UsageError(
      `expected the journal's directory, or --config FILE (there is no ${DEFAULT_CONFIG} here)`,
    );
  }
  const loaded = file === null ? null : loadConfig(file, environment);
  const directory = loaded === null ? (named ?? '') : resolve(loaded.directory, loaded.config.journal.dir);
  if (!existsSync(directory)) throw new UsageError(`there is no directory ${directory}`);
  if (!statSync(directory).isDirectory()) {
    throw new UsageError(`expected the journal's directory, and ${directory} is a file`);
  }
  try {
    accessSync(directory, constants.R_OK | constants.X_OK);
  } catch {
    throw new UsageError(`there is no permission to read ${directory}`);
  }
  return { directory, loaded };
}

export function requireSegments({ directory }: JournalPlace): void {
  if (segmentsIn(directory).length === 0) {
    throw new UsageError(
      `there is no journal in ${directory}: it has no files named journal-000001.jsonl and so on`,
    );
  }
}
