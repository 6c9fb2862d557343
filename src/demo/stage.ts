/** Everything that the demo stands on: a real database with the shop, and Sluice in front of it. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Logger } from 'pino';
import { startServer } from '../cli/server.ts';
import { loadConfig } from '../config/load.ts';
import type { Agent } from './agent.ts';
import { DEMO_POLICY, demoConfig } from './files.ts';
import { dbhubCommand } from './mcp-server.ts';
import type { MysqlFlavour } from './mysql-programs.ts';
import { buildMysqlStand } from './mysql-stand.ts';
import { buildPostgresStand } from './postgres-stand.ts';
import type { Scene } from './scenes.ts';

const CONSOLE_PORT = 8600;
const MCP_PORT = 7432;
const PASSWORD_BYTES = 6;

export type DemoProtocol = 'postgres' | 'mysql';

/** What is of one database: the server, the agent's driver, what the agent says. */
export interface Stand {
  readonly protocol: DemoProtocol;
  /** Where Sluice listens if nobody else does. */
  readonly friendlyPort: number;
  /** The server's connection string for the shop, past Sluice. */
  readonly directUrl: string;
  readonly scenes: readonly Scene[];
  /** How a statement names its first value. */
  readonly placeholder: string;
  /** The connection string of the agent, who comes through Sluice. */
  agentUrl(port: number): string;
  connect(url: string): Promise<Agent>;
  /** A command by which a reader comes through Sluice. */
  clientCommand(port: number): string;
  stop(): Promise<void>;
}

export interface StageOptions {
  readonly protocol: DemoProtocol;
  /** Of MySQL: which of both; null for whichever is there. */
  readonly flavour?: MysqlFlavour | null;
  /** Also an MCP server that uses the database, between two listeners of Sluice. */
  readonly mcp?: boolean;
  /** Where Sluice listens; null for the friendly port or, if that is taken, any free port. 0 for any free port. */
  readonly port: number | null;
  /** Where the files go and stay; null for a temporary folder that goes away. */
  readonly directory: string | null;
  readonly log: Logger;
  /** Aborted when the reader has seen enough. */
  readonly signal: AbortSignal;
  /** Told before each step that takes a moment. */
  onStep(what: string): void;
}

export interface Stage {
  readonly stand: Stand;
  /** For clients: through Sluice. */
  readonly url: string;
  readonly clientCommand: string;
  /** For MCP clients: through Sluice; null where there is no MCP server. */
  readonly mcpUrl: string | null;
  readonly policyFile: string;
  readonly journalDirectory: string;
  /** With which Sluice signs the journal. */
  readonly keyFile: string;
  readonly configFile: string;
  /** For people: where they look on and decide, and as whom. */
  readonly console: { readonly url: string; readonly user: string; readonly password: string };
  stop(): Promise<void>;
}

export async function buildStage(options: StageOptions): Promise<Stage> {
  // In the reverse order of their making, whatever happens.
  const undo: (() => void | Promise<void>)[] = [];
  const stop = async () => {
    for (let step = undo.pop(); step !== undefined; step = undo.pop()) await step();
  };
  const begin = (what: string) => {
    options.signal.throwIfAborted();
    options.onStep(what);
  };
  try {
    const directory = directoryFor(options.directory, undo);
    const stand =
      options.protocol === 'mysql'
        ? await buildMysqlStand(begin, options.flavour ?? null)
        : await buildPostgresStand(begin);
    undo.push(() => stand.stop());
    const program = options.mcp === true ? await dbhubCommand(begin) : null;
    begin('Starting Sluice');
    const { protocol, friendlyPort } = stand;
    const configFile = join(directory, 'sluice.yaml');
    const policyFile = join(directory, 'policy.yaml');
    const port = options.port ?? ((await isFree(friendlyPort)) ? friendlyPort : 0);
    writeFileSync(policyFile, DEMO_POLICY);
    // A port of its own choice is for those who start several.
    const consolePort = options.port !== 0 && (await isFree(CONSOLE_PORT)) ? CONSOLE_PORT : 0;
    const password = randomBytes(PASSWORD_BYTES).toString('hex');
    const mcpPort = options.port !== 0 && (await isFree(MCP_PORT)) ? MCP_PORT : 0;
    const mcp = program === null ? null : { port: mcpPort, program };
    const addresses = { protocol, port, consolePort, password, upstream: stand.directUrl, mcp };
    writeFileSync(configFile, demoConfig(addresses));
    const server = await startServer(loadConfig(configFile, {}), options.log);
    undo.push(() => server.stop());
    const taken = server.ports.get('shop') ?? port;
    return {
      stand,
      url: stand.agentUrl(taken),
      clientCommand: stand.clientCommand(taken),
      mcpUrl: mcp === null ? null : `http://127.0.0.1:${server.ports.get('tools') ?? mcpPort}/mcp`,
      policyFile,
      configFile,
      console: { url: server.adminUrl ?? '', user: 'dba', password },
      journalDirectory: join(directory, 'journal'),
      keyFile: join(directory, 'signing.key'),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function directoryFor(chosen: string | null, undo: (() => void)[]): string {
  if (chosen !== null) {
    mkdirSync(chosen, { recursive: true });
    return resolve(chosen);
  }
  const directory = mkdtempSync(join(tmpdir(), 'sluice-demo-'));
  undo.push(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  const free = await new Promise<boolean>((settle) => {
    server.once('error', () => settle(false));
    server.listen(port, '127.0.0.1', () => settle(true));
  });
  if (free) await new Promise<void>((settle) => server.close(() => settle()));
  return free;
}
