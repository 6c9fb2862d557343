import type { SessionContext } from '../core/principal.ts';
import { formatProblem } from '../core/problem.ts';
import { type ParsedArguments, parseArguments } from './arguments.ts';
import { type Command, EXIT, type Io, UsageError } from './command.ts';
import { explainOneRequest, isOfRequest, REQUEST_LISTS, REQUEST_TEXTS } from './explain-request.ts';
import { explain as explainText } from './explanation.ts';
import { explanationJson } from './explanation-json.ts';
import { explanationText } from './explanation-text.ts';
import { dialectOf, type Premises, premisesOf } from './premises.ts';
import { principalOf } from './principal-option.ts';
import { styleFor } from './style.ts';

const HELP = `Usage: sluice explain [options] 'SQL'
       sluice explain [options] -          (reads the SQL from standard input)
       sluice explain [options] --method POST --path /orders?all=1 --body '{"amount": 5}'
       sluice explain [options] --tool execute_sql --arguments '{"sql": "DROP TABLE shop.orders"}'

Says what Sluice sees in a statement or a batch (its kind and effects, the tables, columns and functions
that it touches, whether its rows are bounded) and what the policy says of it, by which rule and why; the
same of an HTTP request or a call of MCP, with the SQL in its arguments, and what is masked in the answer.
It judges by the same function as the running proxy. Nothing is sent to a database and nothing is recorded.

Where the catalog comes from:
  --config FILE          the configuration (default: sluice.yaml, if it is there and no other is named)
  --listener NAME        which listener's upstream, if there are several that differ; it is asked for its catalog
  --upstream URL         this server instead: postgres://…, mysql://… or mariadb://…
  --schema FILE.sql      this schema instead (CREATE TABLE and so on, as pg_dump --schema-only or
                         mysqldump --no-data write them); no upstream is contacted, and --upstream
                         only says what kind of server is meant
  --dialect NAME         postgres, mysql or mariadb, where no upstream says so (default: postgres)
  --server-version N     13 to 18 for Postgres (default: 18), a version such as 8.4 or 10.11.6 for MySQL and
                         MariaDB (default: the newest; the upstream's own, where it is asked)
  --search-path A,B      the schemas that unqualified names are looked up in; for MySQL the current database

Who asks, and what:
  --policy FILE          this policy instead of the configuration's
  --user NAME, --as NAME as this user (default: the first of the configuration's users)
  --group NAME           as a member of this group; may be repeated
  --client ADDRESS       from this address, for rules with "clients"
  --at TIME              at this time, such as 2026-03-01T09:30:00Z, for rules with "at" (default: now)
  --param VALUE          a bound parameter: $1, then $2 and so on; those not given are NULL
  --json                 for scripts: verdict, rule, rules, message, policy, statements[], or request and sql[]

A request instead of SQL, on a listener of protocol: http or mcp:
  --method, --path       an HTTP request; with --header 'name: value', which may be repeated,
                         --body TEXT or @FILE, and --content-type TYPE (default: application/json)
  --tool, --prompt NAME  a call of MCP; with --arguments JSON or @FILE
  --resource URI         reading a resource by MCP

Examples:
  sluice explain 'DELETE FROM shop.orders'
  sluice explain --dialect mysql --server-version 8.4 --schema shop.sql 'SELECT * FROM customers'
  sluice explain --schema shop.sql --policy policy.yaml --group agents 'SELECT * FROM shop.customers LIMIT $1' --param 10
  sluice explain --listener tools --as agent --tool execute_sql --arguments '{"sql": "SELECT 1"}'

Exit codes: 0 explained, whatever the verdict; 2 not explained.
`;

export const explain: Command = {
  name: 'explain',
  summary: 'what Sluice sees in a statement or a request, and what the policy says of it',
  help: HELP,
  async run(args: readonly string[], io: Io) {
    const parsed = parseArguments(args, {
      texts: [
        'config',
        'listener',
        'schema',
        'upstream',
        'dialect',
        'server-version',
        'search-path',
        'policy',
        'user',
        'as',
        'client',
        'at',
        ...REQUEST_TEXTS,
      ],
      lists: ['group', 'param', ...REQUEST_LISTS],
      flags: ['json'],
    });
    if (isOfRequest(parsed)) return explainOneRequest(parsed, io, timeOf(parsed.text('at')));
    const sql = await sqlOf(parsed.positionals, io);
    const premises = await premisesOf({
      config: parsed.text('config'),
      listener: parsed.text('listener'),
      policy: parsed.text('policy'),
      schema: parsed.text('schema'),
      upstream: parsed.text('upstream'),
      dialect: dialectOf(parsed.text('dialect')),
      serverVersion: parsed.text('server-version'),
      searchPath: searchPathOf(parsed.text('search-path')),
      environment: io.environment,
    });
    const explanation = await explainText(premises, {
      sql,
      context: contextOf(parsed, premises),
      parameters: parsed.all('param'),
      atMs: timeOf(parsed.text('at')),
    });
    for (const warning of premises.warnings) io.error(`warning: ${formatProblem(warning)}\n`);
    if (parsed.flag('json')) io.out(`${JSON.stringify(explanationJson(explanation, premises), null, 2)}\n`);
    else io.out(explanationText(explanation, premises, styleFor(io.isTerminal)));
    return EXIT.ok;
  },
};

async function sqlOf(positionals: readonly string[], io: Io): Promise<string> {
  if (positionals.length > 1) {
    throw new UsageError(`expected one SQL text, got ${positionals.length} arguments; put the SQL in quotes`);
  }
  const given = positionals[0] ?? '-';
  if (given === '-' && positionals.length === 0 && io.inputIsTerminal) {
    throw new UsageError("expected the SQL to explain, such as 'SELECT 1', or - for standard input");
  }
  const sql = given === '-' ? await io.readInput() : given;
  if (sql.includes('\0'))
    throw new UsageError('the SQL holds a NUL byte, which no client sends in a statement');
  if (sql.trim() === '') throw new UsageError('the SQL is empty');
  return sql;
}

function searchPathOf(written: string | undefined): readonly string[] | null {
  if (written === undefined) return null;
  const schemas = written.split(',').map((schema) => schema.trim());
  // The server searches its own catalog first unless told otherwise.
  return schemas.includes('pg_catalog') ? schemas : ['pg_catalog', ...schemas];
}

function contextOf(parsed: ParsedArguments, premises: Premises): SessionContext {
  const principal = principalOf(parsed.text('user') ?? parsed.text('as'), parsed.all('group'), premises);
  return {
    principal,
    listener: premises.listener?.name ?? parsed.text('listener') ?? '',
    clientAddress: parsed.text('client') ?? null,
  };
}

/** Milliseconds since the epoch. */
export function timeOf(written: string | undefined): number {
  if (written === undefined) return Date.now();
  const ms = Date.parse(written);
  if (Number.isNaN(ms))
    throw new UsageError(`expected a time such as 2026-03-01T09:30:00Z, not "${written}"`);
  return ms;
}
