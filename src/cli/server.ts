/** Puts a configuration to work: everything that `sluice run` and the demo start, and how it stops again. */
import { resolve } from 'node:path';
import type { Logger } from 'pino';
import type { RunningAdmin } from '../admin/server.ts';
import type { LoadedConfig } from '../config/load.ts';
import { type AnyListenerConfig, type ListenerConfig, sqlListenersOf } from '../config/schema.ts';
import { Meter } from '../core/meter.ts';
import { ProblemsError } from '../core/problem.ts';
import { MaskFollower } from '../engine/mask-follower.ts';
import { NameFollower } from '../engine/name-follower.ts';
import { PolicyHolder } from '../engine/policy-holder.ts';
import { ResultMasks } from '../engine/result-masks.ts';
import { Sessions } from '../engine/sessions.ts';
import { Turn } from '../engine/turn.ts';
import { LoginAttempts } from '../identity/login-attempts.ts';
import { PasswordKey } from '../identity/password-key.ts';
import type { Journal } from '../journal/writer.ts';
import { Budgets } from '../limits/budgets.ts';
import { HeldMemory } from '../limits/held-memory.ts';
import { Rates } from '../limits/rates.ts';
import { MaskPool } from '../masking/index.ts';
import type { StateStore } from '../state/store.ts';
import { noteApproval, openAlerts } from './alert-desk.ts';
import { type ApprovalDesk, openApprovals } from './approval-desk.ts';
import { fileProblems } from './check-warnings.ts';
import { listenForHttp } from './http-upstream.ts';
import { instanceOf } from './instance.ts';
import { type RunningUpkeep, startUpkeep } from './journal-upkeep.ts';
import { type ServedUpstream, type Shared, sqlTargetOf, usersOf } from './listeners.ts';
import { type Listening, legTlsAt, listenAt } from './listening.ts';
import { openCredentials } from './logins.ts';
import { keyProblems, ringsOf } from './mask-keys.ts';
import { listenForMcp } from './mcp-upstream.ts';
import { serveMysql } from './mysql-upstream.ts';
import { openTokens } from './oidc.ts';
import { openJournal } from './own-journal.ts';
import { readPolicy, worldOf } from './policy-files.ts';
import { keepPolicy, recordPolicy } from './policy-in-force.ts';
import { servePostgres } from './postgres-upstream.ts';
import { ReadingTools } from './reading-tools.ts';
import { openRevocations } from './revocation-desk.ts';
import { openState } from './state-store.ts';
import { TlsFiles } from './tls-files.ts';

export interface RunningServer {
  /** The port of each listener by name. */
  readonly ports: ReadonlyMap<string, number>;
  /** Where the console is; null: there is none. */
  readonly adminUrl: string | null;
  readonly sessions: Sessions;
  readonly journal: Journal;
  /** What it shares with other instances. */
  readonly state: StateStore;
  readonly policy: PolicyHolder;
  /** What people are asked to decide, and how they are told. */
  readonly desk: ApprovalDesk;
  /** Reads the policy file again; what is wrong with it is logged. */
  reloadPolicy(): void;
  /** Reads certificates and keys again; those that are no good are logged and not used. */
  reloadTls(): void;
  /** Takes no more connections, lets sessions finish within the drain time, seals the journal. */
  stop(): Promise<void>;
  /** While stopping: ends at once what still runs. */
  hurry(): void;
}

const TICK_MS = 250;
const SOON_MS = 10;

/**
 * Starts everything or nothing: throws ProblemsError for bad files, and Node's errors for disks. `makeMaskPool` null:
 * everything is masked on the event loop.
 */
export async function startServer(
  loaded: LoadedConfig,
  log: Logger,
  makeMaskPool: (() => MaskPool) | null = () => new MaskPool(),
  options: StartOptions = {},
): Promise<RunningServer> {
  const undo: Undo[] = [];
  try {
    return await start(loaded, log, undo, makeMaskPool, options);
  } catch (error) {
    for (const step of undo.reverse()) await step();
    throw error;
  }
}

