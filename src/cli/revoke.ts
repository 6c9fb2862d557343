import type { LoadedConfig } from '../config/load.ts';
import { suggestion } from '../core/nearest.ts';
import { parseDurationMs } from '../core/quantities.ts';
import type { Revocation, StateStore } from '../state/store.ts';
import { type ParsedArguments, parseArguments } from './arguments.ts';
import { type Command, EXIT, type Io, UsageError } from './command.ts';
import { revokeCredential } from './minting.ts';
import { operatorName, provenUser } from './proven-user.ts';
import { loadForStore, withStore } from './store-command.ts';
import { type Style, styleFor } from './style.ts';
import { aligned, type Column, oneLine, shortTime, withoutControls } from './text-layout.ts';

const HELP = `Usage: sluice revoke --user NAME [--reason TEXT] [--for SPAN] [options]
       sluice revoke --credential ID [--reason TEXT] [options]
       sluice revoke --session ID [--reason TEXT] [options]
       sluice revoke --undo (--user NAME | --credential ID) [--reason TEXT] [options]
       sluice revoke --list [--json]

Takes access away: every session that it is about ends within a second, on every instance that shares the state
store, and nobody logs in that way again until it is undone. It speaks to the store of the configuration, so it works
beside a running Sluice and on any machine that reaches the store. The journal of every instance records who revoked
what, and why.

  --user NAME       all that this principal has open or could open: passwords, tokens, credentials, the console
  --credential ID   one credential, by the id that sluice token printed
  --session ID      one session, by its id in the console, in sluice sessions, or in the journal

Options:
  --config FILE     the configuration (default: sluice.yaml)
  --reason TEXT     why; for the journal, clients do not read it
  --for SPAN        with --user: it ends by itself after that, such as 2h
  --as NAME         who revokes: a user of the configuration, who is asked for the password.
                    Without it, the account of this machine is recorded
  --undo            gives access back; sessions that were cut stay cut
  --list            what is revoked now
  --json            for scripts

Examples:
  sluice revoke --user ci-bot --reason "contract ended"
  sluice revoke --session 7k2mpq9xa4bcde
  sluice revoke --undo --user ci-bot

Exit codes: 0 revoked, undone or listed; 1 there was nothing to undo; 2 not asked.
`;

const KINDS = { user: 'principal', credential: 'credential', session: 'session' } as const;
/** Ids of sessions are not used twice: instances only have to have seen it. */
export const SESSION_REVOKED_MS = 86_400_000;

interface Subject {
  readonly kind: Revocation['kind'];
  readonly subject: string;
}

export const revoke: Command = {
  name: 'revoke',
  summary: 'take access away: cut what is open, refuse what comes',
  help: HELP,
  async run(args: readonly string[], io: Io) {
    const parsed = parseArguments(args, {
      texts: ['config', 'user', 'credential', 'session', 'reason', 'for', 'as'],
      flags: ['undo', 'list', 'json'],
    });
    const [extra] = parsed.positionals;
    if (extra !== undefined)
      throw new UsageError(`expected --user, --credential or --session, not "${extra}"`);
    const isList = parsed.flag('list');
    const subject = isList ? null : subjectOf(parsed);
    const forMs = spanOf(parsed, subject);
    const loaded = loadForStore(parsed.text('config'), io);
    const as = parsed.text('as');
    const by = as === undefined ? operatorName() : (await provenUser(as, loaded, io)).name;
    return withStore('revoke', loaded, io, async (store) => {
      if (subject === null) return list(store, parsed, io);
      if (parsed.flag('undo')) return undo(store, subject, by, parsed, io);
      return put(store, subject, by, forMs, parsed, loaded, io);
    });
  },
};

function subjectOf(parsed: ParsedArguments): Subject {
  const given = Object.entries(KINDS).flatMap(([option, kind]) => {
    const subject = parsed.text(option);
    return subject === undefined ? [] : [{ kind, subject }];
  });
  const [subject, second] = given;
  if (subject === undefined || second !== undefined || subject.subject === '')
    throw new UsageError('expected one of --user NAME, --credential ID and --session ID');
  if (parsed.flag('undo') && subject.kind === 'session')
    throw new UsageError('a session that was cut is gone; there is nothing to undo');
  return subject;
}

