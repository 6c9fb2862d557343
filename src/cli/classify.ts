import { existsSync } from 'node:fs';
import { NOTHING_SAMPLED } from '../classify/census.ts';
import { type ClassifiedColumn, classify as classifyColumn, type Finding } from '../classify/finding.ts';
import { printable, proposalOf, proposalYaml } from '../classify/proposal.ts';
import { loadConfig, readTextFile } from '../config/load.ts';
import { parseUpstreamUrl, type UpstreamUrl } from '../config/upstream-url.ts';
import { ProblemsError } from '../core/problem.ts';
import type { Mask } from '../policy/mask.ts';
import { masksOf } from '../policy/masks.ts';
import { loadPolicy } from '../policy/policy.ts';
import { type ParsedArguments, parseArguments } from './arguments.ts';
import { classificationJson } from './classify-json.ts';
import { openMysqlSource } from './classify-mysql.ts';
import { openPostgresSource } from './classify-postgres.ts';
import { type ClassifySource, SAMPLE_ROWS_MAX } from './classify-source.ts';
import { type Command, EXIT, type Io, UsageError } from './command.ts';
import { errorText } from './error-text.ts';
import { DEFAULT_CONFIG, listenerNamed, policyFileOf } from './premises.ts';
import { folded, plural } from './text-layout.ts';

const HELP = `Usage: sluice classify --upstream postgres://user@host:5432/database [options]
       sluice classify [--config FILE] [--listener NAME] [options]

Looks for columns that ought to be masked (identity numbers, cards, bank accounts, e-mail, telephones, passwords
and tokens, dates of birth …) by their names and by a sample of their values, and prints a masks: section for
policy.yaml. Each proposal says what speaks for it. Values are only counted: none is printed or kept, not in
errors either. It only reads: one connection at a time, read-only transactions, a time limit of 10 s for each
statement. Whoever it connects as needs SELECT on the tables; what it may not read is judged by names alone.

Where to look:
  --upstream URL         this database, postgres://, mysql:// or mariadb://; a password that the URL leaves out is
                         taken from PGPASSWORD, or MYSQL_PWD
  --config FILE          the upstream of a listener there (default: sluice.yaml, if it is there and no
                         --upstream is given); columns that its policy masks already are left out
  --listener NAME        which listener, if there are several
  --schema NAME          only this schema; may be repeated
  --sample ROWS          rows to read of each table, 1 to 20000 (default: 500); large tables of Postgres are
                         sampled by random pages, others from their beginning

  --json                 for scripts: { upstream, columns, detected, notes, yaml, … } with the counts

Examples:
  sluice classify --upstream 'postgres://reader@db.example/shop?sslmode=verify-full' > masks.yaml
  sluice classify --config sluice.yaml --schema shop

Put what you keep of it into policy.yaml, then run "sluice check". A sample shows what is there, and never that
nothing else is.

Exit codes: 0 a proposal was printed, also where nothing was found; 2 it could not run.
`;

const SAMPLE_ROWS = 500;

interface Origin {
  readonly upstream: UpstreamUrl;
  /** What files in the connection string are relative to. */
  readonly directory: string;
  /** Masks that are there already. */
  readonly masks: readonly Mask[];
  readonly notes: readonly string[];
}

export interface Classification {
  /** `host:port/database`. */
  readonly upstream: string;
  readonly serverVersion: number | string;
  readonly sampleRows: number;
  readonly tables: number;
  /** Columns whose values were looked at, and others judged by their names. */
  readonly columnsSampled: number;
  readonly columnsNamed: number;
  readonly findings: readonly Finding[];
  readonly alreadyMasked: readonly ClassifiedColumn[];
  /** Tables of which some or all columns were judged by their names alone, though their types could be read. */
  readonly unread: readonly { readonly table: string; readonly reason: string }[];
  readonly notes: readonly string[];
}

