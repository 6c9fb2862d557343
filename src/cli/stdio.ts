import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import pino, { type Logger } from 'pino';
import { type LoadedConfig, loadConfig } from '../config/load.ts';
import { isProgram, type McpListenerConfig } from '../config/mcp-listener.ts';
import { isSqlListener } from '../config/schema.ts';
import type { RequestSession } from '../engine/request-session.ts';
import { ApprovalStates } from '../transport/mcp/approval-state.ts';
import { ApprovingJudge } from '../transport/mcp/approving-judge.ts';
import { BridgedSource, type BridgeOptions } from '../transport/mcp/bridge-source.ts';
import { ConversationJudge } from '../transport/mcp/conversation-judge.ts';
import { serveStdio } from '../transport/mcp/stdio-endpoint.ts';
import { parseArguments } from './arguments.ts';
import { type Command, EXIT, type Io, UsageError } from './command.ts';
import type { Shared } from './listeners.ts';
import { openJudges } from './mcp-judges.ts';
import { DEFAULT_CONFIG } from './premises.ts';
import { ProgramSource } from './program-source.ts';
import { requestDomain } from './request-listeners.ts';
import { type RunningServer, startServer } from './server.ts';
import {
  commandFor,
  configFor,
  environmentFor,
  freeJournal,
  isWritten,
  listenerFor,
  shownCommand,
} from './stdio-config.ts';
import { whoSpeaks } from './stdio-login.ts';

const HELP = `Usage: sluice stdio [--config FILE] [--listener NAME] [--as USER] [--dsn LISTENER] -- PROGRAM [ARGUMENTS]

Stands between an MCP client and an MCP server that is a program: put it in front of the command in the client's
configuration. The server is started as a child; every message in both directions goes through the policy: rules on
tools, resources and prompts, masks, limits, approvals, pinned definitions, journal.

Connection strings in the server's arguments and environment that lead to a database behind a listener of the
configuration (postgres://, mysql://, PGHOST and the like, MYSQL_HOST and the like, DATABASE_URL, \${sluice:LISTENER})
lead to Sluice instead, with a login that was made for this session. So its SQL is judged and masked by the same
policy, and each statement in the journal names the agent and the tool call behind it. The databases' listeners are
those of this process, for this server alone: no running Sluice is needed, and one that runs is not disturbed. The
journal is in stdio/N of the configuration's journal; approvals, budgets and revocations are shared by the state store.

Nothing but MCP is written to standard output. Logs, with what the server writes to standard error, go to standard
error.

Options:
  --config FILE    the configuration (default: sluice.yaml)
  --listener NAME  the listener of protocol: mcp whose name and settings count (default: the only one, if there is one)
  --as USER        who the client is, of identity.users. Otherwise SLUICE_TOKEN in the environment (a token of the
                   issuer, or NAME:SECRET with a session credential), or whoever is logged in by sluice login
  --dsn LISTENER   tell the server to use this database, by DATABASE_URL, DSN and the variables of its protocol

Examples:
  sluice stdio --config /etc/sluice/sluice.yaml --as agent -- npx -y @bytebase/dbhub --dsn '\${sluice:shop}'
  { "mcpServers": { "shop": { "command": "sluice", "args": ["stdio", "--as", "agent", "--dsn", "shop", "--",
    "npx", "-y", "@bytebase/dbhub", "--transport", "stdio"] } } }

Exit codes: 0 the client has closed, 1 the server or the session has ended, 2 not served.
`;

/** A session of the legacy era that is held for a modern client. */
const HELD_SESSIONS_MAX = 8;
/** For a client to come back with what a server has asked for: people answer it. */
const INPUT_WITHIN_MS = 600_000;

