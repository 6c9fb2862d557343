import { isObject } from '../core/json.ts';
import { parseDurationMs } from '../core/quantities.ts';
import type { Credential, StateStore } from '../state/store.ts';
import { type ParsedArguments, parseArguments } from './arguments.ts';
import { type Command, EXIT, type Io, UsageError } from './command.ts';
import { MintingRefusal, mint, revokeCredential, TTL_MS_DEFAULT } from './minting.ts';
import { operatorName, provenUser } from './proven-user.ts';
import { loadForStore, withStore } from './store-command.ts';
import { styleFor } from './style.ts';
import { aligned, type Column, oneLine, shortTime, withoutControls } from './text-layout.ts';

const HELP = `Usage: sluice token --for NAME [--ttl SPAN] [--listener NAME] [--groups A,B] [options]
       sluice token list [--for NAME] [options]
       sluice token revoke ID [--reason TEXT] [options]

Makes a session credential: a password for a principal that is good for a while, on listeners whose auth has session.
It is printed once. The store keeps what it is checked with, and not the credential. Clients use it as the password,
together with the name of the principal; with SCRAM, as Postgres clients do, and with MySQL's plugins it is never sent.
Sessions that were begun with it end when it does. list shows those that are open, revoke makes one worthless and cuts
its sessions within a second.

Options:
  --config FILE     the configuration (default: sluice.yaml)
  --for NAME        the principal: one of identity.users
  --ttl SPAN        how long it is good for, such as 15m (the default) or 8h; at most 30d
  --listener NAME   serves on that listener alone
  --groups A,B      only these groups of the principal's
  --foreign         the principal is none of identity.users, such as a user of an issuer; its groups are --groups
  --as NAME         who makes it: a user of the configuration, who is asked for the password.
                    Without it, the account of this machine is recorded
  --reason TEXT     revoke: why; for the journal
  --json            for scripts: { token, id, principal, groups, listener, expires }

Examples:
  sluice token --for agent --ttl 15m
  PGPASSWORD=$(sluice token --for agent --json | jq -r .token) psql -h 127.0.0.1 -p 6432 -U agent shop
  sluice token revoke c-7k2mpq9xa4

Exit codes: 0 made, listed or revoked; 1 there is no such credential; 2 not made.
`;

const LIST_MAX = 1_000;

export const token: Command = {
  name: 'token',
  summary: 'a password for an agent that is good for a while',
  help: HELP,
  async run(args: readonly string[], io: Io) {
    const parsed = parseArguments(args, {
      texts: ['config', 'for', 'ttl', 'listener', 'groups', 'as', 'reason'],
      flags: ['json', 'foreign'],
    });
    const [verb, id, extra] = parsed.positionals;
    if (extra !== undefined || (verb !== 'revoke' && id !== undefined))
      throw new UsageError(`expected nothing behind "${verb ?? ''}${verb === 'revoke' ? ` ${id}` : ''}"`);
    switch (verb) {
      case undefined:
        return make(parsed, io);
      case 'list': {
        const loaded = loadForStore(parsed.text('config'), io);
        return withStore('token', loaded, io, (store) => list(store, parsed, io));
      }
      case 'revoke': {
        if (id === undefined)
          throw new UsageError('expected the id of a credential, such as: revoke c-7k2mpq9xa4');
        const loaded = loadForStore(parsed.text('config'), io);
        const by = await actorOf(parsed, loaded, io);
        return withStore('token', loaded, io, (store) => revokeOne(store, id, by, parsed, io));
      }
      default:
        throw new UsageError(`expected --for NAME, list or revoke, not "${verb}"`);
    }
  },
};

async function actorOf(
  parsed: ParsedArguments,
  loaded: Parameters<typeof provenUser>[1],
  io: Io,
): Promise<string> {
  const as = parsed.text('as');
  return as === undefined ? operatorName() : (await provenUser(as, loaded, io)).name;
}

