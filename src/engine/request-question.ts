/** What approvers are asked about a request, or about how much its answer may send. */
import { type AskedRequest, type Question, reasonIn, reasonMissing } from '../approvals/index.ts';
import type { ApprovalDuty, Denial, LimitDuty } from '../core/decision.ts';
import { ProxyError } from '../core/errors.ts';
import { aliasesOf } from '../core/person.ts';
import type { RequestFacts } from '../core/requests.ts';
import type { RequestSession } from './request-session.ts';
import { REASON_HINTS, type RequestText } from './request-text.ts';
import { shownBody } from './shown-body.ts';

export interface Asked {
  readonly facts: RequestFacts;
  readonly text: RequestText;
  readonly hidesBody: boolean;
  readonly policyVersion: string;
}

/** An answer that has reached a bound. */
export interface AskedAnswer {
  readonly limit: LimitDuty;
  readonly number: number;
  readonly rows: number;
  readonly bytes: number;
}

/** A denial where the rule asks for a reason and there is none. */
export function requestQuestion(
  session: RequestSession,
  duty: ApprovalDuty,
  { facts, text: { text, body }, hidesBody, policyVersion }: Asked,
  answer: AskedAnswer | null,
): Question | Denial {
  const { domain, context, actor, id } = session;
  if (duty.needsReason && reasonIn(text) === null)
    return { ...reasonMissing(duty), hint: REASON_HINTS[facts.about] };
  const { approvals, upstream } = domain;
  if (approvals === null) throw new ProxyError('approvals-unavailable');
  const statement = {
    text,
    runs: null,
    kinds: [facts.method],
    effects: [],
    tables: [],
    parameters: body === null ? [] : [{ bytes: body, binary: false }],
    types: [],
    hidesParameters: hidesBody,
  };
  const { principal, listener } = context;
  const aliases = aliasesOf(actor);
  const result = answer === null ? null : resultOf(id, answer);
  return approvals.question(
    {
      principal,
      aliases,
      listener,
      upstream,
      path: null,
      mode: null,
      policyVersion,
      duty,
      statement,
      request: askedRequest(facts),
      shownBody: body === null ? null : shownBody(body, domain.policy.current, domain.masks),
      result,
    },
    id,
  );
}

function askedRequest(facts: RequestFacts): AskedRequest {
  const { about, method } = facts;
  if (about === 'http') return { about, method, path: facts.path, query: facts.query, host: facts.host };
  const { tool, resource, prompt } = facts;
  const kind = tool !== null ? 'tool' : resource !== null ? 'resource' : prompt !== null ? 'prompt' : null;
  return { about, method, kind, name: tool ?? resource ?? prompt };
}

function resultOf(session: string, { limit, number, rows, bytes }: AskedAnswer) {
  return { session, number, unit: limit.unit, max: limit.max, rows, bytes, held: limit.hold };
}
