/** What a statement is judged from, apart from itself: the catalog, the search path, the policy. */
import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type LoadedConfig, loadConfig, readTextFile } from '../config/load.ts';
import type { ListenerConfig } from '../config/schema.ts';
import { suggestion } from '../core/nearest.ts';
import type { Problem } from '../core/problem.ts';
import { loadPolicy } from '../policy/policy.ts';
import {
  type Catalog,
  type ParserMajor,
  type ReadingSpace,
  ReadingSpaces,
  StatementReader,
} from '../sql/index.ts';
import { readSearchPath } from '../transport/catalog-source.ts';
import { bareCatalog, defaultSearchPath, NEWEST, readSchemaFile } from './catalog-files.ts';
import { UsageError } from './command.ts';
import { errorText } from './error-text.ts';
import { accountOf, catalogOf } from './listeners.ts';
import { type LocatedPolicy, policyProblems, worldOf } from './policy-files.ts';

export interface Premises {
  readonly loaded: LoadedConfig | null;
  /** The listener that is meant; null without a configuration. */
  readonly listener: ListenerConfig | null;
  readonly reader: StatementReader;
  readonly space: ReadingSpace;
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
  /** Null: the upstream's own, or the newest without one. */
  readonly serverVersion: ParserMajor | null;
  readonly searchPath: readonly string[] | null;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export const DEFAULT_CONFIG = 'sluice.yaml';
/** What applies where no policy file is named: the baseline alone. */
const NO_POLICY = 'default: allow\n';
const NO_FILE = '(no policy)';

/** Reads everything; throws ProblemsError for files, UsageError for options, Error for an upstream out of reach. */
export async function premisesOf(sources: Sources): Promise<Premises> {
  const named = sources.config !== undefined || sources.schema !== undefined || sources.policy !== undefined;
  const configFile = sources.config ?? (!named && existsSync(DEFAULT_CONFIG) ? DEFAULT_CONFIG : null);
  const loaded = configFile === null ? null : loadConfig(configFile, sources.environment);
  const listener = loaded === null ? null : listenerNamed(loaded, sources.listener);
  const { catalog, reader, path, from } = await groundOf(sources, loaded, listener);
  const policyFile = sources.policy ?? (loaded === null ? null : policyFileOf(loaded));
  const policy =
    policyFile === null ? loadPolicy(NO_FILE, NO_POLICY) : loadPolicy(policyFile, readTextFile(policyFile));
  // Without a schema nothing is known of tables, so that a policy's tables cannot be held against it.
  const isKnown = sources.schema !== undefined || listener !== null;
  const world = worldOf(loaded?.config ?? null, [isCoveredBy(catalog, isKnown, loaded)]);
  return {
    loaded,
    listener,
    reader,
    space: new ReadingSpaces().of({ catalog, path, temporary: [] }),
    policy,
    policyFile,
    warnings: policyFile === null ? [] : policyProblems(policy.source, world),
    catalogFrom: from,
  };
}

/** A policy for several listeners may speak of tables that this one's upstream does not have. */
function isCoveredBy(catalog: Catalog, isKnown: boolean, loaded: LoadedConfig | null): Catalog | null {
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

export function listenerNamed(loaded: LoadedConfig, name: string | undefined): ListenerConfig {
  const { listeners } = loaded.config;
  const names = listeners.map((listener) => listener.name);
  const found = name === undefined ? listeners[0] : listeners.find((listener) => listener.name === name);
  if (found === undefined) {
    const known = names.length === 1 ? `it has ${names[0]}` : `it has ${names.join(', ')}`;
    throw new UsageError(
      `there is no listener "${name}" in ${loaded.file}${suggestion(name ?? '', names)} (${known})`,
    );
  }
  if (name === undefined && listeners.length > 1) {
    throw new UsageError(
      `${loaded.file} has ${listeners.length} listeners: expected --listener, one of ${names.join(', ')}`,
    );
  }
  return found;
}

interface Ground {
  readonly catalog: Catalog;
  readonly reader: StatementReader;
  readonly path: readonly string[];
  readonly from: string;
}

async function groundOf(
  sources: Sources,
  loaded: LoadedConfig | null,
  listener: ListenerConfig | null,
): Promise<Ground> {
  if (sources.schema === undefined && listener !== null && loaded !== null) {
    return await liveGround(listener, loaded.directory, sources);
  }
  const reader = await StatementReader.load(sources.serverVersion ?? NEWEST);
  const { major } = reader.parser;
  const catalog = sources.schema === undefined ? bareCatalog(major) : readSchemaFile(sources.schema, reader);
  const configured = listener?.upstream.options.get('search_path')?.split(',').map(unquoted) ?? null;
  const own = configured === null ? null : ['pg_catalog', ...configured];
  return {
    catalog,
    reader,
    path: sources.searchPath ?? own ?? defaultSearchPath(catalog, listener?.upstream.user ?? null),
    from:
      sources.schema === undefined
        ? `no schema given, so tables are not known (--schema FILE.sql), server ${major}`
        : `${sources.schema}, server ${major}`,
  };
}

function unquoted(schema: string): string {
  return schema.trim().replace(/^"(.*)"$/, '$1');
}

async function liveGround(listener: ListenerConfig, directory: string, sources: Sources): Promise<Ground> {
  const { upstream } = listener;
  const address = `${upstream.host}:${upstream.port}/${upstream.database}`;
  const live = catalogOf(listener, directory, () => {});
  try {
    const failure = await live.refresh();
    const catalog = live.current;
    if (failure !== null || catalog === null) throw failure ?? new Error('it gave no catalog');
    const path =
      sources.searchPath ?? (await readSearchPath(accountOf(upstream, directory), upstream.options));
    const reader = await StatementReader.load(catalog.major);
    return { catalog, reader, path, from: `${address}, server ${catalog.major}` };
  } catch (error) {
    throw new Error(
      `the upstream of listener "${listener.name}" (${address}) cannot be asked for its catalog: ${errorText(error)}\n` +
        'Give its schema by --schema FILE.sql (pg_dump --schema-only) to go without it.',
    );
  } finally {
    await live.close();
  }
}

/** The directory that paths in a file are relative to. */
export function directoryOf(file: string): string {
  return dirname(resolve(file));
}
