import { existsSync } from 'node:fs';
import { parse } from 'yaml';
import { loadConfig, readTextFile } from '../config/load.ts';
import { formatProblem, type Problem, ProblemsError } from '../core/problem.ts';
import { StatementReader } from '../sql/index.ts';
import { parseArguments } from './arguments.ts';
import { readSchemaFile, serverVersionOf } from './catalog-files.ts';
import { type ListenerReport, readCatalogs } from './check-catalogs.ts';
import { configWarnings, fileProblems, policyWarnings } from './check-warnings.ts';
import { type Command, EXIT, type Io, UsageError } from './command.ts';
import { idleRules } from './idle-rules.ts';
import { type AnyCatalog, tablesIn } from './known-catalog.ts';
import { keyProblems } from './mask-keys.ts';
import { mysqlTraits, NAMELESS_DATABASE, readMysqlSchemaFile } from './mysql-catalogs.ts';
import { type LocatedPolicy, readLocatedPolicy, worldOf } from './policy-files.ts';
import { DEFAULT_CONFIG, type Dialect, dialectOf, policyFileBeside, policyFileOf } from './premises.ts';
import { inspectState } from './state-store.ts';
import { type Style, styleFor } from './style.ts';
import { plural } from './text-layout.ts';

const HELP = `Usage: sluice check [--config FILE] [--json]
       sluice check --policy FILE [--schema FILE.sql [--dialect NAME] [--server-version N]] [--json]

Says everything that is wrong with a configuration and its policy, each with file, line and column, the key,
and what was expected there. Tables, columns and functions that the policy names are looked up in the catalog
of every upstream, as far as it can be reached, or in the schema file. Then come warnings: what is allowed
and likely not meant. Nothing is started.

Options:
  --config FILE          the configuration (default: sluice.yaml)
  --policy FILE          check this policy alone
  --schema FILE.sql      look its tables up here (CREATE TABLE and so on, as pg_dump --schema-only or
                         mysqldump --no-data write them)
  --dialect NAME         postgres, mysql or mariadb: whose words the schema file is in (default: postgres)
  --server-version N     13 to 18 for Postgres, such as 8.4 or 10.11 for MySQL and MariaDB (default: the newest)
  --json                 { ok, problems, warnings, notes, config, policy, rules, listeners }

Examples:
  sluice check --config /etc/sluice/sluice.yaml
  sluice check --policy policy.yaml --schema shop.sql

Exit codes: 0 nothing is wrong (there may be warnings), 2 something is, or it could not be checked.
`;

interface Report {
  readonly config: string | null;
  readonly policyFile: string | null;
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
  /** What was not checked, and why. */
  readonly notes: readonly string[];
  readonly policy: LocatedPolicy | null;
  readonly listeners: readonly ListenerReport[];
  readonly tables: number | null;
}

export const check: Command = {
  name: 'check',
  summary: 'everything that is wrong with a configuration and its policy',
  help: HELP,
  async run(args: readonly string[], io: Io) {
    const parsed = parseArguments(args, {
      texts: ['config', 'policy', 'schema', 'dialect', 'server-version'],
      flags: ['json'],
    });
    const [extra] = parsed.positionals;
    if (extra !== undefined)
      throw new UsageError(`check takes no argument "${extra}"; files are given by --config or --policy`);
    const [config, policy] = [parsed.text('config'), parsed.text('policy')];
    const schema = parsed.text('schema');
    if (config !== undefined && policy !== undefined) {
      throw new UsageError('expected --config or --policy, not both: a configuration names its policy');
    }
    if (schema !== undefined && policy === undefined) throw new UsageError('--schema goes with --policy');
    const report =
      policy !== undefined
        ? await checkPolicyFile(
            policy,
            schema,
            dialectOf(parsed.text('dialect')),
            parsed.text('server-version'),
          )
        : await checkConfig(config ?? DEFAULT_CONFIG, io.environment);
    const isRight = report.problems.length === 0;
    if (parsed.flag('json')) io.out(`${JSON.stringify(reportJson(report), null, 2)}\n`);
    else (isRight ? io.out : io.error)(reportText(report, styleFor(io.isTerminal)));
    return isRight ? EXIT.ok : EXIT.bad;
  },
};

/** Takes the problems of whatever reads files; gives null where there were some. */
function collecting<Value>(problems: Problem[], read: () => Value): Value | null {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ProblemsError)) throw error;
    problems.push(...error.problems);
    return null;
  }
}

async function checkPolicyFile(
  file: string,
  schema: string | undefined,
  dialect: Dialect = 'postgres',
  version: string | undefined = undefined,
): Promise<Report> {
  const problems: Problem[] = [];
  const read = schema === undefined ? null : await schemaReader(schema, dialect, version);
  const catalog = read === null ? null : collecting(problems, read);
  const policy = collecting(problems, () => readLocatedPolicy(file, worldOf(null, [catalog])));
  return {
    config: null,
    policyFile: file,
    problems,
    warnings: policy === null ? [] : policyWarnings(policy),
    notes:
      schema === undefined ? ['tables, columns and functions were not looked up: no --schema was given'] : [],
    policy,
    listeners: [],
    tables: catalog === null ? null : tablesIn(catalog),
  };
}

