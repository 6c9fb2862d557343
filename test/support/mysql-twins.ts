/**
 * Two databases of one server that differ in nothing but their masked values, behind one Sluice. What a statement gives
 * in both has to be the same bytes: then nothing that comes out can depend on what is masked.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Connection } from 'mysql2/promise';
import type { MysqlFlavour } from '../../src/demo/mysql-programs.ts';
import { type MysqlServer, startMysql } from '../../src/demo/mysql-server.ts';
import { Canaries } from './canaries.ts';
import { adminConnection } from './mysql-servers.ts';
import { failureAmong, type MysqlPacket, MysqlWireClient, textCells } from './mysql-wire-client.ts';
import { type Sluice, startSluice } from './sluice.ts';

export function mysqlBypassFile(name: string): string {
  return readFileSync(new URL(`../../fixtures/bypass/mysql/${name}`, import.meta.url), 'utf8');
}

const ANSWER_MS_MAX = 10_000;

/** Of equal length, so that lengths in packets are the same as well. */
const NAMES = ['hra', 'hrb'] as const;

const SOURCES: readonly string[] = [
  'SELECT ssn AS v FROM person WHERE ssn IS NOT NULL',
  'SELECT cast(pin AS char) AS v FROM person',
  "SELECT json_unquote(json_extract(doc, '$.k')) AS v FROM person",
  'SELECT card AS v FROM person',
  'SELECT hidden AS v FROM person',
  'SELECT hex(token) AS v FROM person',
  'SELECT hex(photo) AS v FROM person',
  'SELECT serial AS v FROM badge',
  'SELECT secret AS v FROM log',
];

export interface MysqlTwins {
  readonly server: MysqlServer;
  readonly sluice: Sluice;
  /** Past Sluice, as root. */
  readonly direct: readonly [Connection, Connection];
  readonly canaries: Canaries;
  both(sql: string): Promise<void>;
  stop(): Promise<void>;
}

export interface TwinsOptions {
  readonly policy?: string;
  /** What makes the tables of both databases; `@salt` makes their masked values. */
  readonly schema?: string;
  readonly data?: string;
  readonly sources?: readonly string[];
}

export async function startMysqlTwins(
  flavour: MysqlFlavour,
  options: TwinsOptions = {},
): Promise<MysqlTwins> {
  // Statistics that are gathered at their own time would have rows come in another order.
  const server = await startMysql({
    flavour,
    settings: { 'innodb-stats-auto-recalc': 'OFF', 'log-bin-trust-function-creators': 'ON' },
  });
  const admin = await adminConnection(server);
  const direct: Connection[] = [];
  for (const [n, name] of NAMES.entries()) {
    await admin.query(`CREATE DATABASE ${name}`);
    const connection = await adminConnection(server, name);
    await connection.query(`SET @salt = 'salt${n}'`);
    await connection.query(options.schema ?? mysqlBypassFile('schema.sql'));
    await connection.query(options.data ?? mysqlBypassFile('data.sql'));
    direct.push(connection);
  }
  await admin.end();
  const [one, two] = direct;
  if (one === undefined || two === undefined) throw new Error('no twins');
  const values: string[] = [];
  for (const source of options.sources ?? SOURCES) {
    const [rows] = await one.query({ sql: source, rowsAsArray: true });
    if (Array.isArray(rows)) for (const row of rows) if (Array.isArray(row)) values.push(String(row[0]));
  }
  const sluice = await startSluice({
    upstream: server.url(),
    policy: options.policy ?? mysqlBypassFile('policies/masks.yaml'),
    listener: 'multi_statements: true',
  });
  return {
    server,
    sluice,
    direct: [one, two],
    canaries: new Canaries(values),
    async both(sql) {
      await Promise.all([one.query(sql), two.query(sql)]);
    },
    async stop() {
      await sluice.stop();
      for (const connection of direct) await connection.end();
      await server.stop();
    },
  };
}

export interface TwinAnswer {
  readonly packets: readonly MysqlPacket[];
  /** 0 without an error. */
  readonly number: number;
  readonly message: string;
  readonly isDenied: boolean;
  /** What came out that must not have; null for nothing. */
  readonly told: string | null;
  /** Of that, what holds a masked value in some guise; where rows come in any order, answers may differ. */
  readonly found: string | null;
}

/** How a statement is asked; gives every packet of the answers. */
export type Asking = (client: MysqlWireClient, sql: string | Buffer) => Promise<readonly MysqlPacket[]>;

/** One session with each of the twins, which are told the same; `hr.` in a statement stands for the database. */
export class MysqlTwinSession {
  readonly #twins: MysqlTwins;
  readonly #flags: number;
  #clients: readonly MysqlWireClient[];
  /** Sessions that were ended by what was asked. */
  ended = 0;

  private constructor(twins: MysqlTwins, clients: readonly MysqlWireClient[], flags: number) {
    this.#twins = twins;
    this.#clients = clients;
    this.#flags = flags;
  }

  static async open(twins: MysqlTwins, flags = 0): Promise<MysqlTwinSession> {
    return new MysqlTwinSession(twins, await connectBoth(twins, flags), flags);
  }

