/** The admin listener of a running Sluice: what it shows is taken from the parts that have it. */
import { resolve } from 'node:path';
import { Metrics } from '../admin/metrics.ts';
import type { AdminPorts, AlertsPort, ApprovalsPort, ReadinessCheck } from '../admin/ports.ts';
import { type RunningAdmin, startAdmin } from '../admin/server.ts';
import type { LiveSnapshot } from '../admin/wire.ts';
import type { Approvals } from '../approvals/index.ts';
import type { LoadedConfig } from '../config/load.ts';
import { sqlListenersOf } from '../config/schema.ts';
import { ProxyError } from '../core/errors.ts';
import { aliasesOf } from '../core/person.ts';
import { ProblemsError } from '../core/problem.ts';
import type { SessionBrief } from '../engine/sessions.ts';
import { ListenerIdentity } from '../identity/users.ts';
import type { Policy } from '../policy/policy.ts';
import { IndexThread } from '../recordings/index-thread.ts';
import { accessOf } from './admin-access.ts';
import { bearerOf, signOnOf } from './admin-logins.ts';
import { pinsOf } from './admin-pins.ts';
import { AdminPolicy } from './admin-policy.ts';
import { AdminRecordings } from './admin-recordings.ts';
import { alertView } from './alerts.ts';
import { budgetViews, maximaOf } from './budgets.ts';
import { errorText } from './error-text.ts';
import { LiveGrounds } from './grounds.ts';
import type { ServedUpstream, Shared } from './listeners.ts';
import { ownVersion } from './own-version.ts';
import { quarantineViews } from './quarantine.ts';
import type { TlsMaterial } from './tls-files.ts';

const PENDING_MAX = 1_000;

/** Null: the configuration has none. Throws ProblemsError where it cannot be started. */
export async function openAdmin(
  loaded: LoadedConfig,
  shared: Shared,
  approvals: Approvals,
  catalogs: readonly (ServedUpstream['catalog'] | null)[],
): Promise<RunningAdmin | null> {
  const { config, directory, source } = loaded;
  const { admin } = config;
  if (admin === undefined) return null;
  const index = new IndexThread(resolve(directory, config.journal.dir), (error) =>
    shared.log.error({ error: error.message }, 'the index of the journal failed; it is started again'),
  );
  try {
    const { roles, url = null } = admin;
    let tls: TlsMaterial | null = null;
    let serving: RunningAdmin | null = null;
    if (admin.tls !== undefined) {
      shared.tlsFiles.add('admin', admin.tls, (material) => {
        tls = material;
        serving?.useTls(material);
      });
    }
    const ports = portsOf(shared, approvalsOf(approvals), catalogs, index);
    const running = await startAdmin({ ...admin.listen, url, tls, roles }, ports);
    serving = running;
    return {
      ...running,
      async close() {
        await running.close();
        await index.close();
      },
    };
  } catch (error) {
    await index.close();
    throw new ProblemsError([source.problemAt(['admin'], `cannot be served: ${errorText(error)}`)]);
  }
}

function portsOf(
  shared: Shared,
  approvals: ApprovalsPort,
  catalogs: readonly (ServedUpstream['catalog'] | null)[],
  index: IndexThread,
): AdminPorts {
  const { config, journal, turn, sessions, meters, log } = shared;
  const identity = new ListenerIdentity(shared.users, ['password']);
  const metrics = new Metrics({
    meters,
    sessionsByListener: () => countedByListener(sessions.briefs()),
    catalogAges: () =>
      new Map(
        sqlListenersOf(config).map(({ listener, n }) => [
          listener.name,
          secondsOf(catalogs[n]?.ageMs ?? null),
        ]),
      ),
    get journalHealthy() {
      return journal.healthy;
    },
    get indexLagBytes() {
      return index.leftBytes;
    },
    alerts: shared.alerts.counts,
    approvalsPending: async () => (await approvals.list({ state: 'pending', limit: PENDING_MAX })).length,
  });
  return {
    isRevoked: (identity) => shared.revocations.against(identity, null) !== null,
    bearer: bearerOf(shared),
    issuer: config.identity.oidc?.issuer ?? null,
    signOn: signOnOf(shared),
    async password(name, password) {
      const plan = identity.mysqlLogin(name);
      if (plan.plan !== 'password') return null;
      const step = plan.cleartext(Buffer.from(password));
      return step.step === 'proven' ? step.identity : null;
    },
    live: {
      snapshot: (limit) => snapshotOf(shared, limit),
      terminate: (id) => sessions.terminate(id, new ProxyError('terminated')),
    },
    recordings: new AdminRecordings(index),
    policy: new AdminPolicy({
      config,
      policy: () => shared.policy.current,
      grounds: new LiveGrounds(shared, catalogs),
      index,
      pins: shared.state.pins,
    }),
    approvals,
    alerts: alertsOf(shared),
    access: accessOf(shared),
    pins: pinsOf(shared.state),
    readiness: () => readinessOf(shared, catalogs),
    metrics: () => metrics.text(),
    record(by, action, details) {
      journal.append('admin', JSON.stringify({ by, action, ...details }).slice(1, -1));
      return turn.flush();
    },
    log: (level, message, details) => log[level](details, message),
    now: () => Date.now(),
    version: ownVersion(),
  };
}

