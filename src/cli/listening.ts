/** Listeners put to work, and why one cannot be. */
import type { LoadedConfig } from '../config/load.ts';
import { isSqlListener } from '../config/schema.ts';
import { ProblemsError } from '../core/problem.ts';
import type { ListenerDomain } from '../engine/listener-domain.ts';
import { type ListenAddress, Listener } from '../transport/listener.ts';
import type { LegTls } from '../transport/socket-leg.ts';
import { ServedTls, type TlsFiles } from './tls-files.ts';

export interface Listening {
  /** The port, which the system has chosen where 0 was asked for. */
  readonly port: number;
  /** Takes no more connections; those that are open go on. What it gives back is settled once they are gone. */
  close(): void | Promise<void>;
  /** After `close`: ends at once what is still open. Left out: nothing is but what has a session. */
  cut?(): void;
}

/** The certificate and key of a listener, tried once before anything is started with them. */
export function legTlsAt({ config, source }: LoadedConfig, n: number, files: TlsFiles): LegTls | undefined {
  const listener = config.listeners[n];
  if (listener === undefined || !isSqlListener(listener)) return undefined;
  const served = new ServedTls();
  try {
    if (listener.tls !== undefined)
      files.add(listener.name, listener.tls, (material) => served.use(material));
    return served;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ProblemsError([
      source.problemAt(['listeners', n, 'tls'], `expected a certificate and its key, both in PEM (${why})`),
    ]);
  }
}

/** Null: there is nothing to listen for. */
export async function listenAt(
  loaded: LoadedConfig,
  n: number,
  domain: ListenerDomain | undefined,
  legTls: LegTls | undefined,
): Promise<Listening | null> {
  if (domain === undefined || legTls === undefined) return null;
  return listening(loaded, n, (address) => Listener.listen(address, domain, legTls));
}

/** Runs `listen` with the listener's address; throws ProblemsError where that cannot be had. */
export async function listening(
  { config, source }: LoadedConfig,
  n: number,
  listen: (address: ListenAddress) => Promise<Listening>,
): Promise<Listening> {
  const { host, port } = config.listeners[n]?.listen ?? { host: '', port: 0 };
  try {
    return await listen({ host, port });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    const why = LISTEN_REASONS[code] ?? code;
    throw new ProblemsError([
      source.problemAt(['listeners', n, 'listen'], `cannot listen on ${host}:${port}: ${why}`),
    ]);
  }
}

const LISTEN_REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another process listens there',
  EADDRNOTAVAIL: 'this machine does not have that address',
  EACCES: 'there is no permission to use that port',
  ENOTFOUND: 'there is no such host',
};
