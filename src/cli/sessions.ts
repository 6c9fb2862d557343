import { formatBytes, formatMs, parseDurationMs } from '../core/quantities.ts';
import { recordsIn } from '../journal/read.ts';
import { parseArguments } from './arguments.ts';
import { type Command, EXIT, type Io, UsageError } from './command.ts';
import { journalPlace, requireSegments } from './journal-directory.ts';
import { type SessionSummary, summariesOf, tablePattern } from './session-summaries.ts';
import { type Style, styleFor } from './style.ts';
import { aligned, type Column, oneLine, plural, shortTime } from './text-layout.ts';

const HELP = `Usage: sluice sessions JOURNAL_DIR [options]
       sluice sessions --config FILE [options]

Lists the sessions of a journal, newest first: who, when, from where, how many statements, how many of them
denied, rows and bytes that went out, how long. Times are UTC.

Options:
  --config FILE   the configuration whose journal is meant (default: sluice.yaml, if no directory is given)
  --user NAME     sessions of this user
  --rule NAME     in which this rule matched, or cut a result
  --table NAME    that touched this table, such as shop.orders or "billing.*"
  --since TIME    active since then: 2026-03-01, 2026-03-01T09:30:00Z, or a span such as 2h
  --until TIME    begun by then
  --text TEXT     in which a statement says this, in upper or lower case
  --denied        with a denied statement
  --limit N       at most so many (default: 50; with --json all)
  --json          a list of objects

Examples:
  sluice sessions ./journal --since 24h --denied
  sluice sessions --config sluice.yaml --user agent --table shop.customers --json

Exit codes: 0 listed, 2 not.
`;

const LIMIT = 50;

export const sessions: Command = {
  name: 'sessions',
  summary: 'the sessions of a journal, newest first',
  help: HELP,
  async run(args: readonly string[], io: Io) {
    const parsed = parseArguments(args, {
      texts: ['config', 'user', 'rule', 'table', 'since', 'until', 'text', 'limit'],
      flags: ['denied', 'json'],
    });
    const [named, extra] = parsed.positionals;
    if (extra !== undefined) throw new UsageError(`expected one directory, got "${extra}" as well`);
    const table = parsed.text('table');
    const pattern = table === undefined ? null : tablePattern(table);
    if (table !== undefined && pattern === null) {
      throw new UsageError(`expected a table such as shop.orders for --table, not "${table}"`);
    }
    const limit = limitOf(parsed.text('limit'), parsed.flag('json'));
    const filter = {
      user: parsed.text('user') ?? null,
      rule: parsed.text('rule') ?? null,
      table: pattern,
      sinceMs: momentOf('--since', parsed.text('since')),
      untilMs: momentOf('--until', parsed.text('until')),
      deniedOnly: parsed.flag('denied'),
      text: parsed.text('text')?.toLowerCase() ?? null,
    };
    const place = journalPlace(named, parsed.text('config'), io.environment);
    requireSegments(place);
    const found = [...summariesOf(recordsIn(place.directory), filter)].reverse();
    const shown = found.slice(0, limit);
    if (parsed.flag('json')) io.out(`${JSON.stringify(shown, null, 2)}\n`);
    else io.out(tableText(shown, found.length, styleFor(io.isTerminal)));
    return EXIT.ok;
  },
};

function limitOf(written: string | undefined, isJson: boolean): number {
  if (written === undefined) return isJson ? Number.POSITIVE_INFINITY : LIMIT;
  const limit = Number(written);
  if (!Number.isInteger(limit) || limit < 1)
    throw new UsageError(`expected a number above 0 for --limit, not "${written}"`);
  return limit;
}

/** Milliseconds since the epoch, of a time or of a span before now. */
export function momentOf(option: string, written: string | undefined, nowMs = Date.now()): number | null {
  if (written === undefined) return null;
  const span = parseDurationMs(written);
  if (span !== null) return nowMs - span;
  const ms = Date.parse(written);
  if (!Number.isNaN(ms)) return ms;
  throw new UsageError(
    `expected a time such as 2026-03-01T09:30:00Z or a span such as 2h for ${option}, not "${written}"`,
  );
}

const NAME_WIDTH = 20;

const WORKS_FOR: Column<SessionSummary> = {
  title: 'works for',
  align: 'left',
  cell: ({ behind }) => behind ?? '',
};

const COLUMNS: readonly Column<SessionSummary>[] = [
  { title: 'session', align: 'left', cell: ({ id }) => id },
  { title: 'when', align: 'left', cell: ({ at }) => shortTime(at) },
  { title: 'user', align: 'left', cell: ({ user }) => oneLine(user ?? '?', NAME_WIDTH) },
  { title: 'client', align: 'left', cell: ({ client }) => client ?? 'local' },
  { title: 'listener', align: 'left', cell: ({ listener }) => listener ?? '?' },
  WORKS_FOR,
  { title: 'statements', align: 'right', cell: ({ statements }) => statements.toLocaleString('en') },
  {
    title: 'denied',
    align: 'right',
    cell: ({ denied }) => (denied === 0 ? '' : denied.toLocaleString('en')),
  },
  {
    title: 'cut',
    align: 'right',
    cell: ({ truncated }) => (truncated === 0 ? '' : truncated.toLocaleString('en')),
  },
  { title: 'rows', align: 'right', cell: ({ rows }) => rows.toLocaleString('en') },
  { title: 'bytes', align: 'right', cell: ({ bytes }) => formatBytes(bytes) },
  {
    title: 'lasted',
    align: 'right',
    cell: ({ ms, ended }) => (ended === null ? `${formatMs(ms)}, open` : formatMs(ms)),
  },
];

function tableText(shown: readonly SessionSummary[], found: number, style: Style): string {
  if (found === 0) return 'no session matches\n';
  // Without MCP none works for another.
  const columns = shown.some(({ behind }) => behind !== null)
    ? COLUMNS
    : COLUMNS.filter((column) => column !== WORKS_FOR);
  const lines = aligned(shown, columns, style.dim).map((line, n) =>
    (shown[n - 1]?.denied ?? 0) > 0 ? style.yellow(line) : line,
  );
  if (found > shown.length)
    lines.push(style.dim(`and ${plural(found - shown.length, 'older session')} (--limit)`));
  return `${lines.join('\n')}\n`;
}
