import type { AlertEvent } from '../core/alerts.ts';
import type { StateStore } from '../state/store.ts';
import { type ParsedArguments, parseArguments } from './arguments.ts';
import { type Command, EXIT, type Io, UsageError } from './command.ts';
import { loadForStore, withStore } from './store-command.ts';
import { type Style, styleFor } from './style.ts';
import { aligned, type Column, oneLine, shortTime } from './text-layout.ts';

const HELP = `Usage: sluice alerts [--follow] [--json] [--limit N] [--config FILE]

Lists the alerts that were raised by the policy's alerts:, the newest last. It speaks to the state store of the
configuration, so it works beside a running Sluice and on any machine that reaches the store. The store keeps alerts
for 90 days, the journal for good.

Options:
  --follow        goes on, with each alert as it is raised, until it is interrupted
  --limit N       at most so many of those that were raised before (default: 50)
  --config FILE   the configuration (default: sluice.yaml)
  --json          one JSON object on each line, for scripts

Example:
  sluice alerts --json

Exit codes: 0 listed; 2 not asked.
`;

const LIMIT = 50;
const LIMIT_MAX = 10_000;
const NAME_WIDTH = 30;
const MESSAGE_WIDTH = 100;
/** What was raised in the same moment as the last one that was shown may come later. */
const OVERLAP_MS = 5000;

export const alerts: Command = {
  name: 'alerts',
  summary: 'what was raised by the policy, and what is being raised',
  help: HELP,
  async run(args: readonly string[], io: Io) {
    const parsed = parseArguments(args, { texts: ['config', 'limit'], flags: ['json', 'follow'] });
    const [extra] = parsed.positionals;
    if (extra !== undefined) throw new UsageError(`alerts takes no argument "${extra}"`);
    const limit = Number(parsed.text('limit') ?? LIMIT);
    if (!Number.isInteger(limit) || limit < 1 || limit > LIMIT_MAX)
      throw new UsageError(`expected a number from 1 to ${LIMIT_MAX} for --limit`);
    const loaded = loadForStore(parsed.text('config'), io);
    return withStore('alerts', loaded, io, async (store) => {
      const found = [...(await store.alerts.list({ limit }))].reverse();
      show(found, parsed, io);
      if (parsed.flag('follow')) await follow(store, found, parsed, io);
      return EXIT.ok;
    });
  },
};

export interface AlertView extends Omit<AlertEvent, 'at' | 'quarantinedUntil'> {
  /** ISO 8601. */
  readonly at: string;
  readonly quarantinedUntil: string | null;
}

export function alertView({ at, quarantinedUntil, ...rest }: AlertEvent): AlertView {
  const until = quarantinedUntil === null ? null : new Date(quarantinedUntil).toISOString();
  return { ...rest, at: new Date(at).toISOString(), quarantinedUntil: until };
}

function show(events: readonly AlertEvent[], parsed: ParsedArguments, io: Io): void {
  const views = events.map(alertView);
  if (parsed.flag('json')) for (const view of views) io.out(`${JSON.stringify(view)}\n`);
  else if (views.length > 0) io.out(tableOf(views, styleFor(io.isTerminal)));
  else if (!parsed.flag('follow')) io.out('no alert was raised\n');
}

const COLUMNS: readonly Column<AlertView>[] = [
  { title: 'at (UTC)', align: 'left', cell: ({ at }) => shortTime(at) },
  { title: 'alert', align: 'left', cell: ({ alert }) => oneLine(alert, NAME_WIDTH) },
  { title: 'who', align: 'left', cell: ({ principal }) => oneLine(principal, NAME_WIDTH) },
  { title: 'session', align: 'left', cell: ({ session }) => oneLine(session ?? '', NAME_WIDTH) },
  {
    title: 'quarantine until',
    align: 'left',
    cell: ({ quarantinedUntil }) => (quarantinedUntil === null ? '' : shortTime(quarantinedUntil)),
  },
  { title: 'what', align: 'left', cell: ({ message }) => oneLine(message, MESSAGE_WIDTH) },
];

function tableOf(views: readonly AlertView[], style: Style): string {
  return `${aligned(views, COLUMNS, style.dim).join('\n')}\n`;
}

/** Ends when the process is told to. */
async function follow(
  store: StateStore,
  shown: readonly AlertEvent[],
  parsed: ParsedArguments,
  io: Io,
): Promise<void> {
  const known = new Set(shown.map(({ id }) => id));
  let since = shown.at(-1)?.at ?? 0;
  let looking: Promise<void> = Promise.resolve();
  const look = async () => {
    const found = await store.alerts.list({ since: Math.max(0, since - OVERLAP_MS), limit: LIMIT_MAX });
    const fresh = found.filter(({ id }) => !known.has(id)).reverse();
    for (const { id, at } of fresh) {
      known.add(id);
      since = Math.max(since, at);
    }
    for (const event of fresh) showOne(alertView(event), parsed, io);
  };
  // The store tells of itself when it cannot be asked, and again when it can.
  const unwatch = store.watch('alerts', () => {
    looking = looking.then(look).catch(() => {});
  });
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
  unwatch();
  await looking;
}

function showOne(view: AlertView, parsed: ParsedArguments, io: Io): void {
  if (parsed.flag('json')) io.out(`${JSON.stringify(view)}\n`);
  else
    io.out(
      `${COLUMNS.map(({ cell }) => cell(view))
        .filter((text) => text !== '')
        .join('  ')}\n`,
    );
}
