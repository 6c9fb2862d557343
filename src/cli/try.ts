import { readTextFile } from '../config/load.ts';
import { sqlListenersOf } from '../config/schema.ts';
import { formatProblem } from '../core/problem.ts';
import { recordsIn } from '../journal/read.ts';
import { loadPolicy, type Policy } from '../policy/policy.ts';
import { parseArguments } from './arguments.ts';
import { type Command, EXIT, type Io, UsageError } from './command.ts';
import { explain } from './explain.ts';
import { asksOfRequest } from './explain-request.ts';
import { type JournalPlace, journalPlace, requireSegments } from './journal-directory.ts';
import type { Premises } from './premises.ts';
import { dialectOf, premisesOf } from './premises.ts';
import { Rejudge } from './rejudge.ts';
import { rejudgementText } from './rejudgement-text.ts';
import type { RequestPremises } from './request-explanation.ts';
import { requestPremisesOf } from './request-premises.ts';
import { styleFor } from './style.ts';

const HELP = `Usage: sluice try --policy FILE [--config FILE] [options]
       sluice try --policy FILE JOURNAL_DIR --schema FILE.sql [options]
       sluice try [--policy FILE] --tool NAME --arguments JSON [options of "sluice explain"]

Judges recorded statements and requests again, by another policy, and shows what would have come out otherwise: what
would be denied, held or cut now, what would pass now, what would be denied by another rule. Nothing is sent to a
database beyond reading its catalog, and nothing is recorded. Names are looked up as the catalog is today, in the
search path that sessions begin with.

With a request in place of the journal (--tool, --prompt or --resource; --method and --path) it says what "sluice
explain" says of that one.

Options:
  --policy FILE          the policy to try
  --config FILE          the configuration: its journal and its listeners' catalogs (default: sluice.yaml, if no
                         directory is given)
  --schema FILE.sql      this schema instead of the listeners' catalogs, as for "sluice explain"
  --dialect NAME         postgres, mysql or mariadb, for --schema (default: postgres)
  --server-version N     for --schema
  --json                 { statements, sessions, unchanged, changes[], skipped }

Examples:
  sluice try --policy stricter.yaml
  sluice try --policy stricter.yaml ./journal --schema shop.sql
  sluice try --listener tools --as agent --tool query --arguments '{"sql": "DROP TABLE shop.orders"}'

Exit codes: 0 nothing would change (or one request was explained), 1 something would, 2 not judged.
`;

export const tryPolicy: Command = {
  name: 'try',
  summary: 'what another policy would have said of recorded statements and requests',
  help: HELP,
  async run(args: readonly string[], io: Io) {
    if (asksOfRequest(args)) return explain.run(args, io);
    const parsed = parseArguments(args, {
      texts: ['policy', 'config', 'schema', 'dialect', 'server-version'],
      flags: ['json'],
    });
    const policy = parsed.text('policy');
    const [named, extra] = parsed.positionals;
    if (policy === undefined) throw new UsageError('expected --policy FILE, the policy to try');
    if (extra !== undefined) throw new UsageError(`expected one directory, got "${extra}" as well`);
    readTextFile(policy);
    const place = journalPlace(named, parsed.text('config'), io.environment);
    requireSegments(place);
    const premises = await premisesByListener(place, policy, {
      schema: parsed.text('schema'),
      dialect: parsed.text('dialect'),
      serverVersion: parsed.text('server-version'),
      environment: io.environment,
    });
    const [first] = premises.values();
    const judgedBy = first?.policy.policy ?? loadPolicy(policy, readTextFile(policy)).policy;
    const rejudge = new Rejudge({
      statements: (listener) => premises.get(listener) ?? premises.get(ANY) ?? null,
      requests: (listener) => requestsOf(listener, place, judgedBy, premises),
    });
    for (const record of recordsIn(place.directory)) await rejudge.add(record);
    const { result } = rejudge;
    for (const warning of first?.warnings ?? []) io.error(`warning: ${formatProblem(warning)}\n`);
    if (parsed.flag('json')) {
      io.out(`${JSON.stringify({ ...result, skipped: Object.fromEntries(result.skipped) }, null, 2)}\n`);
    } else io.out(rejudgementText(result, policy, styleFor(io.isTerminal)));
    return result.changes.length === 0 ? EXIT.ok : EXIT.no;
  },
};

/** Premises for whatever listener, where one schema stands for all. */
const ANY = '';

function requestsOf(
  name: string,
  { loaded }: JournalPlace,
  policy: Policy,
  premises: ReadonlyMap<string, Premises>,
): RequestPremises | null {
  const any = premises.get(ANY);
  if (loaded !== null)
    return requestPremisesOf(name, loaded.config, policy, async (behind) => {
      const read = premises.get(behind.name) ?? any;
      if (read === undefined) throw new Error(`the catalog of listener "${behind.name}" was not read`);
      return read.ground;
    });
  const sql =
    any === undefined ? null : { arguments: [], known: true, listener: '', ground: async () => any.ground };
  return { policy, listener: null, sql, pinOf: async () => null };
}

async function premisesByListener(
  { loaded }: JournalPlace,
  policy: string,
  sources: {
    readonly schema: string | undefined;
    readonly dialect: string | undefined;
    readonly serverVersion: string | undefined;
    readonly environment: Readonly<Record<string, string | undefined>>;
  },
): Promise<ReadonlyMap<string, Premises>> {
  const common = {
    policy,
    schema: sources.schema,
    upstream: undefined,
    dialect: dialectOf(sources.dialect),
    serverVersion: sources.serverVersion,
    searchPath: null,
    environment: sources.environment,
  };
  if (loaded === null || sources.schema !== undefined) {
    return new Map([[ANY, await premisesOf({ ...common, config: undefined, listener: undefined })]]);
  }
  const found = new Map<string, Premises>();
  for (const { name } of sqlListenersOf(loaded.config).map(({ listener }) => listener)) {
    found.set(name, await premisesOf({ ...common, config: loaded.file, listener: name }));
  }
  return found;
}
