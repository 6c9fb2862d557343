/** Reads the catalog of a MySQL or MariaDB upstream over a connection of Sluice's own. */
import type { KeyLike } from 'node:crypto';
import net from 'node:net';
import type tls from 'node:tls';
import mysql from 'mysql2';
import { type Connection, type ConnectionOptions, createConnection } from 'mysql2/promise';
import type { CatalogContents, CatalogSource } from '../engine/live-catalog.ts';
import { type MysqlCatalog, type MysqlCell, type MysqlRow, readMysqlCatalog } from '../sql/index.ts';

/**
 * The key under which a server takes a password where there is no TLS (caching_sha2_password, sha256_password). Whoever
 * stands in between could give a key of its own, so that it is `asked` for only where the operator says so, as with
 * MySQL's own client and its --get-server-public-key; `refused` is the default there and here.
 */
export type ServerKey = { readonly key: 'refused' | 'asked' } | { readonly key: KeyLike };

export interface MysqlCatalogAccount {
  readonly host: string;
  readonly port: number;
  /** Null where none is chosen: the catalog is the whole server's. */
  readonly database: string | null;
  readonly user: string;
  readonly password: string | null;
  readonly tls: tls.ConnectionOptions | null;
  /** Whether the server may go without TLS (`sslmode=prefer`). */
  readonly tlsOptional: boolean;
  readonly serverKey: ServerKey;
}

const CONNECT_TIMEOUT_MS = 10_000;
const QUERY_TIMEOUT_MS = 30_000;

/**
 * Texts come in one form whatever the server's settings, no setting cuts results short, and the reading gives way to
 * those who hold locks on definitions: what waits for the catalog may be what holds them.
 */
const SESSION =
  "SET SESSION sql_mode = '', sql_select_limit = DEFAULT, sql_big_selects = 1, lock_wait_timeout = 3";

export class MysqlCatalogSource implements CatalogSource<MysqlCatalog> {
  readonly #account: MysqlCatalogAccount;
  #connection: Connection | null = null;

  constructor(account: MysqlCatalogAccount) {
    this.#account = account;
  }

  async read(): Promise<CatalogContents<MysqlCatalog>> {
    try {
      const connection = await this.#connected();
      return await readMysqlCatalog((sql) => mysqlRows(connection, sql));
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  async #connected(): Promise<Connection> {
    if (this.#connection !== null) return this.#connection;
    const connection = await connectToMysql(this.#account);
    connection.on('error', () => {
      this.#connection = null;
    });
    await inTime(connection.query(SESSION));
    this.#connection = connection;
    return connection;
  }

  async close(): Promise<void> {
    const connection = this.#connection;
    this.#connection = null;
    // One that has failed has nobody to say goodbye to.
    connection?.destroy();
  }
}

/** Connects, without TLS where the server has none and may go without. */
export async function connectToMysql(
  account: MysqlCatalogAccount,
  programName = 'sluice catalog',
): Promise<Connection> {
  try {
    return await connectWith(account, account.tls, programName);
  } catch (error) {
    const lacksTls = Object(error).code === 'HANDSHAKE_NO_SSL_SUPPORT';
    if (account.tls === null || !account.tlsOptional || !lacksTls) throw error;
    return await connectWith(account, null, programName);
  }
}

async function connectWith(
  account: MysqlCatalogAccount,
  tls: tls.ConnectionOptions | null,
  programName: string,
): Promise<Connection> {
  const { host, port, database, user, password } = account;
  const socket = socketTo(host, port);
  try {
    return await createConnection({
      stream: () => socket,
      host,
      port,
      user,
      password: password ?? '',
      ...(database === null ? {} : { database }),
      ...(tls === null ? { authPlugins: withoutTls(account.serverKey) } : overTls(tls)),
      charset: 'utf8mb4',
      connectTimeout: CONNECT_TIMEOUT_MS,
      connectAttributes: { program_name: programName },
      rowsAsArray: true,
      dateStrings: true,
      supportBigNumbers: true,
      bigNumberStrings: true,
      jsonStrings: true,
      // Parsers of rows are not to be made from column names by way of eval.
      disableEval: true,
      flags: ['-LOCAL_FILES'],
    });
  } catch (error) {
    // The driver leaves it open when the handshake fails.
    socket.destroy();
    throw error;
  }
}

/** TLS verifies the name that the socket says it was opened for; Node notes names there, and no addresses. */
function socketTo(host: string, port: number): net.Socket {
  const socket = net.connect({ host, port, noDelay: true, keepAlive: true });
  Reflect.set(socket, '_host', host);
  return socket;
}

/** Inside TLS every method is as good as the certificate's check: even one that sends the password as it is. */
function overTls(tls: tls.ConnectionOptions): ConnectionOptions {
  const { ca, rejectUnauthorized = true } = tls;
  const verifyIdentity = rejectUnauthorized && tls.checkServerIdentity === undefined;
  return { ssl: { ...pemOf(ca), rejectUnauthorized, verifyIdentity }, enableCleartextPlugin: true };
}

function pemOf(ca: tls.ConnectionOptions['ca']): { ca?: string | Buffer } {
  return typeof ca === 'string' || Buffer.isBuffer(ca) ? { ca } : {};
}

/** The password itself goes over a connection in the clear under no method, and encrypted only for a key that is known. */
function withoutTls(serverKey: ServerKey): NonNullable<ConnectionOptions['authPlugins']> {
  const { key } = serverKey;
  const options =
    key === 'asked'
      ? {}
      : key === 'refused'
        ? { onServerPublicKey: refuseServerKey }
        : { serverPublicKey: key };
  return {
    mysql_clear_password: () => () => {
      throw new Error('the server demands a password in clear text, which is sent over TLS only');
    },
    caching_sha2_password: mysql.authPlugins.caching_sha2_password({ ...options, overrideIsSecure: false }),
    sha256_password: mysql.authPlugins.sha256_password(options),
  };
}

function refuseServerKey(): never {
  throw new Error(
    'the server demands the password under a key of its own, which is trusted over TLS only, ' +
      'or where the key is pinned or expressly asked for',
  );
}

/** Runs one query. Throws where it gives no rows. */
export async function mysqlRows(connection: Connection, sql: string): Promise<readonly MysqlRow[]> {
  const [rows] = await inTime(connection.query(sql));
  if (!Array.isArray(rows)) throw new Error('the server answers a query without rows');
  const listed: readonly unknown[] = rows;
  return listed.map((row) => (Array.isArray(row) ? row.map(cellOf) : []));
}

/** The driver's own limit outlives a connection that is lost, and keeps the process from ending. */
async function inTime<Result>(answer: Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const fail = () => reject(new Error(`no answer within ${QUERY_TIMEOUT_MS / 1000} s`));
    timer = setTimeout(fail, QUERY_TIMEOUT_MS).unref();
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** What the driver gives for text, numbers, binary strings and bits. */
function cellOf(value: unknown): MysqlCell {
  if (value === null || typeof value === 'string' || typeof value === 'number') return value;
  return Buffer.isBuffer(value) ? value.toString() : String(value);
}
