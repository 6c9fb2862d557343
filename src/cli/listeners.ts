/** From a listener's configuration to what its connections share. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { createSecureContext } from 'node:tls';
import type { Logger } from 'pino';
import { cancelRequest, SSL_REQUEST_PACKET } from '../../protocols/postgres/encode.ts';
import { PostgresSession } from '../../protocols/postgres/index.ts';
import type { Config, ListenerConfig } from '../config/schema.ts';
import type { UpstreamUrl } from '../config/upstream-url.ts';
import type { UpstreamAccount } from '../core/session.ts';
import type { ListenerDomain } from '../engine/listener-domain.ts';
import { LiveCatalog } from '../engine/live-catalog.ts';
import type { PolicyHolder } from '../engine/policy-holder.ts';
import { PostgresDescriber } from '../engine/postgres-describer.ts';
import type { ResultMasks } from '../engine/result-masks.ts';
import type { Sessions } from '../engine/sessions.ts';
import type { SqlDomain } from '../engine/sql-gate.ts';
import type { Turn } from '../engine/turn.ts';
import { readStoredPassword } from '../identity/stored-password.ts';
import { UpstreamPassword } from '../identity/upstream-password.ts';
import { ListenerIdentity, type User } from '../identity/users.ts';
import type { Journal } from '../journal/writer.ts';
import type { HeldMemory } from '../limits/held-memory.ts';
import {
  type Catalog,
  type ParsePool,
  type ParserMajor,
  PostgresDialect,
  ReadingSpaces,
  StatementReader,
} from '../sql/index.ts';
import { type CatalogAccount, PostgresCatalogSource } from '../transport/catalog-source.ts';
import { UpstreamDialer } from '../transport/dialer.ts';
import type { LegTls } from '../transport/socket-leg.ts';
import { upstreamTls } from '../transport/upstream-tls.ts';

/** What all listeners of a process share. */
export interface Shared {
  readonly config: Config;
  readonly directory: string;
  readonly log: Logger;
  readonly policy: PolicyHolder;
  readonly journal: Journal;
  readonly turn: Turn;
  readonly sessions: Sessions;
  readonly memory: HeldMemory;
  readonly readers: Readers;
  readonly parsePool: ParsePool;
  readonly users: ReadonlyMap<string, User>;
  readonly masks: ResultMasks;
}

const UPSTREAM_READ_BYTES = 64 * 1024;

/** Statement readers by major version, loaded when the first server of that version is met. */
export class Readers {
  readonly #readers = new Map<ParserMajor, StatementReader>();

  get(major: ParserMajor): StatementReader | null {
    return this.#readers.get(major) ?? null;
  }

  async load(major: ParserMajor): Promise<StatementReader> {
    const reader = this.#readers.get(major) ?? (await StatementReader.load(major));
    this.#readers.set(major, reader);
    return reader;
  }
}

export function usersOf(config: Config): ReadonlyMap<string, User> {
  return new Map(
    config.identity.users.map(({ name, groups, password }) => {
      const stored = password === undefined ? { verifier: null, mysql: null } : readStoredPassword(password);
      return [name, { name, groups, ...stored }];
    }),
  );
}

/** Our own reader of an upstream's catalog. */
export function catalogOf(
  listener: ListenerConfig,
  directory: string,
  onError: (error: Error) => void,
  onNew: (catalog: Catalog) => void = () => {},
): LiveCatalog<Catalog> {
  const account = accountOf(listener.catalog.upstream ?? listener.upstream, directory);
  // What was told while a reading was under way is read by another one.
  const source = new PostgresCatalogSource(account, () => {
    catalog.definitionsChanged();
    void catalog.refresh();
  });
  const catalog: LiveCatalog<Catalog> = new LiveCatalog({
    source,
    onNew,
    now: () => performance.now(),
    onError,
  });
  return catalog;
}

/** A connection string as the account that Sluice's own connections use. */
export function accountOf(upstream: UpstreamUrl, directory: string): CatalogAccount {
  return { ...upstream, tls: tlsOf(upstream, directory), tlsOptional: upstream.sslMode === 'prefer' };
}

function tlsOf(account: UpstreamUrl, directory: string) {
  const { host, sslMode, sslRootCert } = account;
  return upstreamTls({
    host,
    sslMode,
    sslRootCert: sslRootCert === null ? null : resolve(directory, sslRootCert),
  });
}

export function legTlsOf(listener: ListenerConfig, directory: string): LegTls {
  const { tls } = listener;
  return {
    client: null,
    server:
      tls === undefined
        ? null
        : createSecureContext({
            cert: readFileSync(resolve(directory, tls.cert)),
            key: readFileSync(resolve(directory, tls.key)),
          }),
  };
}

export function domainOf(
  listener: ListenerConfig,
  catalog: LiveCatalog<Catalog>,
  shared: Shared,
): ListenerDomain {
  const { upstream, timeouts, limits } = listener;
  const account: UpstreamAccount = {
    user: upstream.user,
    database: upstream.database,
    tls: upstream.sslMode === 'disable' ? 'disable' : upstream.sslMode === 'prefer' ? 'prefer' : 'require',
    options: upstream.options,
    credential: new UpstreamPassword(upstream.user, upstream.password),
  };
  const tls = tlsOf(upstream, shared.directory);
  const settings = {
    tls: listener.tls === undefined ? 'off' : listener.tls.mode,
    databases: [upstream.database, listener.name],
    handshakeTimeoutMs: timeouts.handshake,
    statementTimeoutMs: timeouts.statement,
    idleTimeoutMs: timeouts.idle,
    messageBytesMax: limits.message,
    namesMax: limits.names,
  } as const;
  const dialer = new UpstreamDialer(
    { host: upstream.host, port: upstream.port, tls, tlsOptional: upstream.sslMode === 'prefer' },
    SSL_REQUEST_PACKET,
    UPSTREAM_READ_BYTES,
  );
  return {
    name: listener.name,
    sql: sqlDomainOf(catalog, shared),
    account,
    dialer,
    identity: new ListenerIdentity(shared.users, listener.auth),
    sessions: shared.sessions,
    memory: shared.memory,
    turn: shared.turn,
    synced: listener.durability === 'synced',
    deliverCancel: (key) => dialer.deliver(cancelRequest(key.processId, key.secret)),
    protocol: (engine) => new PostgresSession(engine, settings),
    log: (level, message, details) => shared.log[level](details, message),
    now: () => performance.now(),
  };
}

function sqlDomainOf(catalog: LiveCatalog<Catalog>, shared: Shared): SqlDomain {
  const { readers, journal, turn, policy, parsePool } = shared;
  return {
    catalog,
    dialect: new PostgresDialect({
      catalog,
      spaces: new ReadingSpaces(),
      reader: (major) => readers.get(major),
      loadReader: (major) => readers.load(major),
      parseLarge: (major, text) => parsePool.parse(major, text),
    }),
    describer: new PostgresDescriber(catalog),
    masks: shared.masks,
    policy,
    journal,
    clock: () => Date.now(),
    record(type, members, when) {
      journal.append(type, members);
      if (when === 'now') turn.wantFlush();
      else turn.wantFlushSoon();
    },
    recordResult(result) {
      journal.appendResult(result);
      turn.wantFlushSoon();
    },
  };
}
