/**
 * Two databases that differ in nothing but their masked values, each behind a Sluice of its own. What a statement
 * gives in both has to be the same bytes: then nothing that comes out can depend on what is masked.
 */
import { readFileSync } from 'node:fs';
import { Client } from 'pg';
import { type EmbeddedMajor, type PostgresServer, startPostgres } from '../../src/demo/postgres-server.ts';
import { type Canaries, canariesOf } from './canaries.ts';
import { type Sluice, startSluice } from './sluice.ts';
import { errorOf, WireClient, type WireMessage } from './wire-client.ts';

export function maskingFile(name: string): string {
  return readFileSync(new URL(`../../fixtures/masking/${name}`, import.meta.url), 'utf8');
}

export interface Twin {
  readonly sluice: Sluice;
  /** As superuser, past Sluice. */
  readonly direct: Client;
  readonly canaries: Canaries;
}

export interface Twins {
  readonly postgres: PostgresServer;
  readonly all: readonly [Twin, Twin];
  both(sql: string): Promise<void>;
  stop(): Promise<void>;
}

const SALTS = ['first', 'second'] as const;

export async function startTwins(
  policy = maskingFile('policy.yaml'),
  major: EmbeddedMajor = 18,
  /** Files of fixtures/masking whose statements make the pattern of both databases. */
  schemas: readonly string[] = ['schema.sql'],
): Promise<Twins> {
  // Without statistics, which are gathered at their own time, and without parallel workers, rows come in the same order.
  const postgres = await startPostgres({
    major,
    settings: { autovacuum: 'off', max_parallel_workers_per_gather: '0' },
  });
  const admin = await connected(postgres.url());
  await admin.query('CREATE DATABASE pattern');
  const pattern = await connected(postgres.url('pattern'));
  for (const schema of schemas) await pattern.query(maskingFile(schema));
  await pattern.end();
  const made: Twin[] = [];
  for (const salt of SALTS) {
    await admin.query(`CREATE DATABASE ${salt} TEMPLATE pattern`);
    const direct = await connected(postgres.url(salt));
    await direct.query(`SET canary.salt = '${salt}'`);
    await direct.query(maskingFile('data.sql'));
    const sluice = await startSluice({ upstream: postgres.url(salt), policy });
    made.push({ sluice, direct, canaries: await canariesOf(direct) });
  }
  await admin.end();
  const [first, second] = made;
  if (first === undefined || second === undefined) throw new Error('no twins');
  return {
    postgres,
    all: [first, second],
    async both(sql) {
      for (const { direct } of made) await direct.query(sql);
    },
    async stop() {
      for (const { direct, sluice } of made) {
        await direct.end();
        await sluice.stop();
      }
      await postgres.stop();
    },
  };
}

async function connected(url: string): Promise<Client> {
  const client = new Client({ connectionString: url });
  await client.connect();
  return client;
}

/** One session with each of the twins, which are told the same. */
export class TwinSession {
  readonly clients: readonly [WireClient, WireClient];
  readonly #twins: Twins;
  /** Where masks keep a part of a value, or let values be compared, answers may differ. */
  readonly #alike: boolean;

  private constructor(twins: Twins, clients: readonly [WireClient, WireClient], alike: boolean) {
    this.#twins = twins;
    this.#alike = alike;
    this.clients = clients;
  }

  static async open(twins: Twins, alike = true): Promise<TwinSession> {
    const user = 'agent';
    const [first, second] = twins.all;
    return new TwinSession(
      twins,
      [
        await WireClient.connect(first.sluice.port, { user, database: SALTS[0] }),
        await WireClient.connect(second.sluice.port, { user, database: SALTS[1] }),
      ],
      alike,
    );
  }

