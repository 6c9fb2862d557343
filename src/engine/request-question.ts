/** What approvers are asked about a request, or about how much its answer may send. */
import { type Question, reasonIn, reasonMissing } from '../approvals/index.ts';
import type { ApprovalDuty, Denial, LimitDuty } from '../core/decision.ts';
import { ProxyError } from '../core/errors.ts';
import { aliasesOf } from '../core/person.ts';
import type { RequestSession } from './request-session.ts';
import { REASON_HINTS, type RequestText } from './request-text.ts';

export interface Asked {
  readonly about: keyof typeof REASON_HINTS;
  readonly method: string;
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
  { about, method, text: { text, body }, hidesBody, policyVersion }: Asked,
  answer: AskedAnswer | null,
): Question | Denial {
  const { domain, context, actor, id } = session;
  if (duty.needsReason && reasonIn(text) === null)
    return { ...reasonMissing(duty), hint: REASON_HINTS[about] };
  const { approvals, upstream } = domain;
  if (approvals === null) throw new ProxyError('approvals-unavailable');
  const statement = {
    text,
    runs: null,
    kinds: [method],
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
      result,
    },
    id,
  );
}

function resultOf(session: string, { limit, number, rows, bytes }: AskedAnswer) {
  return { session, number, unit: limit.unit, max: limit.max, rows, bytes, held: limit.hold };
}