export const stdio: Command = {
  name: 'stdio',
  summary: 'an MCP server that is a program, behind the policy',
  help: HELP,
  async run(args: readonly string[], io: Io) {
    const cut = args.indexOf('--');
    const [own, command] = cut < 0 ? [args, []] : [args.slice(0, cut), args.slice(cut + 1)];
    const parsed = parseArguments(own, { texts: ['config', 'listener', 'as', 'dsn'] });
    const [extra] = parsed.positionals;
    if (extra !== undefined) throw new UsageError(`the program goes behind --: sluice stdio -- ${extra} …`);
    const file = parsed.text('config') ?? DEFAULT_CONFIG;
    const loaded = loadConfig(file, io.environment);
    const listener = listenerFor(loaded, parsed.text('listener'));
    const order: Order = {
      listener,
      command: commandFor(listener, command),
      environment: environmentFor(io.environment, readFileSync(file, 'utf8'), listener),
      directory: directoryOf(listener, loaded, command.length > 0),
      dsn:
        parsed.text('dsn') ?? (isProgram(listener.upstream) ? listener.upstream.dsn?.listener : null) ?? null,
    };
    const log = pino({ level: loaded.config.log.level, base: null }, pino.destination({ fd: 2, sync: true }));
    const { server, shared } = await startBeside(loaded, listener, log);
    try {
      return await serve(order, shared, parsed.text('as'), io);
    } finally {
      await server.stop();
    }
  },
};

interface Order {
  readonly listener: McpListenerConfig;
  readonly command: readonly [string, ...string[]];
  readonly environment: Readonly<Record<string, string>>;
  readonly directory: string;
  readonly dsn: string | null;
}

/** A command of the command line runs where that does; one of the configuration as it says there. */
function directoryOf({ upstream }: McpListenerConfig, { directory }: LoadedConfig, isGiven: boolean): string {
  if (isGiven || !isProgram(upstream)) return process.cwd();
  return resolve(directory, upstream.directory ?? '.');
}

/** The databases' listeners, for this process alone, with a journal that nobody else writes. */
async function startBeside(
  loaded: LoadedConfig,
  listener: McpListenerConfig,
  log: Logger,
): Promise<{ readonly server: RunningServer; readonly shared: Shared }> {
  for (let n = freeJournal(loaded, 1); ; n = freeJournal(loaded, n + 1)) {
    let shared: Shared | null = null;
    const options = {
      listens: isSqlListener,
      ready: (all: Shared) => {
        shared = all;
      },
    };
    try {
      const own = configFor(loaded, listener, n);
      const server = await startServer(own, log, undefined, options);
      log.debug({ journal: own.config.journal.dir }, 'the journal of this session');
      if (shared !== null) return { server, shared };
    } catch (error) {
      // Another that was started at the same moment has taken it.
      if (!isWritten(error)) throw error;
    }
  }
}

async function serve(
  { listener, command, environment, directory, dsn }: Order,
  shared: Shared,
  as: string | undefined,
  io: Io,
): Promise<number> {
  const { limits, timeouts } = listener;
  const actor = await whoSpeaks(as, shared, io);
  const domain = requestDomain(listener, shownCommand(command), shared);
  const sizes = { clientBytesMax: limits.request, serverBytesMax: limits.response };
  const secret = await shared.state.credentials.salt();
  const judges = openJudges(
    { name: listener.name, sql: sqlOf(listener, dsn), secret, ...sizes },
    domain,
    shared,
  );
  const states = new ApprovalStates(secret);
  const source = new ProgramSource(
    { command, environment, directory, dsn, messageBytesMax: limits.response, idleMs: timeouts.session },
    shared,
  );
  const bridged: BridgeOptions = {
    configured: listener.era,
    isSilenceLegacy: true,
    sessionIdleMs: timeouts.session,
    sessionsMax: HELD_SESSIONS_MAX,
    inputWithinMs: INPUT_WITHIN_MS,
  };
  const legs = new BridgedSource(source, bridged, 'session');
  const stop = new AbortController();
  const asked = () => stop.abort();
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, asked);
  const ground = {
    domain,
    legs,
    judge: (session: RequestSession) =>
      new ApprovingJudge(new ConversationJudge(judges.ground, session), session, states),
    messageBytesMax: limits.request,
  };
  try {
    const end = await serveStdio(ground, {
      input: process.stdin,
      output: process.stdout,
      actor,
      stop: stop.signal,
    });
    if (end.over === 'client') return EXIT.ok;
    io.error(
      `sluice stdio: ${end.over === 'server' ? 'the MCP server' : 'the session'} has ended: ${end.error.message}\n`,
    );
    return EXIT.no;
  } finally {
    await legs.close();
    judges.close();
  }
}

/** SQL in arguments of servers that are known goes to the database that the server is told of. */
function sqlOf({ sql }: McpListenerConfig, dsn: string | null): McpListenerConfig['sql'] {
  return sql ?? (dsn === null ? undefined : { listener: dsn, arguments: [], known: true });
}
