/**
 * Two databases of one server with the same contents and the same object ids: one that tests talk to directly, and
 * one behind Sluice. What a test sends to both has to come out the same.
 */
import { Client } from 'pg';
import {
  type PostgresServer,
  type PostgresServerOptions,
  startPostgres,
} from '../../src/demo/postgres-server.ts';
import { type Sluice, type SluiceOptions, startSluice } from './sluice.ts';
import { errorOf, type WireMessage } from './wire-client.ts';

export interface PostgresPair {
  readonly postgres: PostgresServer;
  readonly sluice: Sluice;
  /** Start-up parameters for the database that is not behind Sluice. */
  readonly direct: Readonly<Record<string, string>>;
  /** Runs SQL as superuser in both databases. */
  both(sql: string): Promise<void>;
  stop(): Promise<void>;
}

/** `schema` fills the template that both databases are copied from. */
export async function startPair(
  schema: string,
  options: Omit<SluiceOptions, 'upstream'> = {},
  server: PostgresServerOptions = {},
): Promise<PostgresPair> {
  const postgres = await startPostgres({ ...serverOfMatrix(), ...server });
  try {
    const admin = await connected(postgres.url());
    await admin.query('CREATE DATABASE pattern');
    const pattern = await connected(postgres.url('pattern'));
    await pattern.query(schema);
    await pattern.end();
    await admin.query('CREATE DATABASE plain TEMPLATE pattern');
    await admin.query('CREATE DATABASE shop TEMPLATE pattern');
    await admin.end();
    const sluice = await startSluice({ ...options, upstream: postgres.url('shop') });
    const clients = await Promise.all([connected(postgres.url('plain')), connected(postgres.url('shop'))]);
    return {
      postgres,
      sluice,
      direct: { user: 'postgres', database: 'plain', client_encoding: 'UTF8' },
      async both(sql) {
        await Promise.all(clients.map((client) => client.query(sql)));
      },
      async stop() {
        await Promise.all(clients.map((client) => client.end()));
        await sluice.stop();
        await postgres.stop();
      },
    };
  } catch (error) {
    await postgres.stop();
    throw error;
  }
}

/** The server that test/matrix asks for: a folder with bin, lib and share in SLUICE_POSTGRES_NATIVE. */
function serverOfMatrix(): PostgresServerOptions {
  const native = process.env['SLUICE_POSTGRES_NATIVE'];
  return native === undefined ? {} : { native };
}

async function connected(url: string): Promise<Client> {
  const client = new Client({ connectionString: url });
  await client.connect();
  return client;
}

/**
 * Messages as text, one line each, without what differs between two sessions that do the same: process ids, and
 * the places in the server's source that errors name.
 */
export function described(messages: readonly WireMessage[]): readonly string[] {
  const lines = messages.map(describedOne);
  // Both end a session that breaks COPY's rules; the server says so in two messages, Sluice in one.
  const broken = lines.findIndex((line) => line.includes('"C":"08P01"'));
  return broken < 0 ? lines : [...lines.slice(0, broken), 'E 08P01, and the end'];
}

/**
 * A failed Query leaves its unnamed portal behind until its transaction ends, so the server says 25P02 of an Execute
 * where Sluice says that there is no such portal: either way nothing runs.
 */
const NO_PORTAL =
  /"C":"25P02","M":"current transaction is aborted|"C":"34000","M":"portal \\"\\" does not exist/;

function describedOne(message: WireMessage): string {
  const { tag, body } = message;
  switch (tag) {
    case 'E':
    case 'N': {
      const { F: _file, L: _line, R: _routine, ...fields } = errorOf(message);
      const line = `${tag} ${JSON.stringify(fields)}`;
      return NO_PORTAL.test(line) ? 'E no portal, or one that failed' : line;
    }
    case 'A':
      return `A ${JSON.stringify(body.toString('latin1', 4))}`;
    case 'K':
      return 'K';
    default:
      return `${tag} ${JSON.stringify(body.toString('latin1'))}`;
  }
}