export const classify: Command = {
  name: 'classify',
  summary: 'which columns of a database ought to be masked: a masks: section to start from',
  help: HELP,
  async run(args: readonly string[], io: Io) {
    const parsed = parseArguments(args, {
      texts: ['upstream', 'config', 'listener', 'sample'],
      lists: ['schema'],
      flags: ['json'],
    });
    const [extra] = parsed.positionals;
    if (extra !== undefined)
      throw new UsageError(`classify takes no arguments; a database is given by --upstream`);
    const rows = sampleRowsOf(parsed.text('sample'));
    const origin = originOf(parsed, io);
    const found = await classifyDatabase(origin, parsed.all('schema'), rows, io);
    const masks = proposalOf(found.findings);
    const yaml = `${headerOf(found, masks.length === 0)}${proposalYaml(masks)}`;
    if (parsed.flag('json')) io.out(`${JSON.stringify(classificationJson(found, yaml), null, 2)}\n`);
    else {
      io.out(yaml);
      for (const note of found.notes) io.error(`note: ${note}\n`);
    }
    return EXIT.ok;
  },
};

function sampleRowsOf(written: string | undefined): number {
  if (written === undefined) return SAMPLE_ROWS;
  const rows = /^\d+$/.test(written) ? Number(written) : 0;
  if (rows < 1 || rows > SAMPLE_ROWS_MAX)
    throw new UsageError(`--sample is a number of rows from 1 to ${SAMPLE_ROWS_MAX}, not "${written}"`);
  return rows;
}

function originOf(parsed: ParsedArguments, io: Io): Origin {
  const [url, config] = [parsed.text('upstream'), parsed.text('config')];
  if (url !== undefined) {
    if (config !== undefined || parsed.text('listener') !== undefined)
      throw new UsageError('expected --upstream, or --config with --listener, not both');
    return { ...reached(upstreamOf(url), process.cwd(), io), masks: [], notes: [] };
  }
  if (config === undefined && !existsSync(DEFAULT_CONFIG)) {
    throw new UsageError(
      `expected --upstream postgres://user@host:5432/database, or --config FILE (there is no ${DEFAULT_CONFIG} here)`,
    );
  }
  const loaded = loadConfig(config ?? DEFAULT_CONFIG, io.environment);
  const { upstream } = listenerNamed(loaded, parsed.text('listener'));
  const origin = reached(upstream, loaded.directory, io);
  const file = policyFileOf(loaded);
  try {
    return { ...origin, masks: masksOf(loadPolicy(file, readTextFile(file)).policy.document), notes: [] };
  } catch (error) {
    if (!(error instanceof ProblemsError)) throw error;
    const note = `${file} cannot be used, so columns that it masks are proposed again; "sluice check" says why`;
    return { ...origin, masks: [], notes: [note] };
  }
}

/** Where each server's own client looks for a password that the connection string leaves out. */
const PASSWORDS = { postgres: 'PGPASSWORD', mysql: 'MYSQL_PWD' } as const;

function reached(upstream: UpstreamUrl, directory: string, io: Io): Pick<Origin, 'upstream' | 'directory'> {
  const password = upstream.password ?? io.environment[PASSWORDS[upstream.protocol]] ?? null;
  return { upstream: { ...upstream, password }, directory };
}

function upstreamOf(url: string): UpstreamUrl {
  try {
    return parseUpstreamUrl(url);
  } catch (error) {
    throw new UsageError(`--upstream: ${errorText(error)}`);
  }
}

async function classifyDatabase(
  origin: Origin,
  schemas: readonly string[],
  sampleRows: number,
  io: Io,
): Promise<Classification> {
  const { upstream } = origin;
  const address = `${upstream.host}:${upstream.port}/${upstream.database}`;
  let source: ClassifySource | null = null;
  try {
    source = await (upstream.protocol === 'mysql' ? openMysqlSource : openPostgresSource)(
      upstream,
      origin.directory,
      schemas,
      sampleRows,
    );
    const found = await findingsOf(source, origin.masks, io).finally(() => {
      if (io.errorIsTerminal) io.error('\r\x1b[K');
    });
    const notes = [...origin.notes, ...notesOnUnread(found.unread), ...notesOn(source.behindViews)];
    return { upstream: address, serverVersion: source.serverVersion, sampleRows, ...found, notes };
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new Error(`${address}: ${errorText(error)}`);
  } finally {
    await source?.close();
  }
}

