/** An HTTP API behind a listener. */
import type { HttpListenerConfig } from '../config/http-listener.ts';
import type { LoadedConfig } from '../config/load.ts';
import type { Shared } from './listeners.ts';
import type { Listening } from './listening.ts';

export async function listenForHttp(
  loaded: LoadedConfig,
  n: number,
  listener: HttpListenerConfig,
  shared: Shared,
): Promise<Listening> {
  throw new Error(`${loaded.file} ${n} ${listener.name} ${shared.directory}`);
}