  /** Sends the same to both, or to the first alone where they are not compared; `told` says what came out that must not have. */
  async ask(...messages: readonly Buffer[]): Promise<TwinAnswer> {
    const [first, second] = this.clients;
    const [one, two] = await Promise.all([
      first.ask(...messages),
      this.#alike ? second.ask(...messages) : Promise.resolve(null),
    ]);
    const error = one.find(({ tag }) => tag === 'E');
    const fields = error === undefined ? null : errorOf(error);
    // What is the same in both can hold nothing of the second's that is not also the first's.
    const found = this.#twins.all[0].canaries.found(one, Buffer.concat(messages));
    return {
      messages: one,
      sqlstate: fields?.['C'] ?? null,
      error: fields?.['M'] ?? null,
      told: found ?? (two === null ? null : difference(one, two)),
    };
  }

  end(): void {
    for (const client of this.clients) client.end();
  }
}

export interface TwinAnswer {
  readonly messages: readonly WireMessage[];
  readonly sqlstate: string | null;
  readonly error: string | null;
  readonly told: string | null;
}

function difference(one: readonly WireMessage[], two: readonly WireMessage[]): string | null {
  for (let n = 0; n < Math.max(one.length, two.length); n++) {
    const [left, right] = [shown(one[n]), shown(two[n])];
    if (left !== right) return `message ${n} differs: ${left.slice(0, 200)} and ${right.slice(0, 200)}`;
  }
  return null;
}

/** Process ids in notifications and the numbers of tables made meanwhile differ anyway. */
function shown(message: WireMessage | undefined): string {
  if (message === undefined) return 'nothing';
  const body =
    message.tag === 'A'
      ? message.body.subarray(4)
      : message.tag === 'T'
        ? withoutTables(message.body)
        : message.body;
  return `${message.tag} ${JSON.stringify(body.toString('latin1').slice(0, 4000))}`;
}

const MASKED: ReadonlySet<string> = new Set(
  'ssn pin born tags doc home span card feeling token photo tail'
    .split(' ')
    .map((column) => `hr.person.${column}`),
);
const MASKED_ELSEWHERE =
  /^hr\.(asset|laptop)\.serial$|^hr\.log(_\d+)?\.secret$|^hr\.(frozen|staff|everyone|counts|whole)/;

/** A RowDescription without the numbers of tables and types: those of a database's own are above 16383. */
function withoutTables(body: Buffer): Buffer {
  const plain = Buffer.from(body);
  let at = 2;
  for (let n = plain.readInt16BE(0); n > 0; n--) {
    at = plain.indexOf(0, at) + 1;
    plain.writeInt32BE(0, at);
    if (plain.readInt32BE(at + 6) >= 16_384) plain.writeInt32BE(0, at + 6);
    at += 18;
  }
  return plain;
}

/** Everything in a database that is not masked, line by line: of twins it has to stay the same. */
export async function unmaskedState(direct: Client): Promise<readonly string[]> {
  const columns = await direct.query<{ table: string; column: string }>(`
    SELECT n.nspname || '.' || c.relname AS table, a.attname AS column
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
     WHERE c.relkind IN ('r', 'm', 'S') AND nspname !~ '^(pg_|information_schema)' AND attnum > 0 AND NOT attisdropped
     ORDER BY 1, 2`);
  const state: string[] = [];
  for (const { table, column } of columns.rows) {
    if (MASKED.has(`${table}.${column}`) || MASKED_ELSEWHERE.test(`${table}.${column}`)) continue;
    const quoted = table
      .split('.')
      .map((part) => `"${part}"`)
      .join('.');
    const { rows } = await direct.query(
      `SELECT md5(string_agg("${column}"::text, ',' ORDER BY "${column}"::text)) || count(*) AS sum FROM ${quoted}`,
    );
    state.push(`${table}.${column}: ${rows[0]?.sum}`);
  }
  const { rows } = await direct.query(
    `SELECT (SELECT count(*) FROM pg_largeobject_metadata) AS objects, (SELECT string_agg(relname, ',' ORDER BY relname) FROM pg_class WHERE relpersistence <> 't' AND relkind IN ('r', 'v', 'm', 'i') AND oid >= 16384 AND relname !~ '^pg_toast') AS relations`,
  );
  return [...state, JSON.stringify(rows[0])];
}
