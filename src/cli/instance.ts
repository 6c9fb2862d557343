import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import type { LoadedConfig } from '../config/load.ts';

/** An instance is the journal that it writes. */
export function instanceOf({ config, directory }: LoadedConfig): string {
  const journal = `${hostname()}\0${resolve(directory, config.journal.dir)}`;
  return createHash('sha256').update(journal).digest('hex').slice(0, 16);
}
