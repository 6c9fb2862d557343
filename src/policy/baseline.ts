import { readFileSync } from 'node:fs';
import { readYaml } from '../core/yaml-document.ts';
import { BASELINE_NAMES, type BaselineName, policySchema, type RuleDocument } from './schema.ts';

/** Rules that hold unless a policy file turns them off; several may share a name by their first words. */
export interface BaselineRule {
  readonly name: BaselineName;
  readonly rule: RuleDocument;
}

export const BASELINE_TEXT = readFileSync(new URL('./baseline.yaml', import.meta.url), 'utf8');

/** Reads the baseline that ships with Sluice. */
export function baselineRules(): readonly BaselineRule[] {
  const { value } = readYaml('baseline.yaml', BASELINE_TEXT, policySchema);
  return value.rules.map((rule) => {
    const name = BASELINE_NAMES.findLast((known) => rule.name === known || isPartOf(rule.name, known));
    if (name === undefined) throw new Error(`baseline rule ${rule.name} belongs to no name`);
    return { name, rule: { ...rule, name: `baseline/${name}` } };
  });
}

/** `leak-catalog-functions` is a part of `leak-catalogs`. */
function isPartOf(rule: string, name: string): boolean {
  return rule.startsWith(`${name}-`) || rule.startsWith(`${name.replace(/s$/, '')}-`);
}