export interface AlertsGround {
  readonly state: Pick<Shared['state'], 'alerts' | 'ledger' | 'revocations'>;
  readonly policy: { readonly current: Pick<Policy, 'rules'> };
}

function approvalsOf(approvals: Approvals): ApprovalsPort {
  return {
    list: ({ state, limit }) => approvals.list(state === null ? { limit } : { state, limit }),
    get: (id) => approvals.get(id),
    async vote(id, voter, verdict, reason) {
      const { name, groups } = voter.principal;
      const vote = { by: name, aliases: aliasesOf(voter), groups, verdict, reason, channel: 'console' };
      const outcome = await approvals.vote(id, vote);
      if (outcome.outcome === 'refused') return outcome;
      const approval = await approvals.get(id);
      return approval === null ? { outcome: 'refused', why: 'unknown' } : { outcome: 'counted', approval };
    },
  };
}

/** What the store has of alerts, and budgets as the policy in force bounds them. */
export function alertsOf({ state, policy }: AlertsGround): AlertsPort {
  return {
    list: async (limit) => (await state.alerts.list({ limit })).map(alertView),
    budgets: async () => budgetViews(await state.ledger.list(), maximaOf(policy.current.rules)),
    quarantined: async () => quarantineViews(await state.revocations.current()),
    release: (principal, by, reason) => state.revocations.lift('quarantine', principal, by, reason),
  };
}

function secondsOf(ms: number | null): number | null {
  return ms === null ? null : ms / 1000;
}

function countedByListener(briefs: Iterable<SessionBrief>): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { listener } of briefs) counts.set(listener, (counts.get(listener) ?? 0) + 1);
  return counts;
}

const PHASES: readonly SessionBrief['phase'][] = ['held', 'busy', 'idle', 'startup', 'closed'];

/** Those that wait for people first, then those that are at work, then those that have taken most. */
function snapshotOf({ sessions, meters }: Shared, limit: number): LiveSnapshot {
  const briefs = [...sessions.briefs()].sort(
    (left, right) =>
      PHASES.indexOf(left.phase) - PHASES.indexOf(right.phase) ||
      right.bytes - left.bytes ||
      left.ageMs - right.ageMs,
  );
  const sum = (count: 'rows' | 'bytes' | 'allowed' | 'denied' | 'cuts') =>
    [...meters.values()].reduce((total, meter) => total + meter[count], 0);
  return {
    at: new Date().toISOString(),
    total: briefs.length,
    rows: sum('rows'),
    bytes: sum('bytes'),
    allowed: sum('allowed'),
    denied: sum('denied'),
    cuts: sum('cuts'),
    sessions: briefs.slice(0, limit).map(({ principal, clientAddress, ageMs, ...brief }) => ({
      ...brief,
      user: principal.name,
      groups: principal.groups,
      client: clientAddress,
      ageMs: Math.round(ageMs),
    })),
  };
}

async function readinessOf(
  { config, journal, state }: Shared,
  catalogs: readonly (ServedUpstream['catalog'] | null)[],
): Promise<readonly ReadinessCheck[]> {
  const check = (name: string, problem: string | null) => ({ name, ok: problem === null, problem });
  const store = await state.now().then(
    () => null,
    (error: unknown) => errorText(error),
  );
  return [
    check('journal', journal.healthy || journal.tryRecover() ? null : 'it cannot be written'),
    ...sqlListenersOf(config).map(({ listener: { name }, n }) =>
      check(`catalog ${name}`, catalogs[n]?.current == null ? 'it has never been read' : null),
    ),
    check('state', store),
  ];
}
