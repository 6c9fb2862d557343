/** What a client is told of a denial: the rule, its author's words, and what of the statement it is about. */
import type { Decision, Denial } from '../core/decision.ts';
import { effectsOf } from '../core/effects.ts';
import type { StatementFacts } from '../core/facts.ts';

const RELATIONS_SHOWN = 5;

export function denialFrom(decision: Decision, facts: StatementFacts): Denial {
  const rule = decision.rule ?? 'default';
  return {
    sqlstate: '42501',
    message: `denied by rule "${rule}"${decision.message === null ? '' : `: ${decision.message}`}`,
    detail: describe(facts),
    hint: null,
    position: null,
    rule,
    native: false,
  };
}

/** Such as `DELETE: write, destroy; shop.orders; without a WHERE that restricts it`. */
function describe(facts: StatementFacts): string {
  const relations = facts.relations.map((use) => `${use.schema === null ? '' : `${use.schema}.`}${use.name}`);
  const shown = relations.slice(0, RELATIONS_SHOWN).join(', ');
  const more = relations.length > RELATIONS_SHOWN ? ` and ${relations.length - RELATIONS_SHOWN} more` : '';
  const notes = [
    `${facts.kind}: ${effectsOf(facts.effects).join(', ') || 'no effects'}`,
    ...(shown === '' ? [] : [`${shown}${more}`]),
    ...(facts.unfiltered ? ['without a WHERE that restricts it'] : []),
    ...(facts.bound.kind === 'unbounded' ? ['without a LIMIT'] : []),
  ];
  return notes.join('; ');
}

/** A setting under which later text could be read in two ways: no rule can allow it. */
export const UNSAFE_SETTING_RULE = 'sluice/unsafe-setting';

export function unsafeSettingOf(facts: StatementFacts): Denial | null {
  const setting = facts.settings.find((name) => name.startsWith('unsafe '));
  if (setting === undefined) return null;
  const name = setting.slice('unsafe '.length);
  return {
    sqlstate: '42501',
    message: `denied by rule "${UNSAFE_SETTING_RULE}": ${name} has to stay as it is, so that statements can be read in one way only`,
    detail: null,
    hint: null,
    position: null,
    rule: UNSAFE_SETTING_RULE,
    native: false,
  };
}
