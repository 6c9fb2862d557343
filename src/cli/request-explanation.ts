/**
 * What the gate would say of a request: the rules on requests, then what else a call is held against, in the order in
 * which a listener asks. What budgets and rates have left, and who has approved what, is not asked.
 */
import type { AnyListenerConfig } from '../config/schema.ts';
import type { Denial } from '../core/decision.ts';
import type { SessionContext } from '../core/principal.ts';
import type { RequestDecision, RequestFacts } from '../core/requests.ts';
import { requestDenial } from '../engine/request-records.ts';
import type { Policy } from '../policy/policy.ts';
import type { Pin, PinKind } from '../state/store.ts';
import { heldDenial, resourceDenial } from '../transport/mcp/call-checks.ts';
import { passesAnyhow } from '../transport/mcp/call-facts.ts';
import {
  type SqlInArgumentsSettings,
  sqlPointersOf,
  sqlTextsIn,
  toldToAgents,
} from '../transport/mcp/sql-in-arguments.ts';
import { type AskedRequest, type ReadRequest, readRequest } from './asked-request.ts';
import { type Explanation, explain } from './explanation.ts';
import type { Ground } from './ground.ts';

/** SQL in arguments, and where it goes. */
export interface SqlPlace extends SqlInArgumentsSettings {
  /** Of the listener in front of the database; empty where there is none. */
  readonly listener: string;
  /** Throws where the server cannot be asked. */
  ground(): Promise<Ground>;
}

export interface RequestPremises {
  readonly policy: Policy;
  /** Null: whatever listener. */
  readonly listener: AnyListenerConfig | null;
  /** Null: SQL in arguments is not judged there. */
  readonly sql: SqlPlace | null;
  /** What is known of what a call names: its pin, that there is none, or null where nobody can say. */
  pinOf(kind: PinKind, name: string): Promise<Pin | 'none' | null>;
}

export interface AskedOf {
  readonly context: SessionContext;
  /** Milliseconds since the epoch, for rules with `at`. */
  readonly atMs: number;
}

/** Whether what is called is shown to agents: it stands, waits for a review, or was never seen. */
export type Reviewed = 'stands' | 'held' | 'unseen';

export interface RequestExplanation {
  readonly title: string;
  /** `refused`: it is not in order, so no rule is asked. */
  readonly verdict: RequestDecision['verdict'] | 'refused';
  /** What the client is told; null where it passes or waits. */
  readonly denial: Denial | null;
  /** Why it is refused. */
  readonly refusal: string | null;
  /** What rules on requests say; null where it is refused. */
  readonly decision: RequestDecision | null;
  readonly facts: RequestFacts | null;
  readonly sql: readonly Explanation[];
  /** Null where it is nothing that is pinned. */
  readonly definition: Reviewed | null;
  /** What a reader would miss. */
  readonly notes: readonly string[];
  readonly context: SessionContext;
  readonly policyVersion: string;
}

export async function explainRequest(
  asked: AskedRequest,
  premises: RequestPremises,
  of: AskedOf,
): Promise<RequestExplanation> {
  const { policy, listener } = premises;
  const read = readRequest(asked, listener?.protocol === 'http' ? listener : null);
  const common = { title: read.title, context: of.context, policyVersion: policy.version };
  if (read.read === 'refused') {
    const nothing = { denial: null, decision: null, facts: null, sql: [], definition: null, notes: [] };
    return { ...common, ...nothing, verdict: 'refused', refusal: read.message };
  }
  const decision = policy.decideRequest(policy.contextFor(of.context, of.atMs), read.facts);
  const about = { refusal: null, decision, facts: read.facts };
  const called = await calledIn(read, premises, of);
  const ruled =
    decision.verdict === 'deny' && !passesAnyhow(read.facts.method, decision)
      ? requestDenial(decision, read.facts)
      : null;
  const denial = ruled ?? called.denial;
  const verdict =
    denial !== null ? 'deny' : passesAnyhow(read.facts.method, decision) ? 'allow' : decision.verdict;
  return { ...common, ...about, ...called, denial, verdict };
}

type Called = Pick<RequestExplanation, 'denial' | 'sql' | 'definition' | 'notes'>;

const NOTHING_CALLED: Called = { denial: null, sql: [], definition: null, notes: [] };

async function calledIn(
  { call }: Extract<ReadRequest, { readonly read: 'facts' }>,
  premises: RequestPremises,
  of: AskedOf,
): Promise<Called> {
  if (call === null) return NOTHING_CALLED;
  const { subject, document } = call;
  const { kind, name } = subject;
  if (kind === 'resource') return { ...NOTHING_CALLED, denial: resourceDenial(premises.policy, name) };
  const { definition, held } = await reviewOf(premises, kind, name);
  const { sql: place } = premises;
  if (place === null) {
    const mayBeSql = kind === 'tool' && sqlPointersOf({ arguments: [], known: true }, name).size > 0;
    const notes = mayBeSql && subject.arguments !== -1 ? [notJudged(premises.listener)] : [];
    return { definition, denial: held, sql: [], notes };
  }
  const texts = sqlTextsIn(place, document, subject);
  if ('sqlstate' in texts) return { definition, denial: held ?? texts, sql: [], notes: [] };
  if (texts.length === 0) return { definition, denial: held, sql: [], notes: [] };
  const context = { ...of.context, listener: place.listener };
  const judging = { ground: await place.ground(), policy: { policy: premises.policy } };
  const sql: Explanation[] = [];
  for (const text of texts)
    sql.push(await explain(judging, { sql: text, context, parameters: [], atMs: of.atMs, isBound: false }));
  const against = sql.find((one) => one.denial !== null)?.denial ?? null;
  const waits = sql.some(({ verdict }) => verdict === 'approve');
  const where = place.listener === '' ? '' : ` (listener ${place.listener})`;
  const notes = waits ? [`its SQL waits for approval where it arrives${where}`] : [];
  return { definition, denial: held ?? (against === null ? null : toldToAgents(against)), sql, notes };
}

async function reviewOf(
  { listener, pinOf }: RequestPremises,
  kind: PinKind,
  name: string,
): Promise<{ readonly definition: Reviewed | null; readonly held: Denial | null }> {
  const pin = listener === null ? null : await pinOf(kind, name);
  if (pin === null) return { definition: null, held: null };
  if (pin === 'none') return { definition: 'unseen', held: null };
  if (pin.pending === null) return { definition: 'stands', held: null };
  return { definition: 'held', held: heldDenial(`the ${kind} "${name}" ${pin.pendingWhy ?? 'has changed'}`) };
}

function notJudged(listener: AnyListenerConfig | null): string {
  return listener === null
    ? 'its arguments may be SQL, which is judged where a listener with sql: says to whom it goes (--listener)'
    : `its arguments may be SQL, which is not judged here: listener "${listener.name}" has no sql:`;
}
