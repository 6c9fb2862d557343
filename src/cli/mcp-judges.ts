/** What the judges of an MCP listener need, put together once for the listener. */
import type { McpSqlConfig } from '../config/mcp-sql.ts';
import { ProxyError } from '../core/errors.ts';
import { MessageMaskers } from '../engine/message-maskers.ts';
import { Pins } from '../engine/pins.ts';
import type { RequestDomain } from '../engine/request-domain.ts';
import { SqlArguments } from '../engine/sql-arguments.ts';
import { TaskOwners } from '../engine/task-owners.ts';
import { TokenSeals } from '../engine/token-seals.ts';
import type { JudgeGround } from '../transport/mcp/judge-ground.ts';
import { ListAsks } from '../transport/mcp/list-asks.ts';
import { OutputSchemas } from '../transport/mcp/output-schemas.ts';
import { SqlInArguments } from '../transport/mcp/sql-in-arguments.ts';
import type { Shared } from './listeners.ts';

export interface JudgesOf {
  readonly name: string;
  readonly sql: McpSqlConfig | undefined;
  /** What all instances share that share their state. */
  readonly secret: string;
  readonly clientBytesMax: number;
  readonly serverBytesMax: number;
}

/** `close` lets go of the state store. Throws where `sql` names no listener of SQL: the configuration was not checked. */
export function openJudges(
  { name, sql, secret, clientBytesMax, serverBytesMax }: JudgesOf,
  domain: RequestDomain,
  shared: Shared,
): { readonly ground: JudgeGround; close(): void } {
  const { policy, alerts, journal, turn, log, state, masks } = shared;
  const pins = new Pins({
    listener: name,
    store: state,
    record(type, members) {
      journal.append(type, members);
      turn.wantFlushSoon();
    },
    alert(circumstances) {
      const principal = { name: circumstances.principal, groups: [] };
      const context = { principal, listener: name, clientAddress: null };
      for (const duty of policy.current.contextFor(context, Date.now()).alerts)
        if (duty.on === 'definition') alerts.note(duty, circumstances);
      log.warn({ listener: name, session: circumstances.session }, circumstances.message);
    },
  });
  const ground: JudgeGround = {
    domain,
    maskers: new MessageMaskers(masks, new TokenSeals(secret)),
    pins,
    tasks: new TaskOwners({
      listener: name,
      store: state,
      missed: ({ message }) =>
        log.warn({ listener: name, error: message }, 'what instances share of tasks cannot be used'),
    }),
    schemas: new OutputSchemas(),
    listAsks: new ListAsks(() => performance.now()),
    sql: sql === undefined ? null : sqlOf(sql, shared),
    clientBytesMax,
    serverBytesMax,
  };
  return { ground, close: () => pins.close() };
}

function sqlOf(sql: McpSqlConfig, { sqlTargets }: Shared): SqlInArguments {
  const target = sqlTargets.get(sql.listener);
  if (target === undefined) throw new ProxyError('invariant');
  return new SqlInArguments(new SqlArguments(target), sql);
}
