/** How the author of a statement, or of the policy, can mend a denial. */
import type { Denial } from '../core/decision.ts';
import { effectsOf } from '../core/effects.ts';
import { DEFAULT_RULE } from '../policy/policy.ts';
import { COMPLEXITY_RULE, UNREADABLE_RULE } from '../sql/index.ts';
import type { ExplainedStatement } from './explanation.ts';
import { qualified } from './explanation-json.ts';
import type { LocatedPolicy } from './policy-files.ts';
import { flow, sourceOfRule } from './rule-source.ts';

/** One sentence each, none where there is nothing to advise. */
export function mendingOf(
  denial: Denial,
  statement: ExplainedStatement | null,
  policy: LocatedPolicy,
): readonly string[] {
  if (denial.rule.startsWith('baseline/')) {
    const name = denial.rule.slice('baseline/'.length);
    return [
      `no agent needs this; baseline: { ${name}: off } in the policy would turn the rule off, for everyone`,
    ];
  }
  switch (denial.rule) {
    case DEFAULT_RULE:
      return statement === null ? [] : [`a rule in the policy that allows it: ${allowingRule(statement)}`];
    case 'sluice/unparsable':
      return ["correct the SQL: the grammar is the server's own, which would refuse it as well"];
    case 'sluice/unknown-name':
      return ['only this text is seen here; put the PREPARE or DECLARE that makes the name in front of it'];
    case 'sluice/unsafe-setting':
    case UNREADABLE_RULE:
      return ['no rule can allow what cannot be judged'];
    case COMPLEXITY_RULE:
      return denial.hint === null ? [] : [denial.hint];
    default:
      return ofRule(denial.rule, statement, policy);
  }
}

/** The least that a policy with `default: deny` has to say for this statement to pass. */
function allowingRule({ runs }: ExplainedStatement): string {
  const tables = [...new Set(runs.relations.filter((use) => use.role === 'direct').map(qualified))];
  const effects = effectsOf(runs.effects);
  const when = { ...(effects.length === 0 ? {} : { effects }), ...(tables.length === 0 ? {} : { tables }) };
  return flow({ name: 'some-name', when, then: 'allow' });
}

function ofRule(
  name: string,
  statement: ExplainedStatement | null,
  policy: LocatedPolicy,
): readonly string[] {
  const when = sourceOfRule(policy, name)?.when ?? null;
  if (when === null || statement === null) return [];
  const advice: string[] = [];
  if (when.unbounded !== undefined) advice.push(boundAdvice(statement, when.unbounded));
  if (when.unfiltered !== undefined) advice.push('add a WHERE that restricts which rows change');
  if (when.batch !== undefined) advice.push('send its statements one at a time');
  return advice;
}

function boundAdvice(
  { runs, rowsMax }: ExplainedStatement,
  unbounded: true | { readonly over: number },
): string {
  const most = unbounded === true ? '' : ` of ${unbounded.over} or less`;
  if (runs.bound.kind === 'parameter' && rowsMax === null) {
    return `bind $${runs.bound.index}, which its LIMIT takes, to a number${most} (here: --param)`;
  }
  return `end it with a LIMIT${most}`;
}
