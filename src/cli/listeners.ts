/** From a listener's configuration to what its connections share, whatever the dialect. */
import type { Logger } from 'pino';
import type { Alerts } from '../alerts/index.ts';
import type { Approvals } from '../approvals/index.ts';
import type { Config, ListenerConfig } from '../config/schema.ts';
import { Meter } from '../core/meter.ts';
import { type RecordDuty, SAMPLED_BYTES, SAMPLED_ROWS, WHOLE_RESPONSE } from '../core/responses.ts';
import type { Dialer } from '../engine/leg.ts';
import type { ListenerDomain } from '../engine/listener-domain.ts';
import type { LiveCatalog } from '../engine/live-catalog.ts';
import type { PolicyHolder } from '../engine/policy-holder.ts';
import type { ResponseSink } from '../engine/response-records.ts';
import type { ResultMasks } from '../engine/result-masks.ts';
import type { Sessions } from '../engine/sessions.ts';
import type { Spendings } from '../engine/spending.ts';
import type { SqlTarget } from '../engine/sql-arguments.ts';
import type { SqlDomain } from '../engine/sql-domain.ts';
import type { Turn } from '../engine/turn.ts';
import type { LoginAttempts } from '../identity/login-attempts.ts';
import type { OidcTokens } from '../identity/oidc-tokens.ts';
import type { PasswordKey } from '../identity/password-key.ts';
import type { Revocations } from '../identity/revocations.ts';
import type { SessionCredentials } from '../identity/session-credentials.ts';
import { readStoredPassword } from '../identity/stored-password.ts';
import type { User } from '../identity/users.ts';
import type { Journal } from '../journal/writer.ts';
import type { HeldMemory } from '../limits/held-memory.ts';
import type { Catalog, MysqlCatalog } from '../sql/index.ts';
import type { StateStore } from '../state/store.ts';
import { loginsOf } from './logins.ts';
import type { ReadingTools } from './reading-tools.ts';
import type { TlsFiles } from './tls-files.ts';
import { sessionAccountOf } from './upstream-account.ts';

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
  readonly tools: ReadingTools;
  readonly users: ReadonlyMap<string, User>;
  /** Who has no access any more. */
  readonly revocations: Revocations;
  readonly tlsFiles: TlsFiles;
  /** How often logins have failed lately. */
  readonly attempts: LoginAttempts;
  /** What Sluice has made for clients to log in with. */
  readonly credentials: SessionCredentials;
  /** For passwords of MySQL clients without TLS; null where no listener is one of MySQL's. */
  readonly passwordKey: PasswordKey | null;
  /** Checks tokens of the issuer; null where there is none. */
  readonly tokens: OidcTokens | null;
  readonly masks: ResultMasks;
  /** Where SQL goes that other listeners carry, by the name of the SQL listener; complete before any takes connections. */
  readonly sqlTargets: Map<string, SqlTarget>;
  /** By the listener's name. */
  readonly meters: ReadonlyMap<string, Meter>;
  readonly approvals: Approvals;
  readonly spendings: Spendings;
  readonly alerts: Alerts;
  /** Approvals, budgets, credentials, revocations: shared by instances. */
  readonly state: StateStore;
  /** Where listeners are that listen already, by name. */
  readonly ports: Map<string, number>;
}

/** The server behind a listener, in its dialect. */
export interface ServedUpstream {
  readonly catalog: LiveCatalog<Catalog> | LiveCatalog<MysqlCatalog>;
  /** Loads what statements are read with, so that no first client waits for it. */
  warmUp(): Promise<void>;
  domain(shared: Shared): ListenerDomain;
}

/** What is told of the catalog: that it cannot be read, and that another epoch is about to serve. */
export interface CatalogEvents {
  readonly onError: (error: Error) => void;
  readonly onNew: (catalog: Catalog) => void;
  readonly onNewMysql: (catalog: MysqlCatalog) => void;
}

