import type { ApprovalView } from '../approvals/index.ts';
import { viewOf } from '../approvals/index.ts';
import { type LoadedConfig, loadConfig } from '../config/load.ts';
import { nameAlias } from '../core/person.ts';
import { isAgainstPrincipal } from '../identity/revocations.ts';
import { sharedState } from '../state/shared-state.ts';
import {
  APPROVAL_STATES,
  type ApprovalState,
  type StateStore,
  StoreUnavailable,
  type VoteOutcome,
} from '../state/store.ts';
import { approvalsTable, approvalText, refusalText } from './approvals-text.ts';
import { type ParsedArguments, parseArguments } from './arguments.ts';
import { type Command, EXIT, type Io, UsageError } from './command.ts';
import { provenUser } from './proven-user.ts';
import { stateDatabase } from './state-store.ts';
import { styleFor } from './style.ts';

const HELP = `Usage: sluice approvals [list] [options]
       sluice approvals show ID [options]
       sluice approvals approve ID --as NAME [--reason TEXT] [options]
       sluice approvals deny ID --as NAME [--reason TEXT] [options]

Lists what waits for approval, shows a request with all that a yes would cover, and decides on it. It speaks to the
state store of the configuration, so it works beside a running Sluice and on any machine that reaches the store.

Whoever decides is a user of the configuration, and is asked for the password: it is read from the terminal without
showing it, or from standard input. Nobody decides on a request of their own, and only members of the groups that the
rule names do.

Options:
  --config FILE   the configuration (default: sluice.yaml)
  --as NAME       who decides
  --reason TEXT   why; the requester reads it, and the journal keeps it
  --state STATE   list: pending (the default), ${APPROVAL_STATES.filter((state) => state !== 'pending').join(', ')} or all
  --limit N       list: at most so many (default: 50)
  --json          for scripts

Examples:
  sluice approvals
  sluice approvals show k7m2-pq9x
  sluice approvals approve k7m2-pq9x --as dana --reason "ticket 4711"

Exit codes: 0 listed, shown or counted; 1 there is no such request, or the decision does not count; 2 not asked.
`;

const LIMIT = 50;

export const approvals: Command = {
  name: 'approvals',
  summary: 'what waits for approval, and decisions on it',
  help: HELP,
  async run(args: readonly string[], io: Io) {
    const parsed = parseArguments(args, {
      texts: ['config', 'as', 'reason', 'state', 'limit'],
      flags: ['json'],
    });
    const [verb = 'list', id, extra] = parsed.positionals;
    if (extra !== undefined) throw new UsageError(`expected one request, got "${extra}" as well`);
    const act = verbOf(verb, id);
    const loaded = loadConfig(parsed.text('config') ?? 'sluice.yaml', io.environment);
    // Before the store is opened: a wrong password changes nothing and asks nobody.
    const voter = act === 'approve' || act === 'deny' ? await voterOf(parsed.text('as'), loaded, io) : null;
    const store = sharedState(stateDatabase(loaded.config.state.url, loaded.directory));
    try {
      if (act === 'list') return await list(store, parsed, io);
      if (act === 'show' || voter === null) return await show(store, id ?? '', parsed, io);
      const revoked = await store.revocations.current();
      if (revoked.some((one) => isAgainstPrincipal(one, voter.by))) {
        io.error(
          `sluice approvals: the access of "${voter.by}" is revoked, so their decision does not count\n`,
        );
        return EXIT.no;
      }
      const vote = { ...voter, verdict: act, reason: parsed.text('reason') ?? null, channel: 'command line' };
      return told(await store.approvals.vote(id ?? '', vote), id ?? '', parsed, io);
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      io.error(`sluice approvals: the state store cannot be asked: ${error.message}\n`);
      return EXIT.bad;
    } finally {
      await store.close();
    }
  },
};

function verbOf(verb: string, id: string | undefined): 'list' | 'show' | 'approve' | 'deny' {
  switch (verb) {
    case 'list':
      if (id !== undefined) throw new UsageError(`list takes no argument "${id}"`);
      return verb;
    case 'show':
    case 'approve':
    case 'deny':
      if (id === undefined) throw new UsageError(`expected the id of a request, such as: ${verb} k7m2-pq9x`);
      return verb;
    default:
      throw new UsageError(`expected list, show, approve or deny, not "${verb}"`);
  }
}

interface Voter {
  readonly by: string;
  readonly aliases: readonly string[];
  readonly groups: readonly string[];
}

/** Throws UsageError where nobody has proven to be somebody. */
async function voterOf(name: string | undefined, loaded: LoadedConfig, io: Io): Promise<Voter> {
  if (name === undefined) throw new UsageError('expected --as NAME: who decides');
  const { groups } = await provenUser(name, loaded, io);
  return { by: name, aliases: [nameAlias(name)], groups };
}

async function list(store: StateStore, parsed: ParsedArguments, io: Io): Promise<number> {
  const written = parsed.text('state') ?? 'pending';
  const state = written === 'all' ? null : stateOf(written);
  const limit = Number(parsed.text('limit') ?? LIMIT);
  if (!Number.isInteger(limit) || limit < 1)
    throw new UsageError('expected a number of 1 or more for --limit');
  await store.approvals.expire();
  const found = await store.approvals.list({ ...(state === null ? {} : { state }), limit });
  const views = found.map(viewOf);
  if (parsed.flag('json')) io.out(`${JSON.stringify(views, null, 2)}\n`);
  else io.out(approvalsTable(views, written, styleFor(io.isTerminal)));
  return EXIT.ok;
}

function stateOf(written: string): ApprovalState {
  const state = APPROVAL_STATES.find((one) => one === written);
  if (state === undefined) {
    throw new UsageError(`expected ${APPROVAL_STATES.join(', ')} or all for --state, not "${written}"`);
  }
  return state;
}

async function show(store: StateStore, id: string, parsed: ParsedArguments, io: Io): Promise<number> {
  await store.approvals.expire();
  const approval = await store.approvals.get(id);
  if (approval === null) {
    io.error(`sluice approvals: there is no request ${id}\n`);
    return EXIT.no;
  }
  showView(viewOf(approval), parsed, io);
  return EXIT.ok;
}

function showView(view: ApprovalView, parsed: ParsedArguments, io: Io): void {
  if (parsed.flag('json')) io.out(`${JSON.stringify(view, null, 2)}\n`);
  else io.out(approvalText(view, styleFor(io.isTerminal)));
}

function told(outcome: VoteOutcome, id: string, parsed: ParsedArguments, io: Io): number {
  if (outcome.outcome === 'refused') {
    if (parsed.flag('json')) io.out(`${JSON.stringify({ id, outcome: 'refused', why: outcome.why })}\n`);
    io.error(`sluice approvals: ${refusalText(outcome.why, id)}\n`);
    return EXIT.no;
  }
  showView(viewOf(outcome.approval), parsed, io);
  return EXIT.ok;
}