/** For whoever starts a part of it only. */
export interface StartOptions {
  /** Whether a listener listens; all do where this is left out. */
  readonly listens?: (listener: AnyListenerConfig) => boolean;
  /** Told of what listeners share, once they listen. */
  readonly ready?: (shared: Shared) => void;
}

/** What has to be done to take back a step of the start. */
type Undo = () => void | Promise<void>;

async function start(
  loaded: LoadedConfig,
  log: Logger,
  undo: Undo[],
  makeMaskPool: (() => MaskPool) | null,
  { listens, ready }: StartOptions,
): Promise<RunningServer> {
  const { config, directory } = loaded;
  const wrong = [...fileProblems(loaded), ...keyProblems(loaded)];
  if (wrong.length > 0) throw new ProblemsError(wrong);
  const policyFile = resolve(directory, config.policy);
  const follower = new MaskFollower();
  const nameFollower = new NameFollower();
  const tools = new ReadingTools();
  undo.push(() => tools.close());
  const upstreams = sqlListenersOf(config).map(({ listener, n }) => {
    const serve = listener.protocol === 'postgres' ? servePostgres : serveMysql;
    const served = serve(listener, directory, tools, {
      onError: (error) =>
        log.error({ listener: listener.name, error: error.message }, 'the catalog cannot be read'),
      onNew: (catalog) => follower.catalogChanged(listener.name, catalog),
      onNewMysql: (catalog) => nameFollower.catalogChanged(listener.name, catalog),
    });
    return { ...served, listener, n };
  });
  const catalogs = upstreams.map(({ catalog }) => catalog);
  undo.push(...catalogs.map((catalog) => () => catalog.close()));
  const tlsFiles = new TlsFiles(directory, log);
  undo.push(() => tlsFiles.close());
  const legTls = config.listeners.map((_, n) => legTlsAt(loaded, n, tlsFiles));
  await Promise.all(catalogs.map((catalog) => catalog.refresh()));
  const world = () =>
    worldOf(
      config,
      catalogs.map((catalog) => catalog.current),
    );
  const policy = new PolicyHolder(readPolicy(policyFile, world()), (next) => {
    follower.policyChanged(next);
    nameFollower.policyChanged(next);
  });
  const { journal, key, journalDirectory } = openJournal(loaded, log);
  undo.push(() => journal.close());
  const state = openState(loaded, log);
  undo.push(() => state.close());
  const turn = new Turn(journal, {
    atEndOfTurn: (run) => setImmediate(run),
    soon: (run) => setTimeout(run, SOON_MS),
  });
  const sessions = new Sessions(config.limits.connections);
  const revocations = await openRevocations({ state, sessions, journal, turn, log });
  undo.push(() => revocations.close());
  const credentials = openCredentials(state);
  undo.push(() => credentials.close());
  const desk = openApprovals(loaded, log, { state, journal, turn }, (approval) =>
    noteApproval(alerts, policy, approval),
  );
  const alerts = openAlerts(loaded, log, { state, journal, turn, webhook: desk.webhook });
  undo.push(() => alerts.close());
  undo.push(() => desk.close());
  const budgets = new Budgets({
    ledger: state.ledger,
    instance: instanceOf(loaded),
    now: () => performance.now(),
    watch: (callback) => state.watch('budgets', callback),
  });
  undo.push(() => budgets.close());
  const shared: Shared = {
    config,
    directory,
    log,
    policy,
    journal,
    turn,
    sessions,
    revocations,
    credentials,
    tlsFiles,
    attempts: new LoginAttempts(() => performance.now()),
    memory: new HeldMemory(config.limits.held),
    tools,
    users: usersOf(config),
    passwordKey: config.listeners.some(({ protocol }) => protocol === 'mysql')
      ? await PasswordKey.make()
      : null,
    tokens: openTokens(config, log),
    masks: new ResultMasks(ringsOf(config), makeMaskPool),
    approvals: desk.approvals,
    alerts,
    spendings: { budgets, rates: new Rates(() => performance.now()) },
    sqlTargets: new Map(),
    meters: new Map(config.listeners.map(({ name }) => [name, new Meter()])),
    state,
    ports: new Map(),
  };
  undo.push(() => shared.masks.close());
  undo.push(() => shared.tokens?.issuer.close());
  for (const upstream of upstreams) await upstream.warmUp();
  const domains = new Map(upstreams.map((upstream) => [upstream.n, upstream.domain(shared)]));
  for (const { n, listener } of upstreams) {
    const domain = domains.get(n);
    if (domain !== undefined) shared.sqlTargets.set(listener.name, sqlTargetOf(listener, domain.sql));
  }
  recordPolicy(shared, policyFile);
  const upkeep = startUpkeep(config.journal, journalDirectory, log, {
    journal,
    key,
    flush: () => turn.flush(),
  });
  undo.push(() => upkeep.stop());
  const listeners: Listening[] = [];
  for (const [n, listener] of config.listeners.entries()) {
    if (listens?.(listener) === false) continue;
    const listening =
      listener.protocol === 'http'
        ? await listenForHttp(loaded, n, listener, shared)
        : listener.protocol === 'mcp'
          ? await listenForMcp(loaded, n, listener, shared)
          : await listenAt(loaded, n, domains.get(n), legTls[n]);
    if (listening === null) continue;
    undo.push(() => listening.close());
    listeners.push(listening);
    shared.ports.set(listener.name, listening.port);
  }
  ready?.(shared);
  // Its libraries take 26 MB, which a proxy without a console does not have to have.
  const admin =
    config.admin === undefined
      ? null
      : await (await import('./admin.ts')).openAdmin(
          loaded,
          shared,
          desk.approvals,
          config.listeners.map((_, n) => upstreams.find((one) => one.n === n)?.catalog ?? null),
        );
  return running(shared, desk, upkeep, admin, upstreams, listeners, policyFile, world);
}

