/** Reads an upstream's catalog over a connection of Sluice's own. */
import { EventEmitter } from 'node:events';
import type tls from 'node:tls';
import pg from 'pg';
import { isArray, isObject, type Json } from '../core/json.ts';
import type { CatalogContents, CatalogSource } from '../engine/live-catalog.ts';
import {
  Catalog,
  type CatalogRow,
  PARSER_MAJORS,
  type ParserMajor,
  readCatalogObjects,
} from '../sql/index.ts';

export interface CatalogAccount {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string | null;
  readonly tls: tls.ConnectionOptions | null;
  /** Whether the server may go without TLS (`sslmode=prefer`). */
  readonly tlsOptional: boolean;
}

const CONNECT_TIMEOUT_MS = 10_000;
const QUERY_TIMEOUT_MS = 30_000;
const LOCK_TIMEOUT_MS = 3_000;
/** What an event trigger notifies, where the database has one. */
const CHANGE_CHANNEL = 'sluice_catalog';

export class PostgresCatalogSource implements CatalogSource<Catalog> {
  readonly #account: CatalogAccount;
  readonly #onChange: () => void;
  #client: pg.Client | null = null;

  /** `onChange` is called when the server tells that something was defined or destroyed, by whomever (docs/config.md). */
  constructor(account: CatalogAccount, onChange: () => void = () => {}) {
    this.#account = account;
    this.#onChange = onChange;
  }

  async read(): Promise<CatalogContents<Catalog>> {
    const client = await this.#connected();
    try {
      const version = await client.query<{ version: string }>(
        `SELECT pg_catalog.current_setting('server_version_num') AS version`,
      );
      const major = majorOf(Number(version.rows[0]?.version));
      await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
      const objects = await readCatalogObjects((sql) => rowsOf(client, sql), major);
      await client.query('COMMIT');
      return {
        fingerprint: JSON.stringify([major, objects]),
        make: (epoch) => new Catalog(major, objects, epoch),
      };
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  async #connected(): Promise<pg.Client> {
    if (this.#client !== null) return this.#client;
    // With an empty search path, definitions name everything in full.
    // Definitions under change are locked: what waits for the reading may be what holds the lock.
    const client = await connectTo(this.#account, `-c search_path= -c lock_timeout=${LOCK_TIMEOUT_MS}`);
    client.on('error', () => {
      this.#client = null;
    });
    client.on('notification', () => this.#onChange());
    await client.query(`LISTEN ${CHANGE_CHANNEL}`);
    this.#client = client;
    return client;
  }

  async close(): Promise<void> {
    const client = this.#client;
    this.#client = null;
    await client?.end().catch(() => {});
  }
}

/** Connects, without TLS where the server has none and may go without. `options` are for the server's command line. */
export async function connectTo(
  account: CatalogAccount,
  options: string,
  applicationName = 'sluice catalog',
): Promise<pg.Client> {
  const { tls, tlsOptional } = account;
  try {
    return await connectWith(account, tls, options, applicationName);
  } catch (error) {
    const refused = error instanceof Error && error.message.includes('does not support SSL');
    if (tls === null || !tlsOptional || !refused) throw error;
    return await connectWith(account, null, options, applicationName);
  }
}

async function connectWith(
  { host, port, database, user, password }: CatalogAccount,
  tls: tls.ConnectionOptions | null,
  options: string,
  applicationName: string,
): Promise<pg.Client> {
  const client = new pg.Client({
    host,
    port,
    database,
    user,
    ...(password === null ? {} : { password }),
    ssl: tls ?? false,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: QUERY_TIMEOUT_MS,
    application_name: applicationName,
    options,
    keepAlive: true,
  });
  const connected = client.connect();
  if (tls === null) refuseCleartext(client);
  try {
    await connected;
  } catch (error) {
    // The driver's own words are of its insides.
    const lacking = error instanceof Error && error.message.endsWith('client password must be a string');
    if (password !== null || !lacking) throw error;
    throw new Error('the server asks for a password, and the connection string has none');
  }
  return client;
}

/** The driver would send the password in clear text to whoever asks for it; without TLS that may be anybody. */
function refuseCleartext(client: pg.Client): void {
  // Not in the driver's types: the connection below a client tells of each request for a password.
  const connection: unknown = Reflect.get(client, 'connection');
  if (!(connection instanceof EventEmitter))
    throw new Error('the driver has no connection that can be watched');
  connection.removeAllListeners('authenticationCleartextPassword');
  connection.once('authenticationCleartextPassword', () => {
    connection.emit(
      'error',
      new Error('the server demands a password in clear text, which is sent over TLS only'),
    );
  });
}

/** The schemas that a session of this account searches when it begins, with `settings` as its connection string has them. */
export async function readSearchPath(
  account: CatalogAccount,
  settings: ReadonlyMap<string, string>,
): Promise<readonly string[]> {
  const options = [...settings].map(([name, value]) => `-c ${name}=${value.replaceAll(/[\\\s]/g, '\\$&')}`);
  const client = await connectTo(account, options.join(' '));
  try {
    const answer = await client.query<{ path: string[] }>(
      'SELECT pg_catalog.current_schemas(true)::pg_catalog.text[] AS path',
    );
    return (answer.rows[0]?.path ?? []).filter((schema) => !schema.startsWith('pg_temp'));
  } finally {
    await client.end().catch(() => {});
  }
}

/** The parser for a server; newer servers than the newest parser are not served. */
function majorOf(versionNumber: number): ParserMajor {
  const major = Math.floor(versionNumber / 10_000);
  const known = PARSER_MAJORS.find((candidate) => candidate === major);
  if (known === undefined) {
    throw new Error(
      `server version ${major} is not served, only ${PARSER_MAJORS[0]} to ${PARSER_MAJORS.at(-1)}`,
    );
  }
  return known;
}

async function rowsOf(client: pg.Client, sql: string): Promise<readonly CatalogRow[]> {
  const result = await client.query<Record<string, unknown>>(sql);
  return result.rows.map((row) =>
    Object.fromEntries(Object.entries(row).map(([name, value]) => [name, jsonOf(value)])),
  );
}

/** What the driver gives for text, numbers, booleans and JSON. */
function jsonOf(value: unknown): Json {
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return value;
  if (typeof value === 'object' && value !== null) {
    const json: Json = JSON.parse(JSON.stringify(value));
    if (isArray(json) || isObject(json)) return json;
  }
  return String(value);
}
