/** Runs the tests of one file against its policy. */
import { existsSync } from 'node:fs';
import { readTextFile } from '../config/load.ts';
import type { Decision } from '../core/decision.ts';
import { type Problem, ProblemsError } from '../core/problem.ts';
import type { PolicyTest, TestFile } from '../policy/test-file.ts';
import { readTestFile } from '../policy/test-file.ts';
import { type Explanation, explain } from './explanation.ts';
import { policyFileBeside, premisesOf } from './premises.ts';

export interface TestOutcome {
  readonly name: string;
  /** `policy-tests.yaml:12`. */
  readonly where: string;
  readonly sql: string;
  readonly expected: { readonly verdict: Decision['verdict']; readonly rule: string | null };
  readonly actual: {
    readonly verdict: Decision['verdict'];
    readonly rule: string | null;
    readonly rules: readonly string[];
    readonly message: string | null;
  };
  /** Null where it passed. */
  readonly failure: string | null;
}

export interface FileOutcome {
  readonly file: string;
  readonly policy: string;
  readonly policyVersion: string;
  /** What would keep `sluice run` from using the policy with such a catalog. */
  readonly warnings: readonly Problem[];
  readonly tests: readonly TestOutcome[];
}

/** Throws ProblemsError where the file, its policy or its schema is wrong. */
export async function runTestFile(
  file: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<FileOutcome> {
  const source = readTestFile(file, readTextFile(file));
  const { value } = source;
  const missing = (['policy', 'schema'] as const).flatMap((key) => {
    const named = value[key];
    if (named === undefined || existsSync(policyFileBeside(file, named))) return [];
    return [source.problemAt([key], `there is no file ${policyFileBeside(file, named)}`)];
  });
  if (missing.length > 0) throw new ProblemsError(missing);
  const policyFile = policyFileBeside(file, value.policy);
  const premises = await premisesOf({
    config: undefined,
    listener: undefined,
    policy: policyFile,
    schema: value.schema === undefined ? undefined : policyFileBeside(file, value.schema),
    upstream: undefined,
    dialect: value.dialect,
    serverVersion: value.serverVersion === undefined ? undefined : String(value.serverVersion),
    searchPath: value.searchPath === undefined ? null : ['pg_catalog', ...value.searchPath],
    environment,
  });
  const nowMs = Date.now();
  const tests: TestOutcome[] = [];
  for (const [n, test] of value.tests.entries()) {
    const { line } = source.problemAt(['tests', n], '');
    const explanation = await explain(premises, askedOf(value, test, nowMs));
    tests.push(outcomeOf(test, explanation, `${file}:${line}`));
  }
  const { warnings } = premises;
  return { file, policy: policyFile, policyVersion: premises.policy.policy.version, warnings, tests };
}

function askedOf(file: TestFile, test: PolicyTest, nowMs: number): Explanation['asked'] {
  const at = test.at ?? file.at;
  return {
    sql: test.sql,
    context: {
      principal: { name: test.user ?? file.user ?? 'anyone', groups: test.groups ?? file.groups ?? [] },
      listener: test.listener ?? file.listener ?? '',
      clientAddress: test.client ?? file.client ?? null,
    },
    parameters: test.params.map((value) => (value === null ? null : String(value))),
    atMs: at === undefined ? nowMs : Date.parse(at),
  };
}

function outcomeOf(test: PolicyTest, explanation: Explanation, where: string): TestOutcome {
  const { verdict, denial, rules } = explanation;
  const expected = { verdict: test.expect, rule: test.rule ?? null };
  const actual = { verdict, rule: denial?.rule ?? null, rules, message: denial?.message ?? null };
  return {
    name: test.name ?? test.sql.trim().replaceAll(/\s+/g, ' '),
    where,
    sql: test.sql,
    expected,
    actual,
    failure: failureOf(expected, actual),
  };
}

function failureOf(expected: TestOutcome['expected'], actual: TestOutcome['actual']): string | null {
  if (expected.verdict !== actual.verdict) {
    const by = expected.rule === null ? '' : ` by rule "${expected.rule}"`;
    return `expected ${expected.verdict}${by}, got ${actual.verdict}${reasonOf(actual)}`;
  }
  if (expected.rule === null) return null;
  const holds = actual.rule === null ? actual.rules.includes(expected.rule) : actual.rule === expected.rule;
  if (holds) return null;
  if (actual.rule === null) return `expected rule "${expected.rule}" to match; ${matchedText(actual.rules)}`;
  return `expected ${expected.verdict} by rule "${expected.rule}", got it${reasonOf(actual)}`;
}

function reasonOf({ rule, rules, message }: TestOutcome['actual']): string {
  if (rule !== null) {
    const own = message?.replace(/^denied by rule "[^"]*"(?:: )?/, '') ?? '';
    return ` by rule "${rule}"${own === '' ? '' : ` (${own})`}`;
  }
  return `; ${matchedText(rules)}`;
}

function matchedText(rules: readonly string[]): string {
  return rules.length === 0 ? 'no rule matched' : `what matched: ${rules.join(', ')}`;
}
