/** Sluice as `sluice run` starts it, in this process, with files of its own in a temporary folder. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { type RunningServer, startServer } from '../../src/cli/server.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { JsonObject } from '../../src/core/json.ts';
import { recordsIn } from '../../src/journal/read.ts';
import type { MaskPool } from '../../src/masking/index.ts';

export interface SluiceOptions {
  /** The upstream's connection string. */
  readonly upstream: string;
  /** What the upstream speaks, where its URL does not say. */
  readonly protocol?: 'mcp';
  /** The policy file's text. */
  readonly policy?: string;
  /** `trust` unless told otherwise. */
  readonly auth?: readonly string[];
  /** Further keys of the listener, as written in YAML's flow style: `durability: synced`. */
  readonly listener?: string;
  /** Further listeners, each in YAML's flow style: `{ name: tools, protocol: mcp, … }`. */
  readonly listeners?: readonly string[];
  /** Further keys of `journal`, as written in YAML's flow style. */
  readonly journal?: string;
  /** Further top-level lines of sluice.yaml. */
  readonly config?: string;
  /** How long `stop` waits for clients that are still there; short, since tests leave some. */
  readonly drain?: string;
  readonly users?: string;
  /** `identity.oidc`, in YAML's flow style. */
  readonly oidc?: string;
  /** The threads that mask large results; null: none. */
  readonly maskPool?: (() => MaskPool) | null;
  readonly environment?: Readonly<Record<string, string>>;
}

export interface Sluice {
  readonly port: number;
  readonly directory: string;
  readonly journalDirectory: string;
  readonly policyFile: string;
  readonly configFile: string;
  readonly server: RunningServer;
  /** A connection string for a user of the configuration; `agent` unless told otherwise. */
  url(user?: string, password?: string): string;
  /** Everything in the journal so far. */
  records(): readonly JsonObject[];
  /** What was logged so far, as JSON lines. */
  log(): string;
  stop(): Promise<void>;
}

const USERS = '[ { name: agent, groups: [agents] }, { name: dba, groups: [dba] } ]';

function protocolOf(upstream: string): string {
  if (/^https?:/.test(upstream)) return 'http';
  return /^(mysql|mariadb):/.test(upstream) ? 'mysql' : 'postgres';
}

export async function startSluice(options: SluiceOptions): Promise<Sluice> {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-test-'));
  const policyFile = join(directory, 'policy.yaml');
  const configFile = join(directory, 'sluice.yaml');
  const journalDirectory = join(directory, 'journal');
  mkdirSync(journalDirectory);
  writeFileSync(policyFile, options.policy ?? 'default: allow\n');
  const listener = [
    'name: shop',
    `protocol: ${options.protocol ?? protocolOf(options.upstream)}`,
    'listen: "127.0.0.1:0"',
    `upstream: ${JSON.stringify(options.upstream)}`,
    `auth: [${(options.auth ?? ['trust']).join(', ')}]`,
    ...(options.listener === undefined ? [] : [options.listener]),
  ];
  const lines = [
    'listeners:',
    `  - { ${listener.join(', ')} }`,
    ...(options.listeners ?? []).map((one) => `  - ${one}`),
    `identity: { users: ${options.users ?? USERS}${options.oidc === undefined ? '' : `, oidc: ${options.oidc}`} }`,
    'policy: policy.yaml',
    `journal: { dir: ./journal${options.journal === undefined ? '' : `, ${options.journal}`} }`,
    `drain: ${options.drain ?? '1s'}`,
    ...(options.config === undefined ? [] : [options.config]),
  ];
  writeFileSync(configFile, `${lines.join('\n')}\n`);
  let log = '';
  const logger = pino(
    { level: 'debug', base: null },
    {
      write(line: string) {
        log += line;
      },
    },
  );
  const config = loadConfig(configFile, options.environment ?? {});
  const server = await startServer(config, logger, options.maskPool).catch((error: unknown) => {
    rmSync(directory, { recursive: true, force: true });
    throw error;
  });
  const port = server.ports.get('shop') ?? 0;
  return {
    port,
    directory,
    journalDirectory,
    policyFile,
    configFile,
    server,
    url: (user = 'agent', password) =>
      `postgres://${user}${password === undefined ? '' : `:${encodeURIComponent(password)}`}@127.0.0.1:${port}/shop`,
    records: () => [...recordsIn(journalDirectory)],
    log: () => log,
    async stop() {
      await server.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
