/** Commands that speak to the state store, beside a running Sluice or on a machine of their own. */
import { type LoadedConfig, loadConfig } from '../config/load.ts';
import { sharedState } from '../state/shared-state.ts';
import { type StateStore, StoreUnavailable } from '../state/store.ts';
import { EXIT, type Io, UsageError } from './command.ts';
import { stateDatabase } from './state-store.ts';

/** Throws UsageError where no other process can see the store of this configuration. */
export function loadForStore(file: string | undefined, io: Io): LoadedConfig {
  const loaded = loadConfig(file ?? 'sluice.yaml', io.environment);
  const { url } = loaded.config.state;
  if (url.kind === 'sqlite' && url.file === null) {
    throw new UsageError(
      'state.url is sqlite::memory:, which nobody but the running Sluice sees; use its admin API, or a file',
    );
  }
  return loaded;
}

/** Runs `act` with the store; gives its exit code, or that of a store that cannot be asked. */
export async function withStore(
  command: string,
  loaded: LoadedConfig,
  io: Io,
  act: (store: StateStore) => Promise<number>,
): Promise<number> {
  const store = sharedState(stateDatabase(loaded.config.state.url, loaded.directory));
  try {
    return await act(store);
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    io.error(`sluice ${command}: the state store cannot be asked: ${error.message}\n`);
    return EXIT.bad;
  } finally {
    await store.close();
  }
}
