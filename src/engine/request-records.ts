/** What requests leave in the journal, and what clients are told of their denials. */
import type { ApprovalDuty, Decision, Denial, LimitDuty } from '../core/decision.ts';
import type { StatementEntry } from '../core/gate.ts';
import { formatBytes } from '../core/quantities.ts';
import { remembered } from '../core/remembered.ts';
import type { RequestFacts } from '../core/requests.ts';
import type { RequestText } from './request-text.ts';

const READING: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/** As JSON members, in the words that statements have: what it is, and why it passes or does not. */
export function requestMembers(facts: RequestFacts, decision: Decision): string {
  const { verdict, rule, rules, observed, policyVersion } = decision;
  const effects = facts.about === 'http' ? [READING.has(facts.method) ? 'read' : 'write'] : [];
  return [
    kindsMember(facts.method),
    `"effects":${JSON.stringify(effects)}`,
    '"tables":[]',
    `"verdict":"${verdict}"`,
    `"rule":${JSON.stringify(rule)}`,
    `"rules":${JSON.stringify(rules)}`,
    ...(observed.length > 0 ? [`"observed":${JSON.stringify(observed)}`] : []),
    policyMember(policyVersion),
  ].join(',');
}

/** As the journal has it: its text, and its body where that may be shown. */
export function requestEntry(
  { via, text, body }: RequestText,
  hidesBody: boolean,
  approvals: readonly string[] | null,
): StatementEntry {
  const parameters = body === null ? [] : [{ bytes: body, binary: false }];
  const entry = { via, text, parameters, hidesParameters: hidesBody };
  return approvals === null ? entry : { ...entry, approvals };
}

const kindsMember = remembered((method) => `"kinds":${JSON.stringify([method])}`);
const policyMember = remembered(
  (version) => `"policy":"sha256:${version.replace(/^sha256:/, '').slice(0, 16)}"`,
);

export function requestDenial(decision: Decision, facts: RequestFacts): Denial {
  const rule = decision.rule ?? 'default';
  const what = facts.about === 'http' ? `${facts.method} ${facts.path}` : facts.method;
  return {
    sqlstate: '42501',
    message: `denied by rule "${rule}"${decision.message === null ? '' : `: ${decision.message}`}`,
    detail: what,
    hint: null,
    position: null,
    rule,
    native: false,
  };
}

export function limitDenial({ rule, unit, max }: LimitDuty): Denial {
  const amount = unit === 'bytes' ? formatBytes(max) : `${max} items`;
  return {
    sqlstate: '54000',
    message: `the answer is longer than rule "${rule}" allows (${amount})`,
    detail: null,
    hint: 'Ask for less at a time.',
    position: null,
    rule,
    native: false,
  };
}

/** Whether nothing of the answer leaves before all of it is known to be within its bounds, or approved. */
export function holdsAnswer({ obligations }: Decision): boolean {
  return obligations.limits.some(({ hold }) => hold);
}

/** The shortest wait that a rule gives; without one the client is told at once. */
export function waitOf(duties: readonly ApprovalDuty[]): number {
  const given = duties.flatMap(({ waitMs }) => (waitMs === null ? [] : [waitMs]));
  return given.length === 0 ? 0 : Math.min(...given);
}

export function changedPolicy(rule: string): Denial {
  return {
    sqlstate: '42501',
    message: 'the policy has changed while the request waited: send it again',
    detail: null,
    hint: null,
    position: null,
    rule,
    native: false,
  };
}
