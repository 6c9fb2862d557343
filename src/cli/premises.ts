/** What a statement is judged from, apart from itself: the catalog, the search path, the policy. */
import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type LoadedConfig, loadConfig, readTextFile } from '../config/load.ts';
import { type ListenerConfig, sqlListenersOf } from '../config/schema.ts';
import { parseUpstreamUrl, type UpstreamUrl } from '../config/upstream-url.ts';
import { suggestion } from '../core/nearest.ts';
import type { Problem } from '../core/problem.ts';
import { loadPolicy } from '../policy/policy.ts';
import { StatementReader } from '../sql/index.ts';
import { PostgresCatalogSource, readSearchPath } from '../transport/catalog-source.ts';
import { bareCatalog, defaultSearchPath, readSchemaFile, serverVersionOf } from './catalog-files.ts';
import { UsageError } from './command.ts';
import { errorText } from './error-text.ts';
import { type Ground, PostgresGround } from './ground.ts';
import type { AnyCatalog } from './known-catalog.ts';
import type { MysqlFlavour } from './mysql-catalogs.ts';
import { liveMysqlGround, mysqlGroundWithoutServer } from './mysql-ground.ts';
import { type LocatedPolicy, policyProblems, worldOf } from './policy-files.ts';
import { accountKey } from './same-upstream.ts';
import { accountOf } from './upstream-account.ts';
import { readOnce } from './upstream-catalog.ts';

export interface Premises {
  readonly loaded: LoadedConfig | null;
  /** The listener that is meant; null without a configuration. */
  readonly listener: ListenerConfig | null;
  readonly ground: Ground;
  readonly policy: LocatedPolicy;
  /** The policy file; null where none is named and only the baseline applies. */
  readonly policyFile: string | null;
  /** What would keep `sluice run` from using the policy, such as a table that the catalog does not have. */
  readonly warnings: readonly Problem[];
  /** Where the catalog comes from, in words. */
  readonly catalogFrom: string;
}

