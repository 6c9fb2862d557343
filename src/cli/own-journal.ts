/** The journal that a process writes, and the key that it signs with. */
import { resolve } from 'node:path';
import type { Logger } from 'pino';
import type { LoadedConfig } from '../config/load.ts';
import { SigningKey } from '../journal/keys.ts';
import { Journal } from '../journal/writer.ts';

export const KEY_FILE = 'signing.key';

export function openJournal({ config, directory }: LoadedConfig, log: Logger) {
  const journalDirectory = resolve(directory, config.journal.dir);
  const keyFile =
    config.journal.key === undefined
      ? resolve(journalDirectory, KEY_FILE)
      : resolve(directory, config.journal.key);
  const key = SigningKey.loadOrCreate(keyFile);
  const journal = Journal.open({
    directory: journalDirectory,
    key,
    segmentBytesMax: config.journal.segment,
    clock: () => Date.now(),
    onHealth(error) {
      if (error === null) log.warn('the journal can be written again');
      else log.error({ error: error.message }, 'the journal cannot be written: nothing passes until it can');
    },
  });
  return { journal, key, journalDirectory };
}
