/** What listeners of HTTP and of MCP have in common: sockets, logins, the server behind them, what their sessions share. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { HttpListenerConfig } from '../config/http-listener.ts';
import type { LoadedConfig } from '../config/load.ts';
import type { McpListenerConfig } from '../config/mcp-listener.ts';
import { Meter } from '../core/meter.ts';
import { ProblemsError } from '../core/problem.ts';
import type { RequestDomain } from '../engine/request-domain.ts';
import { HttpLogins } from '../identity/http-logins.ts';
import type { HttpListenerSettings } from '../transport/http-listener.ts';
import { HttpUpstream, type UpstreamLogin } from '../transport/http-upstream.ts';
import { RenewedTls } from '../transport/renewed-tls.ts';
import { responseSinkOf, type Shared } from './listeners.ts';
import { unlimitedLogins } from './logins.ts';
import type { TlsFiles } from './tls-files.ts';

export type RequestListenerConfig = HttpListenerConfig | McpListenerConfig;

export function httpLoginsOf(listener: HttpListenerConfig, shared: Shared): HttpLogins {
  const tokens = listener.auth.includes('oidc') ? shared.tokens : null;
  return new HttpLogins(unlimitedLogins(listener, shared), tokens, listener.name, shared.attempts);
}

export function listenerSettings(
  loaded: LoadedConfig,
  n: number,
  listener: RequestListenerConfig,
  tlsFiles: TlsFiles,
): HttpListenerSettings {
  const { timeouts } = listener;
  return {
    headTimeoutMs: timeouts.head,
    requestTimeoutMs: timeouts.request,
    idleTimeoutMs: timeouts.idle,
    // Those that have yet to log in are as many as those that have, at most.
    connectionsMax: 2 * loaded.config.limits.connections,
    tls: tlsAt(loaded, n, listener, tlsFiles),
  };
}

/** A server that is reached by HTTP. */
export interface ServerAddress {
  readonly scheme: 'http' | 'https';
  readonly host: string;
  readonly port: number;
}

export function upstreamOf(
  { scheme, host, port }: ServerAddress,
  { upstream_tls: upstreamTls, timeouts }: Pick<RequestListenerConfig, 'upstream_tls' | 'timeouts'>,
  { directory }: Shared,
  login: UpstreamLogin | null,
): HttpUpstream {
  const name = host.includes(':') ? `[${host}]` : host;
  const isUsual = port === (scheme === 'https' ? 443 : 80);
  return new HttpUpstream({
    origin: `${scheme}://${name}:${port}`,
    host: isUsual ? name : `${name}:${port}`,
    ca: upstreamTls === undefined ? null : readFileSync(resolve(directory, upstreamTls.ca), 'utf8'),
    login,
    headersTimeoutMs: timeouts.upstream,
  });
}

function tlsAt(
  { source }: LoadedConfig,
  n: number,
  { name, tls }: RequestListenerConfig,
  tlsFiles: TlsFiles,
): RenewedTls | null {
  if (tls === undefined) return null;
  const served = new RenewedTls();
  try {
    tlsFiles.add(name, tls, (material) => served.use(material));
    return served;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ProblemsError([
      source.problemAt(['listeners', n, 'tls'], `expected a certificate and its key, both in PEM (${why})`),
    ]);
  }
}

/** `upstream`: where it leads, for people. */
export function requestDomain(
  listener: Pick<RequestListenerConfig, 'name' | 'durability'>,
  upstream: string,
  shared: Shared,
): RequestDomain {
  const { journal, turn, log } = shared;
  return {
    name: listener.name,
    upstream,
    policy: shared.policy,
    journal,
    turn,
    sessions: shared.sessions,
    masks: shared.masks,
    memory: shared.memory,
    access: shared.revocations,
    approvals: shared.approvals,
    spendings: shared.spendings,
    alerts: shared.alerts,
    meter: shared.meters.get(listener.name) ?? new Meter(),
    synced: listener.durability === 'synced',
    log: (level, message, details) => log[level](details, message),
    clock: () => Date.now(),
    now: () => performance.now(),
    after(ms, run) {
      const timer = setTimeout(run, ms);
      return { cancel: () => clearTimeout(timer) };
    },
    record(type, members, when) {
      journal.append(type, members);
      if (when === 'now') turn.wantFlush();
      else turn.wantFlushSoon();
    },
    recordResult(result) {
      journal.appendResult(result);
      turn.wantFlushSoon();
    },
    ...responseSinkOf(shared),
  };
}
