import { formatProblem, ProblemsError } from '../core/problem.ts';
import { parseArguments } from './arguments.ts';
import { type Command, EXIT, type Io, UsageError } from './command.ts';
import { type FileOutcome, runTestFile } from './policy-tests.ts';
import { type Style, styleFor } from './style.ts';
import { folded, oneLine, plural } from './text-layout.ts';

const HELP = `Usage: sluice test FILE.yaml... [--json]

Runs policy tests: each names a statement, who sends it, and what the policy has to say of it. No database is
needed: tables come from a schema file.

A test file:
  policy: policy.yaml          # paths are relative to the test file
  schema: shop.sql             # CREATE TABLE and so on, as pg_dump --schema-only or mysqldump --no-data write them
  dialect: postgres            # or mysql, or mariadb; postgres if not given
  serverVersion: 17            # 13 to 18, or such as 8.4 or 10.11; the newest if not given
  groups: [agents]             # user, groups, listener, client, at: for every test, or in one of them
  tests:
    - name: nobody drops tables
      sql: DROP TABLE shop.orders
      expect: deny
      rule: no-destruction     # the rule that has to be the reason
    - sql: SELECT * FROM shop.orders LIMIT $1
      params: [100]
      expect: allow

Options:
  --json   { passed, failed, files[] }, each test with what was expected and what happened

Example:
  sluice test policy-tests.yaml

Exit codes: 0 all pass, 1 some fail, 2 could not run.
`;

const NAME_WIDTH = 90;

export const testPolicies: Command = {
  name: 'test',
  summary: 'policy tests: whether statements get the verdicts they should',
  help: HELP,
  async run(args: readonly string[], io: Io) {
    const parsed = parseArguments(args, { flags: ['json'] });
    if (parsed.positionals.length === 0)
      throw new UsageError('expected a file of tests, such as policy-tests.yaml');
    const outcomes: FileOutcome[] = [];
    const broken: ProblemsError[] = [];
    for (const file of parsed.positionals) {
      try {
        outcomes.push(await runTestFile(file, io.environment));
      } catch (error) {
        if (!(error instanceof ProblemsError)) throw error;
        broken.push(error);
      }
    }
    // A file that cannot be read says so for all, and the tests of the others still run.
    const problems = broken.flatMap((error) => error.problems);
    const failed = outcomes.flatMap(({ tests }) => tests).filter((test) => test.failure !== null).length;
    if (parsed.flag('json')) io.out(`${JSON.stringify(resultJson(outcomes, problems), null, 2)}\n`);
    else {
      io.out(resultText(outcomes, styleFor(io.isTerminal)));
      for (const warning of outcomes.flatMap(({ warnings }) => warnings))
        io.error(`warning: ${formatProblem(warning)}\n`);
      for (const error of broken) io.error(`${error.message}\n`);
    }
    if (broken.length > 0) return EXIT.bad;
    return failed > 0 ? EXIT.no : EXIT.ok;
  },
};

function resultJson(
  outcomes: readonly FileOutcome[],
  problems: ProblemsError['problems'],
): Record<string, unknown> {
  const tests = outcomes.flatMap((outcome) => outcome.tests);
  const passed = tests.filter((test) => test.failure === null).length;
  return {
    passed,
    failed: tests.length - passed,
    problems,
    files: outcomes.map((outcome) => ({
      ...outcome,
      tests: outcome.tests.map((test) => ({ ...test, passed: test.failure === null })),
    })),
  };
}

function resultText(outcomes: readonly FileOutcome[], style: Style): string {
  const lines: string[] = [];
  for (const { file, tests } of outcomes) {
    const failures = tests.filter((test) => test.failure !== null);
    const mark = failures.length === 0 ? style.green('pass') : style.red('FAIL');
    lines.push(
      `${mark}  ${style.bold(file)}  ${plural(tests.length, 'test')}${failures.length === 0 ? '' : `, ${failures.length} failed`}`,
    );
    for (const { name, where, sql, failure } of failures) {
      lines.push('', `  ${style.red('✗')} ${oneLine(name, NAME_WIDTH)}  ${style.dim(where)}`);
      if (oneLine(name, NAME_WIDTH) !== oneLine(sql, NAME_WIDTH))
        lines.push(`    ${style.dim(oneLine(sql, NAME_WIDTH))}`);
      lines.push(...folded(failure ?? '', 4).map((line) => `    ${line}`));
    }
    if (failures.length > 0) lines.push('');
  }
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}
