/** One statement, request or call that somebody tries by the admin API. */
import { type Trial, type Tried, triedSchema } from '../admin/policy-wire.ts';
import { Refusal } from '../admin/refusal.ts';
import { type AnyListenerConfig, type Config, isSqlListener, type ListenerConfig } from '../config/schema.ts';
import type { Policy } from '../policy/policy.ts';
import type { PinsStore } from '../state/store.ts';
import type { AskedRequest } from './asked-request.ts';
import { explain } from './explanation.ts';
import { explanationJson } from './explanation-json.ts';
import type { Grounds } from './grounds.ts';
import { type AskedOf, explainRequest } from './request-explanation.ts';
import { approvalsOf, limitsOf, masksIn, ruleOf, rulesOf } from './request-explanation-json.ts';
import { pinsIn, requestPremisesOf } from './request-premises.ts';

export interface TrialGround {
  readonly config: Config;
  readonly grounds: Grounds;
  readonly pins: Pick<PinsStore, 'list'>;
  readonly policy: Policy;
}

/** Throws a Refusal where it does not fit the listener, or cannot be judged. */
export async function tryOne(trial: Trial, ground: TrialGround): Promise<Tried> {
  const { sql, user, groups } = trial;
  const listener = ground.config.listeners.find(({ name }) => name === trial.listener);
  if (listener === undefined) throw new Refusal(404, `There is no listener "${trial.listener}".`);
  if ([sql, trial.request, trial.call].filter((one) => one !== undefined).length !== 1)
    throw new Refusal(400, 'Expected one of "sql", "request" and "call".');
  const context = { principal: { name: user, groups }, listener: listener.name, clientAddress: null };
  const of = { context, atMs: Date.now() };
  if (sql !== undefined) {
    if (!isSqlListener(listener))
      throw new Refusal(
        400,
        `Listener "${listener.name}" takes requests and no statements: give "${listener.protocol === 'mcp' ? 'call' : 'request'}".`,
      );
    return await trySql(sql, trial.parameters, listener, ground, of);
  }
  return await tryRequest(askedOf(trial, listener), listener, ground, of);
}

async function trySql(
  sql: string,
  parameters: Trial['parameters'],
  listener: ListenerConfig,
  { grounds, policy }: TrialGround,
  of: AskedOf,
): Promise<Tried> {
  if (sql.includes('\0')) throw new Refusal(400, 'The statement holds a NUL byte, which no client sends.');
  const ground = await grounds.of(listener);
  const explained = await explain({ ground, policy: { policy } }, { sql, parameters, ...of });
  const json = explanationJson(explained, { ground, warnings: [] });
  return triedSchema.parse({ ...json, server: ground.server, request: null });
}

function askedOf({ request, call }: Trial, { name, protocol }: AnyListenerConfig): AskedRequest {
  if (request !== undefined && protocol === 'http') {
    const { method, path, headers, body } = request;
    return {
      about: 'http',
      method,
      path,
      headers: Object.entries(headers),
      body: body === undefined ? null : Buffer.from(body),
    };
  }
  if (call !== undefined && protocol === 'mcp') {
    const { kind, name: called, arguments: given } = call;
    const written = typeof given === 'object' ? JSON.stringify(given) : given;
    return {
      about: 'mcp',
      kind,
      name: called,
      arguments: written === undefined || written.trim() === '' ? null : Buffer.from(written),
    };
  }
  throw new Refusal(400, `Listener "${name}" is of protocol: ${protocol}, and takes no such request.`);
}

async function tryRequest(
  asked: AskedRequest,
  listener: AnyListenerConfig,
  { config, grounds, pins, policy }: TrialGround,
  of: AskedOf,
): Promise<Tried> {
  const premises = requestPremisesOf(listener.name, config, policy, (behind) => grounds.of(behind));
  if (premises === null)
    throw new Refusal(400, `Listener "${listener.name}" takes statements and no requests.`);
  const explained = await explainRequest(asked, { ...premises, pinOf: pinsIn(pins, listener.name) }, of);
  const { sql } = premises;
  const { title, verdict, denial, refusal, definition, notes } = explained;
  const ground = sql === null || explained.sql.length === 0 ? null : await sql.ground();
  return triedSchema.parse({
    verdict,
    rule: ruleOf(explained),
    rules: rulesOf(explained),
    message: denial?.message ?? refusal,
    hint: denial?.hint ?? null,
    policy: explained.policyVersion,
    server: ground?.server ?? null,
    request: {
      title,
      definition,
      limits: limitsOf(explained),
      approvals: approvalsOf(explained),
      masks: masksIn(explained),
      sqlListener: ground === null ? null : (sql?.listener ?? null),
      notes,
    },
    statements:
      ground === null
        ? []
        : explained.sql.flatMap((one) => explanationJson(one, { ground, warnings: [] })['statements']),
  });
}
