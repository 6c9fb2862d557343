/** An explanation of a request for people; of the SQL in a call's arguments, what is said of statements. */
import { formatBytes } from '../core/quantities.ts';
import { budgetText, rateText } from './budget-text.ts';
import { dutyText } from './duty-text.ts';
import type { Explanation } from './explanation.ts';
import { explanationText } from './explanation-text.ts';
import type { LocatedPolicy } from './policy-files.ts';
import type { Premises } from './premises.ts';
import type { RequestExplanation } from './request-explanation.ts';
import { approvalsOf, limitsOf, ruleOf } from './request-explanation-json.ts';
import { sourceOfRule } from './rule-source.ts';
import type { Style } from './style.ts';
import { folded, shortHash, withoutControls } from './text-layout.ts';

const WORDS = { allow: 'ALLOWED', deny: 'DENIED', approve: 'NEEDS APPROVAL', refused: 'REFUSED' } as const;
const PAINTS = { allow: 'green', deny: 'red', approve: 'yellow', refused: 'red' } as const;
const INDENT = 2;

/** `sql`: what the SQL was read by; null where none was. */
export function requestExplanationText(
  explained: RequestExplanation,
  policy: LocatedPolicy,
  sql: Premises | null,
  style: Style,
): string {
  const { verdict, title, refusal } = explained;
  const word = style[PAINTS[verdict]](style.bold(WORDS[verdict]));
  if (refusal !== null) return `${word}  ${refusal}\n`;
  const lines = [
    ...whyLines(explained, policy),
    ...owedLines(explained),
    ...answerLines(explained),
    ...explained.notes.map((note) => `note: ${note}`),
  ].flatMap((line) => folded(line, INDENT).map((part, n) => `${' '.repeat(n === 0 ? INDENT : 6)}${part}`));
  const parts = [`${word}  ${withoutControls(title)}\n${lines.join('\n')}`];
  if (sql !== null)
    for (const one of explained.sql)
      parts.push(
        `${style.dim(`The SQL in its arguments, judged where it goes${placeOf(one)}:`)}\n\n${explanationText(one, sql, style).trimEnd()}`,
      );
  else parts.push(style.dim(footer(explained)));
  return `${parts.join('\n\n')}\n`;
}

function placeOf({ asked: { context } }: Explanation): string {
  return context.listener === '' ? '' : ` (listener ${context.listener})`;
}

function whyLines(explained: RequestExplanation, policy: LocatedPolicy): readonly string[] {
  const { denial, decision, definition, verdict } = explained;
  const rule = ruleOf(explained);
  const found = rule === null ? null : sourceOfRule(policy, rule);
  const where = found === null ? '' : ` at ${found.where}`;
  const message =
    denial === null
      ? (decision?.message ?? null)
      : denial.message === `denied by rule "${denial.rule}"`
        ? null
        : denial.message.replace(`denied by rule "${denial.rule}": `, '');
  const by =
    rule === null
      ? 'no rule is against it'
      : rule === 'default'
        ? 'by the default of the policy'
        : `by rule "${rule}"${where}`;
  const others = (decision?.rules ?? []).filter((name) => name !== rule);
  return [
    `${by}${message === null ? '' : `: ${message}`}`,
    ...(found === null ? [] : [`because ${found.says}`]),
    ...(denial !== null && denial === explained.sql.find((one) => one.denial?.rule === denial.rule)?.denial
      ? ['of the rules on SQL']
      : []),
    ...(denial?.hint == null ? [] : [`the client also reads: ${denial.hint}`]),
    ...(others.length === 0 ? [] : [`rules that match as well: ${others.join(', ')}`]),
    ...(decision === null || decision.observed.length === 0
      ? []
      : [`rules that only observe: ${decision.observed.join(', ')}`]),
    ...(definition === 'unseen' && verdict !== 'deny'
      ? ['definition: not seen yet; it is pinned when the server first lists it']
      : []),
  ];
}

function owedLines(explained: RequestExplanation): readonly string[] {
  const { decision, verdict } = explained;
  if (decision === null || verdict === 'deny') return [];
  const { budgets, rates } = decision.obligations;
  return [
    ...approvalsOf(explained).map(
      (duty) => `approval: held ${dutyText(duty, 'request')} (rule "${duty.rule}")`,
    ),
    ...limitsOf(explained).map(({ rule, unit, max, approval }) => {
      const amount = unit === 'bytes' ? formatBytes(max) : `${max.toLocaleString('en')} rows`;
      const over = approval === null ? 'is cut' : `pauses for approval by ${approval.by.join(', ')}`;
      return `limit: the answer ${over} after ${amount} (rule "${rule}")`;
    }),
    ...budgets.map((budget) => `budget: ${budgetText(budget)} (rule "${budget.rule}")`),
    ...rates.map((rate) => `rate: ${rateText(rate)} (rule "${rate.rule}")`),
  ];
}

function answerLines({ decision, verdict }: RequestExplanation): readonly string[] {
  const response = verdict === 'deny' ? null : (decision?.response ?? null);
  if (response === null) return [];
  return [
    ...response.paths.map(({ name, masker }) => `masked in the answer: ${name} with ${masker}`),
    ...response.detected.map(
      ({ name, masker }) => `looked for in the answer: ${name}, masked with ${masker}`,
    ),
  ];
}

function footer({ context: { principal, listener }, policyVersion }: RequestExplanation): string {
  const groups = principal.groups.length === 0 ? 'in no group' : `in ${principal.groups.join(', ')}`;
  const at = listener === '' ? '' : ` on listener ${listener}`;
  return `as ${principal.name} (${groups})${at}\npolicy: ${shortHash(policyVersion)}`;
}