/** A database behind one of the listeners. */
interface ListenedUpstream extends Pick<ServedUpstream, 'catalog'> {
  readonly listener: ListenerConfig;
}

function running(
  shared: Shared,
  desk: ApprovalDesk,
  upkeep: RunningUpkeep,
  admin: RunningAdmin | null,
  upstreams: readonly ListenedUpstream[],
  listeners: readonly Listening[],
  policyFile: string,
  world: () => ReturnType<typeof worldOf>,
): RunningServer {
  const { config, policy, sessions, journal } = shared;
  const ticker = setInterval(() => {
    journal.tryRecover();
    sessions.tick();
  }, TICK_MS);
  const refreshers = upstreams.map(({ listener, catalog }) =>
    setInterval(() => void catalog.refresh(), Math.max(listener.catalog.refresh, TICK_MS)),
  );
  const watch = keepPolicy(shared, policyFile, world);
  const cut = () => {
    for (const listener of listeners) listener.cut?.();
  };
  let stopping: Promise<void> | null = null;
  const stop = async () => {
    watch.close();
    shared.tlsFiles.close();
    await admin?.close();
    const closed = listeners.map((listener) => listener.close());
    // Whoever has yet to send the rest of a request has no session that a drain could end.
    const late = setTimeout(cut, config.drain);
    await sessions.drain(config.drain, (run, ms) => {
      const timer = setTimeout(run, ms);
      return { cancel: () => clearTimeout(timer) };
    });
    await Promise.all(closed);
    clearTimeout(late);
    clearInterval(ticker);
    for (const refresher of refreshers) clearInterval(refresher);
    shared.revocations.close();
    shared.credentials.close();
    await shared.alerts.close();
    await desk.close();
    await upkeep.stop();
    await shared.spendings.budgets.close();
    shared.turn.flush();
    journal.close();
    await shared.tools.close();
    await shared.masks.close();
    shared.tokens?.issuer.close();
    await shared.state.close();
    await Promise.all(upstreams.map(({ catalog }) => catalog.close()));
  };
  return {
    ports: shared.ports,
    adminUrl: admin?.url ?? null,
    sessions,
    journal,
    state: shared.state,
    policy,
    desk,
    reloadPolicy: () => watch.read(),
    reloadTls: () => shared.tlsFiles.reload(),
    stop() {
      stopping ??= stop();
      return stopping;
    },
    hurry() {
      sessions.terminateAll();
      cut();
    },
  };
}