function spanOf(parsed: ParsedArguments, subject: Subject | null): number | null {
  const written = parsed.text('for');
  if (written === undefined) return null;
  if (subject?.kind !== 'principal' || parsed.flag('undo')) throw new UsageError('--for goes with --user');
  const ms = parseDurationMs(written);
  if (ms === null || ms <= 0) throw new UsageError(`expected a span of time such as 2h, not "${written}"`);
  return ms;
}

async function put(
  store: StateStore,
  { kind, subject }: Subject,
  by: string,
  forMs: number | null,
  parsed: ParsedArguments,
  loaded: LoadedConfig,
  io: Io,
): Promise<number> {
  const at = await store.now();
  const lastsMs = kind === 'session' ? SESSION_REVOKED_MS : forMs;
  const until = lastsMs === null ? null : at + lastsMs;
  const reason = parsed.text('reason') ?? null;
  if (kind === 'credential') await revokeCredential(store, subject, by, reason);
  else await store.revocations.put({ kind, subject, reason, by, at, until });
  if (parsed.flag('json'))
    io.out(`${JSON.stringify(revocationView({ kind, subject, reason, by, at, until }))}\n`);
  else io.out(`${toldText(kind, subject, forMs === null ? null : until)}\n`);
  const names = loaded.config.identity.users.map(({ name }) => name);
  if (kind === 'principal' && !names.includes(subject)) {
    io.error(
      `sluice revoke: note: "${withoutControls(subject)}" is none of identity.users${suggestion(subject, names)}\n`,
    );
  }
  return EXIT.ok;
}

function toldText(kind: Revocation['kind'], subject: string, until: number | null): string {
  const whose = withoutControls(subject);
  switch (kind) {
    case 'principal':
      return until === null
        ? `"${whose}" has no access any more; sluice revoke --undo gives it back`
        : `"${whose}" has no access until ${shortTime(new Date(until).toISOString())} UTC`;
    case 'credential':
      return `credential ${whose} is worth nothing any more`;
    case 'session':
      return `session ${whose} ends, wherever it is`;
    case 'quarantine':
      return `"${whose}" is in quarantine`;
  }
}

async function undo(
  store: StateStore,
  { kind, subject }: Subject,
  by: string,
  parsed: ParsedArguments,
  io: Io,
): Promise<number> {
  const wasThere = await store.revocations.lift(kind, subject, by, parsed.text('reason') ?? null);
  if (parsed.flag('json')) io.out(`${JSON.stringify({ kind, subject, undone: wasThere })}\n`);
  if (!wasThere) {
    io.error(`sluice revoke: ${kind} "${withoutControls(subject)}" is not revoked\n`);
    return EXIT.no;
  }
  // A credential that was revoked is gone from the store; what comes from an issuer works again.
  if (!parsed.flag('json')) io.out(`"${withoutControls(subject)}" may log in again\n`);
  return EXIT.ok;
}

async function list(store: StateStore, parsed: ParsedArguments, io: Io): Promise<number> {
  const views = (await store.revocations.current()).map(revocationView);
  if (parsed.flag('json')) io.out(`${JSON.stringify(views, null, 2)}\n`);
  else io.out(views.length === 0 ? 'nothing is revoked\n' : tableOf(views, styleFor(io.isTerminal)));
  return EXIT.ok;
}

interface RevocationView {
  readonly kind: Revocation['kind'];
  readonly subject: string;
  readonly reason: string | null;
  readonly by: string;
  readonly at: string;
  readonly until: string | null;
}

export function revocationView({ at, until, ...rest }: Revocation): RevocationView {
  return {
    ...rest,
    at: new Date(at).toISOString(),
    until: until === null ? null : new Date(until).toISOString(),
  };
}

const WIDTH = 40;
const COLUMNS: readonly Column<RevocationView>[] = [
  { title: 'what', align: 'left', cell: ({ kind }) => kind },
  { title: 'whose', align: 'left', cell: ({ subject }) => oneLine(subject, WIDTH) },
  { title: 'since (UTC)', align: 'left', cell: ({ at }) => shortTime(at) },
  { title: 'until', align: 'left', cell: ({ until }) => (until === null ? 'undone' : shortTime(until)) },
  { title: 'by', align: 'left', cell: ({ by }) => oneLine(by, WIDTH) },
  { title: 'reason', align: 'left', cell: ({ reason }) => oneLine(reason ?? '', WIDTH) },
];

function tableOf(views: readonly RevocationView[], style: Style): string {
  return `${aligned(views, COLUMNS, style.dim).join('\n')}\n`;
}