async function make(parsed: ParsedArguments, io: Io): Promise<number> {
  const principal = parsed.text('for');
  if (principal === undefined || principal === '') throw new UsageError('expected --for NAME: whose it is');
  const written = parsed.text('ttl');
  const ttlMs = written === undefined ? TTL_MS_DEFAULT : parseDurationMs(written);
  if (ttlMs === null) throw new UsageError(`expected a span of time such as 15m for --ttl, not "${written}"`);
  const loaded = loadForStore(parsed.text('config'), io);
  const by = await actorOf(parsed, loaded, io);
  const order = {
    principal,
    groups:
      parsed
        .text('groups')
        ?.split(',')
        .map((group) => group.trim())
        .filter((group) => group !== '') ?? null,
    listener: parsed.text('listener') ?? null,
    ttlMs,
    isForeign: parsed.flag('foreign'),
    by,
  };
  return withStore('token', loaded, io, async (store) => {
    try {
      const { secret, credential } = await mint(order, loaded.config, store);
      const view = viewOf(credential);
      if (parsed.flag('json')) io.out(`${JSON.stringify({ token: secret, ...view })}\n`);
      else {
        io.out(`${secret}\n`);
        // Beside the token, so that $(sluice token …) is the token alone.
        io.error(
          `for "${withoutControls(principal)}"${view.listener === null ? '' : ` on ${view.listener}`} until ${shortTime(view.expires)} UTC, id ${view.id}; it is not shown again\n`,
        );
      }
      return EXIT.ok;
    } catch (error) {
      if (error instanceof MintingRefusal) throw new UsageError(error.message);
      throw error;
    }
  });
}

async function list(store: StateStore, parsed: ParsedArguments, io: Io): Promise<number> {
  const found = await store.credentials.list({ principal: parsed.text('for') ?? null, limit: LIST_MAX });
  const views = found.map(viewOf);
  if (parsed.flag('json')) io.out(`${JSON.stringify(views, null, 2)}\n`);
  else if (views.length === 0) io.out('no session credential is open\n');
  else io.out(`${aligned(views, COLUMNS, styleFor(io.isTerminal).dim).join('\n')}\n`);
  return EXIT.ok;
}

async function revokeOne(
  store: StateStore,
  id: string,
  by: string,
  parsed: ParsedArguments,
  io: Io,
): Promise<number> {
  const reason = parsed.text('reason') ?? null;
  if (!(await revokeCredential(store, id, by, reason))) {
    await store.revocations.lift('credential', id, by, null);
    io.error(`sluice token: there is no open credential ${withoutControls(id)}\n`);
    return EXIT.no;
  }
  if (parsed.flag('json')) io.out(`${JSON.stringify({ id, revoked: true })}\n`);
  else io.out(`credential ${withoutControls(id)} is worth nothing any more\n`);
  return EXIT.ok;
}

export interface CredentialView {
  readonly id: string;
  readonly principal: string;
  readonly groups: readonly string[];
  readonly listener: string | null;
  readonly by: string;
  readonly made: string;
  readonly expires: string;
}

export function viewOf({
  id,
  principal,
  groups,
  bound,
  mintedBy,
  createdAt,
  expiresAt,
}: Credential): CredentialView {
  return {
    id,
    principal,
    groups,
    listener: listenerOf(bound),
    by: mintedBy,
    made: new Date(createdAt).toISOString(),
    expires: new Date(expiresAt).toISOString(),
  };
}

function listenerOf(bound: Credential['bound']): string | null {
  if (!isObject(bound)) return null;
  return typeof bound['listener'] === 'string' ? bound['listener'] : null;
}

const WIDTH = 30;
const COLUMNS: readonly Column<CredentialView>[] = [
  { title: 'id', align: 'left', cell: ({ id }) => id },
  { title: 'for', align: 'left', cell: ({ principal }) => oneLine(principal, WIDTH) },
  { title: 'groups', align: 'left', cell: ({ groups }) => oneLine(groups.join(', '), WIDTH) },
  { title: 'listener', align: 'left', cell: ({ listener }) => listener ?? 'any' },
  { title: 'until (UTC)', align: 'left', cell: ({ expires }) => shortTime(expires) },
  { title: 'made by', align: 'left', cell: ({ by }) => oneLine(by, WIDTH) },
];
