/** Where a rule of the policy file stands and what it asks, to be shown beside what it did. */
import type { RuleDocument } from '../policy/schema.ts';
import type { LocatedPolicy } from './policy-files.ts';

export interface RuleSource {
  readonly rule: RuleDocument;
  /** `policy.yaml:12`. */
  readonly where: string;
}

/** Null for rules that are not the file's own: the baseline's, the default, Sluice's. */
export function sourceOfRule({ policy, source }: LocatedPolicy, name: string): RuleSource | null {
  const n = policy.document.rules.findIndex((rule) => rule.name === name);
  const rule = policy.document.rules[n];
  if (rule === undefined) return null;
  const { file, line } = source.problemAt(['rules', n], '');
  return { rule, where: `${file}:${line}` };
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
