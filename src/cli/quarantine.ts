import type { Revocation, StateStore } from '../state/store.ts';
import { type ParsedArguments, parseArguments } from './arguments.ts';
import { type Command, EXIT, type Io, UsageError } from './command.ts';
import { operatorName, provenUser } from './proven-user.ts';
import { loadForStore, withStore } from './store-command.ts';
import { styleFor } from './style.ts';
import { aligned, type Column, oneLine, shortTime, withoutControls } from './text-layout.ts';

const HELP = `Usage: sluice quarantine [list] [--json] [--config FILE]
       sluice quarantine release NAME [--reason TEXT] [--as NAME] [options]

Shows which principals an alert keeps out, and lets one of them in again before their time is over. It speaks to the
state store of the configuration; every instance that shares it follows within a second, and records who released whom.

Options:
  --config FILE   the configuration (default: sluice.yaml)
  --as NAME       who releases: a user of the configuration, who is asked for the password.
                  Without it, the account of this machine is recorded
  --reason TEXT   why; for the journal
  --json          for scripts

Example:
  sluice quarantine

Exit codes: 0 listed or released; 1 nobody of that name is in quarantine; 2 not asked.
`;

const WIDTH = 60;

export const quarantine: Command = {
  name: 'quarantine',
  summary: 'who is kept out by an alert, and letting them in again',
  help: HELP,
  async run(args: readonly string[], io: Io) {
    const parsed = parseArguments(args, { texts: ['config', 'as', 'reason'], flags: ['json'] });
    const [verb = 'list', name, extra] = parsed.positionals;
    if (extra !== undefined) throw new UsageError(`expected one name, got "${extra}" as well`);
    if (verb !== 'list' && verb !== 'release')
      throw new UsageError(`expected list or release, not "${verb}"`);
    if (verb === 'list' && name !== undefined) throw new UsageError(`list takes no argument "${name}"`);
    if (verb === 'release' && name === undefined)
      throw new UsageError('expected whom to release, such as: release agent');
    const loaded = loadForStore(parsed.text('config'), io);
    if (verb === 'list') return withStore('quarantine', loaded, io, (store) => list(store, parsed, io));
    const as = parsed.text('as');
    const by = as === undefined ? operatorName() : (await provenUser(as, loaded, io)).name;
    return withStore('quarantine', loaded, io, (store) => release(store, name ?? '', by, parsed, io));
  },
};

async function release(
  store: StateStore,
  name: string,
  by: string,
  parsed: ParsedArguments,
  io: Io,
): Promise<number> {
  const wasThere = await store.revocations.lift('quarantine', name, by, parsed.text('reason') ?? null);
  if (parsed.flag('json')) io.out(`${JSON.stringify({ principal: name, released: wasThere })}\n`);
  if (!wasThere) {
    io.error(`sluice quarantine: "${withoutControls(name)}" is not in quarantine\n`);
    return EXIT.no;
  }
  if (!parsed.flag('json')) io.out(`"${withoutControls(name)}" may log in again\n`);
  return EXIT.ok;
}

export interface QuarantineView {
  readonly principal: string;
  readonly reason: string | null;
  /** ISO 8601. */
  readonly at: string;
  readonly until: string | null;
}

export function quarantineViews(revocations: readonly Revocation[]): readonly QuarantineView[] {
  return revocations
    .filter(({ kind }) => kind === 'quarantine')
    .map(({ subject, reason, at, until }) => ({
      principal: subject,
      reason,
      at: new Date(at).toISOString(),
      until: until === null ? null : new Date(until).toISOString(),
    }));
}

const COLUMNS: readonly Column<QuarantineView>[] = [
  { title: 'who', align: 'left', cell: ({ principal }) => oneLine(principal, WIDTH) },
  { title: 'since (UTC)', align: 'left', cell: ({ at }) => shortTime(at) },
  { title: 'until', align: 'left', cell: ({ until }) => (until === null ? 'released' : shortTime(until)) },
  { title: 'why', align: 'left', cell: ({ reason }) => oneLine(reason ?? '', WIDTH) },
];

async function list(store: StateStore, parsed: ParsedArguments, io: Io): Promise<number> {
  const views = quarantineViews(await store.revocations.current());
  if (parsed.flag('json')) io.out(`${JSON.stringify(views, null, 2)}\n`);
  else if (views.length === 0) io.out('nobody is in quarantine\n');
  else io.out(`${aligned(views, COLUMNS, styleFor(io.isTerminal).dim).join('\n')}\n`);
  return EXIT.ok;
}
