/**
 * Random sessions in which some statements are denied: the rest behaves as it would on a direct connection to which
 * those statements had never been sent, or on which they had failed (adr/0007 says which of the two).
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { bind, describe, execute, parse, query, sync, terminate } from '../support/frontend.ts';
import { PIPELINE_RESET, PIPELINE_SCHEMA } from '../support/pipelines.ts';
import { described, type PostgresPair, startPair } from '../support/postgres-pair.ts';
import { errorOf, rowsOf, WireClient, type WireMessage } from '../support/wire-client.ts';

const RUNS = Number(process.env['SLUICE_PROPERTY_RUNS'] ?? 150);
const POLICY = `
default: allow
rules:
  - { name: forbidden-table, when: { tables: ["public.forbidden"] }, then: deny }
`;
const DENIED = 'DENIED';

type Part =
  | { readonly part: 'query'; readonly sql: string }
  /** Parse, Bind, Describe and Execute of each, then Sync. */
  | { readonly part: 'batch'; readonly statements: readonly string[] };

const FORBIDDEN = ['SELECT * FROM forbidden', 'DELETE FROM forbidden', 'INSERT INTO forbidden VALUES (9)'];
const TRANSACTION = ['BEGIN', 'COMMIT', 'ROLLBACK', 'SAVEPOINT a', 'ROLLBACK TO a'];
const OTHER = [
  'SELECT id, note FROM t ORDER BY id',
  'INSERT INTO t (id) VALUES (10)',
  'INSERT INTO t (id) VALUES (11) RETURNING id',
  'DELETE FROM t WHERE id = 3',
  'UPDATE t SET n = n + 1 WHERE id = 1 RETURNING n',
  'SELECT 1/0',
  'SELECT count(*), sum(n) FROM t',
  'SET search_path = other, public',
  'SHOW search_path',
];

const statement = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom(...FORBIDDEN.map((sql) => sql.replace('forbidden', 'public.forbidden'))),
  },
  { weight: 3, arbitrary: fc.constantFrom(...TRANSACTION) },
  { weight: 6, arbitrary: fc.constantFrom(...OTHER) },
);
const parts: fc.Arbitrary<readonly Part[]> = fc.array(
  fc.oneof(
    fc.record({ part: fc.constant('query' as const), sql: statement }),
    fc.record({
      part: fc.constant('batch' as const),
      statements: fc.array(statement, { minLength: 1, maxLength: 4 }),
    }),
  ),
  { minLength: 1, maxLength: 10 },
);

const isForbidden = (sql: string) => sql.includes('forbidden');
const unit = (sql: string) => [parse('', sql), bind('', ''), describe('P', ''), execute()];

function bytesOf(part: Part): readonly Buffer[] {
  return part.part === 'query' ? [query(part.sql)] : [...part.statements.flatMap(unit), sync()];
}

let pair: PostgresPair;

before(async () => {
  pair = await startPair(
    `${PIPELINE_SCHEMA} CREATE TABLE forbidden (id int); INSERT INTO forbidden VALUES (1);`,
    {
      policy: POLICY,
    },
  );
});

after(async () => {
  await pair?.stop();
});

/** A direct client and one through Sluice, on tables as they were at first. */
async function withClients(use: (direct: WireClient, through: WireClient) => Promise<void>): Promise<void> {
  await pair.both(PIPELINE_RESET);
  const clients = await Promise.all([
    WireClient.connect(pair.postgres.port, pair.direct),
    WireClient.connect(pair.sluice.port),
  ]);
  try {
    await use(...clients);
  } finally {
    for (const client of clients) {
      client.send(terminate());
      client.end();
    }
  }
}

/** Messages as lines, a denial's as one word. */
function lines(messages: readonly WireMessage[]): readonly string[] {
  return described(messages).map((line, n) => {
    const message = messages[n];
    return message?.tag === 'E' && errorOf(message)['C'] === '42501' ? DENIED : line;
  });
}

/** What a part gets on a direct connection once what is denied of it is taken out. `status` is that before it. */
async function expectedFor(client: WireClient, part: Part, status: string): Promise<readonly string[]> {
  if (part.part === 'query') {
    return isForbidden(part.sql)
      ? [DENIED, `Z ${JSON.stringify(status)}`]
      : lines(await client.ask(...bytesOf(part)));
  }
  const at = part.statements.findIndex(isForbidden);
  if (at < 0) return lines(await client.ask(...bytesOf(part)));
  const before = part.statements.slice(0, at);
  const moved = before.some((sql) => TRANSACTION.includes(sql));
  // In a transaction block, what ran before stays; else the batch fails as a whole, as it would have.
  const survives = before.length === 0 || (status === 'T' && !moved);
  const failing = survives ? [] : [parse('', 'SELECT denied_here')];
  const answer = lines(await client.ask(...before.flatMap(unit), ...failing, sync()));
  const shown = answer.map((line) => (line.includes('denied_here') ? DENIED : line));
  const hasFailed = shown.some((line) => line === DENIED || line.startsWith('E '));
  // Settings that have changed are reported right before ReadyForQuery.
  const end = shown.findLastIndex((line) => !/^[SZ] /.test(line)) + 1;
  return hasFailed ? shown : [...shown.slice(0, end), DENIED, ...shown.slice(end)];
}

test('promise 6: denied statements leave the rest of the session as it would be without them', async () => {
  const property = fc.asyncProperty(parts, (session) =>
    withClients(async (direct, through) => {
      let status = 'I';
      for (const part of session) {
        const expected = await expectedFor(direct, part, status);
        assert.deepEqual(lines(await through.ask(...bytesOf(part))), expected, JSON.stringify(part));
        status = expected.at(-1)?.slice(3, 4) ?? 'I';
      }
    }),
  );
  await fc.assert(property, { numRuns: RUNS });
});

test('promise 6: sent all at once, each part has its ReadyForQuery in its place, and nothing forbidden runs', async () => {
  const property = fc.asyncProperty(parts, (session) =>
    withClients(async (_direct, through) => {
      through.send(...session.flatMap(bytesOf), query('ROLLBACK'), query("SELECT 'usable'"));
      const answer = await through.until('Z', session.length + 2);
      assert.deepEqual(rowsOf(answer.slice(-4)), [['usable']]);
      let from = 0;
      for (const part of session) {
        const to = answer.findIndex(({ tag }, n) => n >= from && tag === 'Z') + 1;
        const denials = lines(answer.slice(from, to)).filter((line) => line === DENIED).length;
        if (part.part === 'query') assert.equal(denials, isForbidden(part.sql) ? 1 : 0, JSON.stringify(part));
        assert.ok(denials <= 1);
        from = to;
      }
    }),
  );
  await fc.assert(property, { numRuns: RUNS });
  const shop = await WireClient.connect(pair.postgres.port, { ...pair.direct, database: 'shop' });
  assert.deepEqual(rowsOf(await shop.ask(query('SELECT id FROM forbidden'))), [['1']]);
  shop.end();
});