async function schemaReader(
  file: string,
  dialect: Dialect,
  version: string | undefined,
): Promise<() => AnyCatalog> {
  if (dialect !== 'postgres') {
    const traits = mysqlTraits(dialect, version);
    return () => readMysqlSchemaFile(file, traits, NAMELESS_DATABASE);
  }
  const reader = await StatementReader.load(serverVersionOf(version));
  return () => readSchemaFile(file, reader);
}

async function checkConfig(
  file: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Report> {
  const problems: Problem[] = [];
  const loaded = collecting(problems, () => loadConfig(file, environment));
  if (loaded === null) {
    const policyFile = collecting([], () => policyNamedIn(file));
    // The policy may be wrong as well, and whoever mends one mends the other.
    const policy =
      policyFile === null
        ? null
        : collecting(problems, () => readLocatedPolicy(policyFile, worldOf(null, [])));
    return {
      config: file,
      policyFile,
      problems,
      warnings: [],
      notes: [],
      policy,
      listeners: [],
      tables: null,
    };
  }
  const files = fileProblems(loaded);
  problems.push(...files, ...keyProblems(loaded));
  const state = files.some(({ key }) => key.startsWith('state')) ? null : await inspectState(loaded);
  if (state !== null && !state.isAway) problems.push(loaded.source.problemAt(['state', 'url'], state.why));
  const { listeners, catalogs, tables, warnings } = await readCatalogs(loaded, files);
  const policyFile = policyFileOf(loaded);
  const isThere = existsSync(policyFile);
  if (!isThere) problems.push(loaded.source.problemAt(['policy'], `there is no file ${policyFile}`));
  const policy = isThere
    ? collecting(problems, () => readLocatedPolicy(policyFile, worldOf(loaded.config, catalogs)))
    : null;
  return {
    config: file,
    policyFile,
    problems,
    warnings: [
      ...configWarnings(loaded),
      ...warnings,
      ...(policy === null ? [] : [...policyWarnings(policy), ...idleRules(policy, loaded.config)]),
    ],
    notes: [
      ...(state?.isAway === true ? [state.why] : []),
      ...listeners.flatMap(({ name, upstream, unreachable }) =>
        unreachable === null
          ? []
          : [
              `the upstream of listener "${name}" (${upstream}) cannot be asked for its catalog: ${unreachable}; the policy's tables, columns and functions were not looked up`,
            ],
      ),
    ],
    policy,
    listeners,
    tables,
  };
}

/** The policy that a configuration names, though it is wrong elsewhere; null where it names none. */
function policyNamedIn(file: string): string | null {
  let plain: unknown;
  try {
    plain = parse(readTextFile(file));
  } catch (error) {
    if (error instanceof ProblemsError) throw error;
    return null;
  }
  const named = typeof plain === 'object' && plain !== null && 'policy' in plain ? plain.policy : null;
  return typeof named === 'string' && named !== '' && !named.includes('${')
    ? policyFileBeside(file, named)
    : null;
}

function reportJson(report: Report): Record<string, unknown> {
  const { policy } = report;
  return {
    ok: report.problems.length === 0,
    problems: report.problems,
    warnings: report.warnings,
    notes: report.notes,
    config: report.config,
    policy: report.policyFile,
    policyVersion: policy?.policy.version ?? null,
    default: policy?.policy.document.default ?? null,
    rules: policy?.policy.document.rules.length ?? null,
    masks: policy?.policy.document.masks.length ?? null,
    baselineRules: policy === null ? null : baselineCount(policy),
    listeners: report.listeners.map(({ name, upstream, isDatabase, unreachable }) => ({
      name,
      upstream,
      // Null: nobody has tried.
      reached: isDatabase ? unreachable === null : null,
      error: unreachable,
    })),
  };
}

function baselineCount({ policy }: LocatedPolicy): number {
  return new Set(policy.rules.flatMap(({ name }) => (name.startsWith('baseline/') ? [name] : []))).size;
}

function reportText(report: Report, style: Style): string {
  const { problems, warnings, notes, policy, listeners, tables } = report;
  const lines = [
    ...problems.map((problem) => `${style.red('error')}: ${formatProblem(problem)}`),
    ...warnings.map((problem) => `${style.yellow('warning')}: ${formatProblem(problem)}`),
    ...notes.map((note) => `${style.cyan('note')}: ${note}`),
  ];
  if (problems.length > 0) {
    lines.push(
      '',
      style.bold(
        `${plural(problems.length, 'error')}${warnings.length === 0 ? '' : `, ${plural(warnings.length, 'warning')}`}`,
      ),
    );
    return `${lines.join('\n')}\n`;
  }
  if (lines.length > 0) lines.push('');
  if (report.config !== null) {
    const names = listeners.map(({ name, upstream }) => `${name} → ${upstream}`).join(', ');
    lines.push(`${style.green('ok')}  ${report.config}: ${plural(listeners.length, 'listener')} (${names})`);
  }
  if (policy !== null) {
    const { document } = policy.policy;
    const masks = document.masks.length === 0 ? '' : `, ${plural(document.masks.length, 'mask')}`;
    const looked = tables === null ? '' : `, held against ${plural(tables, 'table')} and views`;
    lines.push(
      `${style.green('ok')}  ${report.policyFile}: ${plural(document.rules.length, 'rule')}${masks} and ${baselineCount(policy)} of the baseline, default ${document.default}${looked}`,
    );
  }
  return `${lines.join('\n')}\n`;
}
