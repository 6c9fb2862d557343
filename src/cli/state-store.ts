/** From `state:` of the configuration to the store. */
import { resolve } from 'node:path';
import type { Logger } from 'pino';
import type { LoadedConfig } from '../config/load.ts';
import type { StateUrl } from '../config/state-url.ts';
import type { Database } from '../state/database.ts';
import { WatchedDatabase } from '../state/health.ts';
import { PostgresDatabase } from '../state/postgres.ts';
import { wasAnswered } from '../state/postgres-errors.ts';
import { sharedState } from '../state/shared-state.ts';
import { IN_MEMORY, SqliteDatabase, type SqliteOptions } from '../state/sqlite.ts';
import { type StateStore, StoreUnavailable } from '../state/store.ts';
import { connectTo } from '../transport/catalog-source.ts';
import { accountOf } from './upstream-account.ts';

/** The server's own limits, for when this process is the one that hangs. */
const SERVER_OPTIONS =
  '-c search_path= -c statement_timeout=5000 -c lock_timeout=4000 -c idle_in_transaction_session_timeout=10000';

/** What tests play with: the clock, and a program that knows other tables. */
export type StateOptions = SqliteOptions;

/** Opens nothing yet: the first call does. Throws where a certificate of the connection string cannot be read. */
export function stateDatabase(url: StateUrl, directory: string, options: StateOptions = {}): Database {
  if (url.kind === 'sqlite') {
    return new SqliteDatabase(url.file === null ? IN_MEMORY : resolve(directory, url.file), options);
  }
  const account = accountOf(url.server, directory);
  const settings = [
    SERVER_OPTIONS,
    ...[...url.server.options].map(([name, value]) => `-c ${name}=${value.replaceAll(/[\\\s]/g, '\\$&')}`),
  ].join(' ');
  return new PostgresDatabase({
    ...options,
    connect: () => connectTo(account, settings, 'sluice state'),
    name: `${account.host}:${account.port}/${account.database}`,
  });
}

/**
 * The store of a running Sluice. What is wrong with it is logged, at the start and later, and does not keep Sluice from
 * serving what does not need it.
 */
export function openState(loaded: LoadedConfig, log: Logger): StateStore {
  const database = new WatchedDatabase(
    stateDatabase(loaded.config.state.url, loaded.directory),
    (problem) => {
      if (problem === null) log.warn('the state store can be used again');
      else
        log.error(
          { error: problem },
          'the state store cannot be used: what needs it is refused until it can',
        );
    },
  );
  const state = sharedState(database);
  state.now().catch((error: unknown) => {
    if (!(error instanceof StoreUnavailable))
      log.error({ error: String(error) }, 'the state store gives an error');
  });
  return state;
}

export interface StateFinding {
  readonly why: string;
  /** A server that does not answer now may answer later; anything else has to be mended. */
  readonly isAway: boolean;
}

/** What is wrong with the store of a configuration; null: it can be used, or made. Changes nothing. */
export async function inspectState({ config, directory }: LoadedConfig): Promise<StateFinding | null> {
  const { url } = config.state;
  const database = stateDatabase(url, directory);
  try {
    await database.inspect();
    return null;
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    const isAway = url.kind === 'postgres' && error.cause !== undefined && !wasAnswered(error.cause);
    return { why: error.message, isAway };
  } finally {
    await database.close();
  }
}
