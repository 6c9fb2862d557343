/** Puts a configuration to work: everything that `sluice run` and the demo start, and how it stops again. */
import { resolve } from 'node:path';
import type { Logger } from 'pino';
import type { LoadedConfig } from '../config/load.ts';
import { formatProblem } from '../core/problem.ts';
import type { LiveCatalog } from '../engine/live-catalog.ts';
import { PolicyHolder } from '../engine/policy-holder.ts';
import { Sessions } from '../engine/sessions.ts';
import { Turn } from '../engine/turn.ts';
import { SigningKey } from '../journal/keys.ts';
import { Journal } from '../journal/writer.ts';
import { HeldMemory } from '../limits/held-memory.ts';
import { ParsePool } from '../sql/index.ts';
import { Listener } from '../transport/listener.ts';
import { catalogOf, domainOf, legTlsOf, Readers, type Shared, TOO_MANY_CONNECTIONS, usersOf } from './listeners.ts';
import { readPolicy, watchPolicy, worldOf } from './policy-files.ts';

export interface RunningServer {
  /** The port of each listener by name. */
  readonly ports: ReadonlyMap<string, number>;
  readonly sessions: Sessions;
  readonly journal: Journal;
  readonly policy: PolicyHolder;
  /** Reads the policy file again; what is wrong with it is logged. */
  reloadPolicy(): void;
  /** Takes no more connections, lets sessions finish within the drain time, seals the journal. */
  stop(): Promise<void>;
}

const TICK_MS = 250;
const SOON_MS = 10;
const KEY_FILE = 'signing.key';

/** Starts everything or nothing: throws ProblemsError for bad files, and Node's errors for addresses and disks. */
export async function startServer(loaded: LoadedConfig, log: Logger): Promise<RunningServer> {
  const { config, directory } = loaded;
  const policyFile = resolve(directory, config.policy);
  const readers = new Readers();
  const catalogs = config.listeners.map((listener) =>
    catalogOf(listener, directory, (error) =>
      log.error({ listener: listener.name, error: error.message }, 'the catalog cannot be read'),
    ),
  );
  await Promise.all(catalogs.map((catalog) => catalog.refresh()));
  const world = () => worldOf(config, catalogs.map((catalog) => catalog.current));
  const policy = new PolicyHolder(readPolicy(policyFile, world()));
  const journal = openJournal(loaded, log);
  const shared: Shared = {
    config,
    directory,
    log,
    policy,
    journal,
    turn: new Turn(journal, {
      atEndOfTurn: (run) => setImmediate(run),
      soon: (run) => setTimeout(run, SOON_MS),
    }),
    sessions: new Sessions(config.limits.connections),
    memory: new HeldMemory(config.limits.held),
    readers,
    parsePool: new ParsePool(),
    users: usersOf(config),
  };
  for (const catalog of catalogs) {
    if (catalog.current === null) continue;
    await readers.load(catalog.current.major);
    await shared.parsePool.warmUp(catalog.current.major);
  }
  recordPolicy(shared, policyFile);
  const listeners = await listenAll(shared, catalogs);
  return running(shared, catalogs, listeners, policyFile, world);
}

function openJournal({ config, directory }: LoadedConfig, log: Logger): Journal {
  const journalDirectory = resolve(directory, config.journal.dir);
  const keyFile = config.journal.key === undefined ? resolve(journalDirectory, KEY_FILE) : resolve(directory, config.journal.key);
  return Journal.open({
    directory: journalDirectory,
    key: SigningKey.loadOrCreate(keyFile),
    segmentBytesMax: config.journal.segment,
    clock: () => Date.now(),
    onHealth(error) {
      if (error === null) log.warn('the journal can be written again');
      else log.error({ error: error.message }, 'the journal cannot be written: nothing passes until it can');
    },
  });
}

function recordPolicy(shared: Shared, file: string): void {
  const { policy, journal, turn } = shared;
  journal.append('policy', `"file":${JSON.stringify(file)},"version":"${policy.current.version}"`);
  turn.wantFlush();
}

async function listenAll(shared: Shared, catalogs: readonly LiveCatalog[]): Promise<readonly Listener[]> {
  const listeners: Listener[] = [];
  try {
    for (const [n, listener] of shared.config.listeners.entries()) {
      const catalog = catalogs[n];
      if (catalog === undefined) continue;
      const domain = domainOf(listener, catalog, shared);
      const legTls = legTlsOf(listener, shared.directory);
      listeners.push(await Listener.listen(listener.listen, domain, legTls, TOO_MANY_CONNECTIONS));
    }
  } catch (error) {
    for (const listener of listeners) listener.close();
    shared.journal.close();
    await shared.parsePool.close();
    await Promise.all(catalogs.map((catalog) => catalog.close()));
    throw error;
  }
  return listeners;
}

function running(
  shared: Shared,
  catalogs: readonly LiveCatalog[],
  listeners: readonly Listener[],
  policyFile: string,
  world: () => ReturnType<typeof worldOf>,
): RunningServer {
  const { config, log, policy, sessions, journal } = shared;
  const ports = new Map(config.listeners.map((listener, n) => [listener.name, listeners[n]?.port ?? 0]));
  const ticker = setInterval(() => sessions.tick(), TICK_MS);
  const refreshers = config.listeners.map((listener, n) =>
    setInterval(() => void catalogs[n]?.refresh(), Math.max(listener.catalog.refresh, TICK_MS)),
  );
  const take = (next: typeof policy.current) => {
    if (next.version === policy.current.version) return;
    policy.replace(next);
    recordPolicy(shared, policyFile);
    log.info({ version: next.version }, 'a new policy is in force');
  };
  const report = (problems: Parameters<Parameters<typeof watchPolicy>[3]>[0]) => {
    for (const problem of problems) log.error(formatProblem(problem));
    log.error('the policy file is not used; the policy in force stays');
  };
  const watch = watchPolicy(policyFile, world, take, report);
  let stopping: Promise<void> | null = null;
  const stop = async () => {
    watch.close();
    for (const listener of listeners) listener.close();
    await sessions.drain(config.drain, (run, ms) => {
      const timer = setTimeout(run, ms);
      return { cancel: () => clearTimeout(timer) };
    });
    clearInterval(ticker);
    for (const refresher of refreshers) clearInterval(refresher);
    shared.turn.flush();
    journal.close();
    await shared.parsePool.close();
    await Promise.all(catalogs.map((catalog) => catalog.close()));
  };
  return {
    ports,
    sessions,
    journal,
    policy,
    reloadPolicy: () => watch.read(),
    stop() {
      stopping ??= stop();
      return stopping;
    },
  };
}
