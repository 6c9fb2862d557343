/** Where a rule of the policy file stands and what it asks, to be shown beside what it did. */
import { maskRuleName } from '../policy/policy.ts';
import type { WhenDocument } from '../policy/schema.ts';
import type { LocatedPolicy } from './policy-files.ts';

export interface RuleSource {
  /** What it asks, as the file has it: `when: { effects: [destroy] }`, or a mask's columns. */
  readonly says: string;
  /** Null for a mask. */
  readonly when: WhenDocument | null;
  /** `policy.yaml:12`. */
  readonly where: string;
}

/** Null for rules that are not the file's own: the baseline's, the default, Sluice's. */
export function sourceOfRule({ policy, source }: LocatedPolicy, name: string): RuleSource | null {
  const placeOf = (key: string, n: number) => {
    const { file, line } = source.problemAt([key, n], '');
    return `${file}:${line}`;
  };
  const n = policy.document.rules.findIndex((rule) => rule.name === name);
  const rule = policy.document.rules[n];
  if (rule !== undefined)
    return { says: `when: ${flow(rule.when)}`, when: rule.when, where: placeOf('rules', n) };
  const m = policy.masks.findIndex((mask) => maskRuleName(mask.name) === name);
  const mask = policy.document.masks[m];
  return mask === undefined
    ? null
    : { says: `the mask ${flow(mask)}`, when: null, where: placeOf('masks', m) };
}

/** A value as YAML's flow style has it: `{ effects: [destroy], groups: [agents] }`. */
export function flow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flow).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
    return entries.length === 0
      ? '{}'
      : `{ ${entries.map(([key, inner]) => `${key}: ${flow(inner)}`).join(', ')} }`;
  }
  if (typeof value !== 'string') return String(value);
  return /^[A-Za-z_][\w.-]*$/.test(value) ? value : JSON.stringify(value);
}
