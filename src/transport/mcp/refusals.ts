/** Denials and errors in the words of MCP. */
import { errorAnswer, type Refusal, refusalAnswer } from '../../../protocols/mcp/answers.ts';
import { type RequestId, RPC_ERRORS } from '../../../protocols/mcp/message.ts';
import type { Method } from '../../../protocols/mcp/methods.ts';
import type { Revision } from '../../../protocols/mcp/revisions.ts';
import type { Denial } from '../../core/decision.ts';
import type { ProxyError } from '../../core/errors.ts';
import { problemOfError } from '../http-problems.ts';
import type { AwaitedApproval } from './judge.ts';

const AWAITED = /^needs approval ([a-z0-9-]+(?: and [a-z0-9-]+)*) by rule/;

export function refusalOf({ message, detail, hint, rule }: Denial): Refusal {
  const id = AWAITED.exec(message)?.[1] ?? null;
  const url = /https?:\/\/\S+/.exec(hint ?? '')?.[0] ?? null;
  return {
    message: inCallsWords(message),
    detail,
    // What the hint says of approvals, the refusal says in its own words.
    hint: id === null && hint !== null ? inCallsWords(hint) : null,
    rule,
    approval: id === null ? null : { id, url },
  };
}

/** Whom a denied call waits for; undefined: for nobody. */
export function awaitedIn(denial: Denial): AwaitedApproval | undefined {
  const ids = AWAITED.exec(denial.message)?.[1]?.split(' and ');
  if (ids === undefined) return undefined;
  const { approval, message, detail } = refusalOf(denial);
  return { ids, url: approval?.url ?? null, message: detail === null ? message : `${message}. ${detail}` };
}

export function deniedAnswer(id: RequestId, method: Method, revision: Revision, denial: Denial): Buffer {
  return refusalAnswer(id, method, revision, refusalOf(denial));
}

export function failedAnswer(id: RequestId, error: ProxyError): Buffer {
  return errorAnswer(id, RPC_ERRORS.internal, problemOfError(error).detail, null);
}

/** Approvals speak of statements, which are what most of them are about. */
function inCallsWords(text: string): string {
  return text.replace('run the same statement again', 'send the same call again');
}

/** A denial that no rule of the policy gives. */
export function builtinDenial(rule: string, message: string, hint: string | null): Denial {
  return {
    sqlstate: '42501',
    message: `denied by rule "${rule}": ${message}`,
    detail: null,
    hint,
    position: null,
    rule,
    native: false,
  };
}