function notesOn(behindViews: ClassifySource['behindViews']): readonly string[] {
  if (behindViews.length === 0) return [];
  const names = behindViews.map(printable).join(', ');
  return [
    `views show columns of tables in schemas that were not looked at, where their masks belong: ${names}`,
  ];
}

const TABLES_NAMED_MAX = 8;

/** One for each reason. */
function notesOnUnread(unread: Classification['unread']): readonly string[] {
  return [...new Set(unread.map(({ reason }) => reason))].map((reason) => {
    const tables = unread.flatMap((one) => (one.reason === reason ? [one.table] : []));
    const more = tables.length - TABLES_NAMED_MAX;
    const names = tables.slice(0, TABLES_NAMED_MAX).join(', ');
    return `columns judged by their names alone, because ${reason}: ${names}${more > 0 ? ` and ${plural(more, 'more table')}` : ''}`;
  });
}

async function findingsOf(
  source: ClassifySource,
  masks: readonly Mask[],
  io: Io,
): Promise<Omit<Classification, 'upstream' | 'serverVersion' | 'sampleRows' | 'notes'>> {
  const { targets } = source;
  const findings: Finding[] = [];
  const alreadyMasked: ClassifiedColumn[] = [];
  const unread: { table: string; reason: string }[] = [];
  let columnsSampled = 0;
  let columnsNamed = 0;
  for (const [n, target] of targets.entries()) {
    const { schema, name } = target;
    const title = printable(`${schema}.${name}`);
    const isMasked = (column: ClassifiedColumn) =>
      masks.some((mask) => mask.covers(schema, name, column.column));
    alreadyMasked.push(...target.columns.filter(isMasked));
    const columns = target.columns.filter((column) => !isMasked(column));
    if (io.errorIsTerminal) io.error(`\r\x1b[K${n + 1} of ${targets.length}: ${title.slice(0, 60)}`);
    const { censuses, failure } = await source.sample(n, columns);
    if (failure !== null) unread.push({ table: title, reason: failure });
    columnsSampled += censuses.size;
    columnsNamed += columns.length - censuses.size;
    for (const column of columns) {
      const finding = classifyColumn(column, censuses.get(column) ?? NOTHING_SAMPLED);
      findings.push(withoutDetected(finding, masks));
    }
  }
  return { tables: targets.length, columnsSampled, columnsNamed, findings, alreadyMasked, unread };
}

/** Without what the policy looks for already, in every column. */
function withoutDetected(finding: Finding, masks: readonly Mask[]): Finding {
  if (finding === null || 'kind' in finding) return finding;
  const counts = finding.counts.filter(
    ({ detector }) => !masks.some(({ detectors }) => detectors.includes(detector)),
  );
  return counts.length === 0 ? null : { ...finding, counts };
}

function headerOf(found: Classification, isEmpty: boolean): string {
  const { upstream, tables, columnsSampled, columnsNamed, sampleRows, alreadyMasked } = found;
  const left =
    alreadyMasked.length === 0
      ? ''
      : ` Left out: ${plural(alreadyMasked.length, 'column')} that the policy masks already.`;
  const lines = [
    `Proposed by sluice classify for ${printable(upstream)}: ${plural(tables, 'table')} looked at, ${plural(columnsSampled, 'column')} by names and values (at most ${plural(sampleRows, 'row')} of each table), ${columnsNamed.toLocaleString('en')} by names alone.${left}`,
    tables === 0
      ? 'There is no table here, or none in the schemas that were asked for.'
      : isEmpty
        ? 'Nothing was found that ought to be masked.'
        : 'A start, not a verdict: remove what is wrong, add what you know, then run "sluice check".',
  ];
  return lines.flatMap((line) => folded(line, 2).map((part) => `# ${part}\n`)).join('');
}
