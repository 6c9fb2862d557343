/** Everything that the demo stands on: a real Postgres with the shop, and Sluice in front of it. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Logger } from 'pino';
import { startServer } from '../cli/server.ts';
import { loadConfig } from '../config/load.ts';
import { DEMO_POLICY, demoConfig } from './files.ts';
import { startPostgres } from './postgres-server.ts';
import { createShop } from './shop.ts';

const FRIENDLY_PORT = 6432;

export interface StageOptions {
  /** Where Sluice listens; null for 6432 or, if that is taken, any free port. 0 for any free port. */
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
  /** For clients: through Sluice. */
  readonly url: string;
  /** Past Sluice, to see what is really in the database. */
  readonly directUrl: string;
  readonly policyFile: string;
  readonly journalDirectory: string;
  /** With which Sluice signs the journal. */
  readonly keyFile: string;
  readonly configFile: string;
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
    begin('Starting Postgres 18');
    const postgres = await startPostgres();
    undo.push(() => postgres.stop());
    begin('Filling the shop');
    await createShop(postgres.url);
    begin('Starting Sluice');
    const directUrl = postgres.url('shop');
    const configFile = join(directory, 'sluice.yaml');
    const policyFile = join(directory, 'policy.yaml');
    const port = options.port ?? ((await isFree(FRIENDLY_PORT)) ? FRIENDLY_PORT : 0);
    writeFileSync(policyFile, DEMO_POLICY);
    writeFileSync(configFile, demoConfig({ port, upstream: directUrl }));
    const server = await startServer(loadConfig(configFile, {}), options.log);
    undo.push(() => server.stop());
    return {
      url: `postgres://agent@127.0.0.1:${server.ports.get('shop') ?? port}/shop`,
      directUrl,
      policyFile,
      configFile,
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