  async ask(sql: string, asking: Asking = (client, text) => client.query(text)): Promise<TwinAnswer> {
    if (this.#clients.some(({ closed }) => closed)) {
      this.ended++;
      this.end();
      this.#clients = await connectBoth(this.#twins, this.#flags);
    }
    const texts = NAMES.map((name) => bytesOf(sql.replaceAll(/\bhr\b/g, name)));
    const asked = Promise.all(this.#clients.map((client, n) => asking(client, texts[n] ?? '')));
    const answers = await Promise.race([asked, delay(ANSWER_MS_MAX, null, { ref: false })]);
    if (answers === null) throw new Error(`no whole answer within ${ANSWER_MS_MAX} ms to ${sql}`);
    const [one = [], two = []] = answers;
    const failure = failureAmong(one);
    const sent = texts[0] ?? Buffer.alloc(0);
    const found = this.#twins.canaries.foundIn(readingsOf(one), sent);
    return {
      packets: one,
      number: failure?.number ?? 0,
      message: failure?.message ?? '',
      isDenied: failure !== null && /denied by rule/.test(failure.message),
      told: found ?? difference(one, two, sent),
      found,
    };
  }

  end(): void {
    for (const client of this.#clients) client.end();
  }
}

function connectBoth(twins: MysqlTwins, flags: number): Promise<readonly MysqlWireClient[]> {
  return Promise.all(
    NAMES.map((database) => MysqlWireClient.connect(twins.sluice.port, { database, flags })),
  );
}

/** `«00 FF»` stands for those bytes. */
export function bytesOf(text: string): Buffer {
  const parts = text.split(/«([0-9A-Fa-f ]+)»/);
  return Buffer.concat(
    parts.map((part, n) => (n % 2 === 0 ? Buffer.from(part) : Buffer.from(part.replaceAll(' ', ''), 'hex'))),
  );
}

/** Each packet; and a text row's cells one behind the other, whole and by their letters and digits alone. */
function* readingsOf(packets: readonly MysqlPacket[]): Iterable<string> {
  for (const { kind, body } of packets) {
    yield body.toString('latin1');
    if (kind !== 'text row') continue;
    const cells = textCells(body).join('');
    yield cells;
    yield cells.replaceAll(/[^A-Za-z0-9]/g, '');
  }
}

function difference(one: readonly MysqlPacket[], two: readonly MysqlPacket[], sent: Buffer): string | null {
  // Plans tell how long they took; of masked values there is nothing in them by the canaries.
  if (TELLS_TIMES.test(sent.toString('latin1'))) return null;
  for (let n = 0; n < Math.max(one.length, two.length); n++) {
    const [left, right] = [shown(one[n]), shown(two[n])];
    if (left !== right) return `packet ${n} differs: ${left.slice(0, 300)} and ${right.slice(0, 300)}`;
  }
  return null;
}

const TELLS_TIMES =
  /\b(now|sysdate|uuid|rand|connection_id|sleep|unix_timestamp|show profile)\b|^analyze|^explain analyze/i;

function shown(packet: MysqlPacket | undefined): string {
  if (packet === undefined) return 'nothing';
  const body = packet.body.toString('latin1').replaceAll('hrb', 'hra').slice(0, 4000);
  return `${packet.kind} ${JSON.stringify(body)}`;
}

/** Everything in the databases that is not masked, line by line: of twins it has to stay the same. */
export async function mysqlUnmaskedState(twins: MysqlTwins): Promise<readonly (readonly string[])[]> {
  return await Promise.all(twins.direct.map((connection, n) => stateOf(connection, NAMES[n] ?? '')));
}

const MASKED =
  /^(person\.(ssn|pin|born|seen|doc|card|feeling|token|photo|place|bits|rate|hidden|tail)|badge\.serial|log\.secret)$/;

async function stateOf(connection: Connection, name: string): Promise<readonly string[]> {
  const read = async (sql: string): Promise<readonly string[][]> => {
    const [rows] = await connection.query({ sql, rowsAsArray: true });
    return Array.isArray(rows) ? rows.map((row) => (Array.isArray(row) ? row.map(String) : [])) : [];
  };
  const columns = await read(
    `SELECT table_name, column_name FROM information_schema.columns JOIN information_schema.tables
       USING (table_schema, table_name) WHERE table_schema = '${name}' AND table_type = 'BASE TABLE' ORDER BY 1, 2`,
  );
  const state: string[] = [];
  for (const [table = '', column = ''] of columns) {
    if (MASKED.test(`${table}.${column}`)) continue;
    const sums = await read(`SELECT count(*), sum(crc32(\`${column}\`)) FROM \`${table}\``);
    state.push(`${table}.${column}: ${sums[0]?.join(' ')}`);
  }
  const others = await read(
    `SELECT concat(table_name, ' ', coalesce(table_comment, '')) FROM information_schema.tables
       WHERE table_schema NOT IN ('hra', 'hrb', 'sys', 'performance_schema', 'information_schema', 'mysql') ORDER BY 1`,
  );
  return [...state, ...others.map(([table = '']) => table)];
}
