/** Large results whose every cell is looked at, which worker threads do; and the same without threads. */
import { type PostgresServer, startPostgres } from '../../src/demo/postgres-server.ts';
import { MaskPool, type MaskPoolOptions } from '../../src/masking/index.ts';
import { bind, execute, parse, query, sync } from './frontend.ts';
import { type Sluice, type SluiceOptions, startSluice } from './sluice.ts';
import { WireClient, type WireMessage } from './wire-client.ts';

export const DETECTING_POLICY = `
default: allow
masks:
  - detect: [email, us-ssn]
    with: redact
`;

/** 20,000 rows of about 130 bytes; every tenth row has nothing to be masked, and some cells are NULL or empty. */
export const NOTES_ROWS = 20_000;
const NOTES = `CREATE TABLE notes AS
  SELECT n AS id, CASE WHEN n % 10 = 0 THEN 'nobody' ELSE 'someone.' || n || '@example.com' END AS email,
         CASE n % 7 WHEN 0 THEN NULL WHEN 1 THEN '' ELSE 'called about item ' || n || ', will call again' END AS note,
         'has the number 253-57-' || (1000 + n % 8999) || ' since ' || n AS ssn
  FROM generate_series(1, ${NOTES_ROWS}) AS n`;

/** No byte of a result may show these. */
export const SECRETS = [/someone\.\d/, /253-57/];

export async function startNotes(): Promise<PostgresServer> {
  const postgres = await startPostgres();
  const client = await WireClient.connect(postgres.port, { user: 'postgres', database: 'postgres' });
  await client.ask(query(NOTES));
  client.end();
  return postgres;
}

export interface Lanes {
  readonly sluice: Sluice;
  /** How many pools of threads were started. */
  pools(): number;
}

export async function startLanes(
  upstream: string,
  pool: Partial<MaskPoolOptions> = {},
  options: Partial<SluiceOptions> = {},
): Promise<Lanes> {
  let pools = 0;
  const maskPool = () => {
    pools++;
    return new MaskPool(pool);
  };
  const sluice = await startSluice({ upstream, policy: DETECTING_POLICY, maskPool, ...options });
  return { sluice, pools: () => pools };
}

/** A statement of the extended protocol, with its columns in one format; no Sync behind it. */
export function extended(sql: string, format: 0 | 1): Buffer {
  return Buffer.concat([parse('', sql), bind('', '', [], { results: [format] }), execute()]);
}

export async function rowsBy(client: WireClient, sql: string, format: 0 | 1): Promise<WireMessage[]> {
  return client.ask(extended(sql, format), sync());
}

/** The bodies of all messages one behind the other, as text in which bytes can be looked for. */
export function bytesOf(messages: readonly WireMessage[]): string {
  return Buffer.concat(messages.map(({ body }) => body)).toString('latin1');
}

export function shows(messages: readonly WireMessage[]): boolean {
  const bytes = bytesOf(messages);
  return SECRETS.some((secret) => secret.test(bytes));
}