export function usersOf(config: Config): ReadonlyMap<string, User> {
  return new Map(
    config.identity.users.map(({ name, groups, password }) => {
      const stored = password === undefined ? { verifier: null, mysql: null } : readStoredPassword(password);
      return [name, { name, groups, ...stored }];
    }),
  );
}

/** What sessions of every protocol are told by the configuration. */
export function sessionSettingsOf(listener: ListenerConfig) {
  const { tls, upstream, name, timeouts, limits } = listener;
  return {
    tls: tls === undefined ? ('off' as const) : tls.mode,
    databases: [upstream.database, name],
    handshakeTimeoutMs: timeouts.handshake,
    statementTimeoutMs: timeouts.statement,
    idleTimeoutMs: timeouts.idle,
    messageBytesMax: limits.message,
    namesMax: limits.names,
  };
}

/** What a dialect adds to what every listener's connections share. */
export type DialectParts = Pick<ListenerDomain, 'deliverCancel' | 'protocol'> &
  Pick<SqlDomain, 'catalog' | 'dialect' | 'describer'> & { readonly dialer: Dialer };

export function listenerDomain(
  listener: ListenerConfig,
  shared: Shared,
  parts: DialectParts,
): ListenerDomain {
  const { dialer, deliverCancel, protocol, catalog, dialect, describer } = parts;
  return {
    name: listener.name,
    sql: sqlDomain(shared, shared.meters.get(listener.name) ?? new Meter(), {
      catalog,
      dialect,
      describer,
      upstream: upstreamName(listener),
    }),
    account: sessionAccountOf(listener.upstream),
    dialer,
    access: shared.revocations,
    identity: loginsOf(listener, shared),
    sessions: shared.sessions,
    memory: shared.memory,
    turn: shared.turn,
    synced: listener.durability === 'synced',
    deliverCancel,
    protocol,
    log: (level, message, details) => shared.log[level](details, message),
    now: () => performance.now(),
    after(ms, run) {
      const timer = setTimeout(run, ms);
      return { cancel: () => clearTimeout(timer) };
    },
  };
}

/** Where it leads, without account and secrets. */
function upstreamName({ upstream }: ListenerConfig): string {
  return `${upstream.host}:${upstream.port}/${upstream.database}`;
}

const RESPONSES: Readonly<Record<Config['journal']['responses'], RecordDuty | null>> = {
  off: null,
  sampled: { rows: SAMPLED_ROWS, bytes: SAMPLED_BYTES },
  whole: WHOLE_RESPONSE,
};

/** Where responses are recorded, of statements and of requests alike. */
export function responseSinkOf({
  config,
  journal,
  turn,
}: Pick<Shared, 'config' | 'journal' | 'turn'>): ResponseSink {
  return {
    responses: RESPONSES[config.journal.responses],
    recordResponse(members) {
      journal.appendLasting('response', members);
      // Beyond what memory is meant for, a moment more would be too long.
      if (journal.isBehind) turn.wantFlush();
      else turn.wantFlushSoon();
    },
  };
}

function sqlDomain(
  { config, journal, turn, policy, masks, approvals, alerts, spendings }: Shared,
  meter: Meter,
  parts: Pick<SqlDomain, 'catalog' | 'dialect' | 'describer' | 'upstream'>,
): SqlDomain {
  return {
    ...parts,
    meter,
    approvals,
    alerts,
    spendings,
    masks,
    policy,
    journal,
    clock: () => Date.now(),
    record(type, members, when) {
      journal.append(type, members);
      if (when === 'now') turn.wantFlush();
      else turn.wantFlushSoon();
    },
    ...responseSinkOf({ config, journal, turn }),
    recordResult(result) {
      journal.appendResult(result);
      turn.wantFlushSoon();
    },
  };
}

/** A listener of SQL as the place where SQL goes that is carried by something else. */
export function sqlTargetOf(listener: ListenerConfig, domain: SqlDomain): SqlTarget {
  const { name, protocol, upstream } = listener;
  // Postgres has a search path, which each session has of its own: names are read every way.
  const path = protocol === 'mysql' ? [upstream.database] : null;
  return { listener: name, domain, path, mode: null };
}