export interface Sources {
  readonly config: string | undefined;
  readonly listener: string | undefined;
  readonly policy: string | undefined;
  readonly schema: string | undefined;
  /** A connection string instead of a listener's. With a schema file it only says what kind of server is meant. */
  readonly upstream: string | undefined;
  /** Without an upstream; Postgres where nobody says. */
  readonly dialect: Dialect | undefined;
  /** As written; undefined: the upstream's own, or the newest without one. */
  readonly serverVersion: string | undefined;
  readonly searchPath: readonly string[] | null;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export type Dialect = 'postgres' | MysqlFlavour;

const DIALECTS: readonly Dialect[] = ['postgres', 'mysql', 'mariadb'];

/** What --dialect names. */
export function dialectOf(written: string | undefined): Dialect | undefined {
  if (written === undefined) return undefined;
  const dialect = DIALECTS.find((candidate) => candidate === written.toLowerCase());
  if (dialect === undefined)
    throw new UsageError(`--dialect is one of ${DIALECTS.join(', ')}, not "${written}"`);
  return dialect;
}

export const DEFAULT_CONFIG = 'sluice.yaml';
/** What applies where no policy file is named: the baseline alone. */
const NO_POLICY = 'default: allow\n';
const NO_FILE = '(no policy)';

/** Reads everything; throws ProblemsError for files, UsageError for options, Error for an upstream out of reach. */
export async function premisesOf(sources: Sources): Promise<Premises> {
  const named = [sources.config, sources.schema, sources.policy, sources.upstream].some(
    (source) => source !== undefined,
  );
  const configFile = sources.config ?? (!named && existsSync(DEFAULT_CONFIG) ? DEFAULT_CONFIG : null);
  const loaded = configFile === null ? null : loadConfig(configFile, sources.environment);
  const policyFile = sources.policy ?? (loaded === null ? null : policyFileOf(loaded));
  const policy =
    policyFile === null ? loadPolicy(NO_FILE, NO_POLICY) : loadPolicy(policyFile, readTextFile(policyFile));
  const listener =
    loaded === null ? null : listenerNamed(loaded, sources.listener, !tellsListenersApart(policy));
  const { ground, from } = await groundOf(sources, loaded, listener);
  // Without a schema nothing is known of tables, so that a policy's tables cannot be held against it.
  const isKnown = sources.schema !== undefined || sources.upstream !== undefined || listener !== null;
  const world = worldOf(loaded?.config ?? null, [isCoveredBy(ground.catalog, isKnown, loaded)]);
  return {
    loaded,
    listener,
    ground,
    policy,
    policyFile,
    warnings: policyFile === null ? [] : policyProblems(policy.source, world),
    catalogFrom: from,
  };
}

/** A policy for several listeners may speak of tables that this one's upstream does not have. */
function isCoveredBy(catalog: AnyCatalog, isKnown: boolean, loaded: LoadedConfig | null): AnyCatalog | null {
  return isKnown && (loaded === null || loaded.config.listeners.length === 1) ? catalog : null;
}

export function policyFileOf(loaded: LoadedConfig): string {
  return policyFileBeside(loaded.file, loaded.config.policy);
}

/** A policy file as people wrote it, where that leads there from here as well; else its whole path. */
export function policyFileBeside(configFile: string, written: string): string {
  const absolute = resolve(directoryOf(configFile), written);
  return resolve(written) === absolute ? written : absolute;
}

/** `mayStandForAll`: without a name, one of several in front of the same database is as good as another. */
export function listenerNamed(
  loaded: LoadedConfig,
  name: string | undefined,
  mayStandForAll = true,
): ListenerConfig {
  const listeners = sqlListenersOf(loaded.config).map(({ listener }) => listener);
  const names = listeners.map((listener) => listener.name);
  const found = name === undefined ? listeners[0] : listeners.find((listener) => listener.name === name);
  if (found === undefined) {
    const known = names.length === 1 ? `it has ${names[0]}` : `it has ${names.join(', ')}`;
    throw new UsageError(
      `there is no listener "${name}" in ${loaded.file}${suggestion(name ?? '', names)} (${known})`,
    );
  }
  const keys = new Set(
    listeners.map(
      ({ upstream, catalog }) => `${accountKey(upstream)} ${accountKey(catalog.upstream ?? upstream)}`,
    ),
  );
  if (name === undefined && (keys.size > 1 || (listeners.length > 1 && !mayStandForAll))) {
    throw new UsageError(
      `${loaded.file} has ${listeners.length} listeners: expected --listener, one of ${names.join(', ')}`,
    );
  }
  return found;
}

function tellsListenersApart({ policy }: LocatedPolicy): boolean {
  const { rules, masks } = policy.document;
  return [...rules.map(({ when }) => when), ...masks.map(({ unless }) => unless)].some(
    (conditions) =>
      conditions !== undefined && 'listeners' in conditions && conditions.listeners !== undefined,
  );
}

/** With where the catalog comes from, in words. */
export interface SourcedGround {
  readonly ground: Ground;
  readonly from: string;
}

async function groundOf(
  sources: Sources,
  loaded: LoadedConfig | null,
  listener: ListenerConfig | null,
): Promise<SourcedGround> {
  const upstream =
    sources.upstream === undefined ? (listener?.upstream ?? null) : upstreamOf(sources.upstream);
  const dialect = upstream === null ? (sources.dialect ?? 'postgres') : (upstream.flavour ?? 'postgres');
  if (sources.schema === undefined && upstream !== null) {
    const account = sources.upstream === undefined ? (listener?.catalog.upstream ?? upstream) : upstream;
    return await liveGround(
      { upstream, account, name: sources.upstream === undefined ? (listener?.name ?? null) : null },
      loaded?.directory ?? process.cwd(),
      sources,
    );
  }
  if (dialect !== 'postgres') {
    const database = sources.searchPath?.at(-1) ?? upstream?.database ?? '';
    return mysqlGroundWithoutServer(dialect, { ...sources, database });
  }
  return await postgresGroundWithoutServer(sources, upstream);
}

function upstreamOf(written: string): UpstreamUrl {
  try {
    return parseUpstreamUrl(written);
  } catch (error) {
    throw new UsageError(`--upstream: ${errorText(error)}`);
  }
}

async function postgresGroundWithoutServer(
  sources: Sources,
  upstream: UpstreamUrl | null,
): Promise<SourcedGround> {
  const reader = await StatementReader.load(serverVersionOf(sources.serverVersion));
  const { major } = reader.parser;
  const catalog = sources.schema === undefined ? bareCatalog(major) : readSchemaFile(sources.schema, reader);
  const configured = upstream?.options.get('search_path')?.split(',').map(unquoted) ?? null;
  const own = configured === null ? null : ['pg_catalog', ...configured];
  const path = sources.searchPath ?? own ?? defaultSearchPath(catalog, upstream?.user ?? null);
  const ground = new PostgresGround(catalog, reader, path);
  const from = sources.schema ?? 'no schema given, so tables are not known (--schema FILE.sql)';
  return { ground, from: `${from}, ${ground.server}` };
}

function unquoted(schema: string): string {
  return schema.trim().replace(/^"(.*)"$/, '$1');
}

interface Live {
  readonly upstream: UpstreamUrl;
  /** The account that reads the catalog. */
  readonly account: UpstreamUrl;
  /** The listener's; null where the upstream was named itself. */
  readonly name: string | null;
}

async function liveGround(
  { upstream, account, name }: Live,
  directory: string,
  sources: Sources,
): Promise<SourcedGround> {
  const address = `${upstream.host}:${upstream.port}/${upstream.database}`;
  try {
    const ground =
      upstream.protocol === 'mysql'
        ? await liveMysqlGround(upstream, account, directory, sources.searchPath?.at(-1) ?? null)
        : await livePostgresGround(upstream, account, directory, sources.searchPath);
    return { ground, from: `${address}, ${ground.server}` };
  } catch (error) {
    const dump = upstream.protocol === 'mysql' ? 'mysqldump --no-data' : 'pg_dump --schema-only';
    const whose =
      name === null ? `the upstream ${address}` : `the upstream of listener "${name}" (${address})`;
    throw new Error(
      `${whose} cannot be asked for its catalog: ${errorText(error)}\n` +
        `Give its schema by --schema FILE.sql (${dump}) to go without it.`,
    );
  }
}

async function livePostgresGround(
  upstream: UpstreamUrl,
  account: UpstreamUrl,
  directory: string,
  searchPath: readonly string[] | null,
): Promise<PostgresGround> {
  const catalog = await readOnce(new PostgresCatalogSource(accountOf(account, directory)));
  const path = searchPath ?? (await readSearchPath(accountOf(upstream, directory), upstream.options));
  return new PostgresGround(catalog, await StatementReader.load(catalog.major), path);
}

/** The directory that paths in a file are relative to. */
export function directoryOf(file: string): string {
  return dirname(resolve(file));
}
