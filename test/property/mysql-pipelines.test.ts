/** Random pipelines, to servers directly and through Sluice: the same bytes come back. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { CAPABILITY as C } from '../../protocols/mysql/capabilities.ts';
import {
  CURSOR,
  closeStatement,
  command,
  execute,
  fetch,
  longData,
  MysqlRawClient,
  query,
  type RawPrepared,
  resetStatement,
} from '../support/mysql-raw-client.ts';
import { adminConnection, FLAVOURS, type MysqlPair, startMysqlPair } from '../support/mysql-servers.ts';
import { type Sluice, startSluice } from '../support/sluice.ts';

const RUNS = Number(process.env['SLUICE_PROPERTY_RUNS'] ?? 25);

let pair: MysqlPair;
const sluices = new Map<string, Sluice>();

before(async () => {
  pair = await startMysqlPair({ shop: false });
  for (const flavour of FLAVOURS) {
    const admin = await adminConnection(pair[flavour]);
    // Without a password, a client of a few lines can log in at the server itself.
    await admin.query(`CREATE DATABASE shop; CREATE DATABASE other; CREATE USER raw@'%' IDENTIFIED BY '';
      GRANT ALL ON *.* TO raw@'%'; CREATE TABLE shop.item (id int PRIMARY KEY, name varchar(40), price decimal(8,2), at datetime(3), note longtext);
      INSERT INTO shop.item VALUES (1, 'one', 1.5, '2024-01-02 03:04:05.678', NULL), (2, '', NULL, NULL, 'n'),
        (3, 'Zoë', -3, '1999-12-31', REPEAT('long ', 20000)); CREATE TABLE other.item (id int)`);
    await admin.end();
    sluices.set(
      flavour,
      await startSluice({ upstream: pair[flavour].url('shop'), listener: 'multi_statements: true' }),
    );
  }
});

after(async () => {
  for (const sluice of sluices.values()) await sluice.stop();
  await pair?.stop();
});

const TEXTS = [
  'SELECT * FROM item ORDER BY id',
  'SELECT id, name FROM item WHERE id = 2',
  'SELECT nothing FROM item',
  'SELECT * FROM missing',
  'SELEC',
  '',
  'SELECT 1; SELECT 2',
  'SELECT 1 AS a; SELECT nothing; SELECT 3',
  'BEGIN',
  'UPDATE item SET name = name WHERE id = 1',
  "INSERT INTO item VALUES (1, 'again', 1, NULL, NULL)",
  'ROLLBACK',
  'DO 1',
  'SET @v = 5',
  'SELECT @v, @@autocommit',
  'SHOW WARNINGS',
  "PREPARE s FROM 'SELECT ? + 1 AS n'",
  'EXECUTE s USING @v',
  'DEALLOCATE PREPARE s',
  'SELECT REPEAT(0x61, 70000) AS large',
  'SELECT CAST("x" AS UNSIGNED)',
];
const PREPARED = [
  'SELECT * FROM item ORDER BY id',
  'SELECT ? AS a, ? AS b',
  'UPDATE item SET name = ? WHERE id = 3 AND 1 = 0',
  'DO 1',
];

type Step =
  | { readonly do: 'query' | 'use'; readonly text: string }
  | {
      readonly do: 'execute';
      readonly id: number;
      readonly parameters: readonly (string | null)[];
      readonly cursor?: boolean;
    }
  | { readonly do: 'fetch' | 'reset' | 'close' | 'long'; readonly id: number }
  | { readonly do: 'ping' };

const id = fc.integer({ min: 0, max: 2 });
const texts = fc.array(fc.constantFrom(...PREPARED), { minLength: 3, maxLength: 3 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('query'), text: fc.constantFrom(...TEXTS) } as const) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('execute'),
      id,
      parameters: fc.constantFrom(['a', ''], ['1', null], [null, 'x'.repeat(300)]),
    } as const),
  },
  fc.record({ do: fc.constantFrom('fetch', 'reset', 'close'), id } as const),
  fc.record({ do: fc.constant('use'), text: fc.constantFrom('shop', 'other', 'missing') } as const),
  fc.constant({ do: 'ping' } as const),
);

function bytesOf(step: Step): Buffer {
  switch (step.do) {
    case 'query':
      return query(step.text);
    case 'use':
      return command(0x02, step.text);
    case 'execute':
      return execute(step.id, step.parameters, step.cursor ? CURSOR : 0);
    case 'fetch':
      return fetch(step.id, 2);
    case 'reset':
      return resetStatement(step.id);
    case 'close':
      return closeStatement(step.id);
    case 'long':
      return longData(step.id, 0, 'long');
    case 'ping':
      return command(0x0e);
  }
}

/** Statements are prepared first: MariaDB's ids are its own, whoever asks. */
async function replies(
  client: MysqlRawClient,
  texts: readonly string[],
  steps: readonly Step[],
): Promise<readonly string[]> {
  const prepared: RawPrepared[] = [];
  for (const text of texts) prepared.push(await client.prepare(text));
  client.chunks.length = 0;
  const named = steps.map((one) => {
    if (!('id' in one)) return one;
    const { id, parameters } = prepared[one.id] ?? { id: 0, parameters: 0 };
    return one.do === 'execute'
      ? // A statement that is run with a cursor and then without one gets no end of its rows from MySQL 9.7.
        { ...one, id, parameters: one.parameters.slice(0, parameters), cursor: one.id === 0 }
      : { ...one, id };
  });
  client.send(...named.map(bytesOf));
  for (const one of steps) {
    if (one.do === 'fetch') await client.fetched();
    else if (one.do !== 'close' && one.do !== 'long') await client.reply();
  }
  return packetsIn(Buffer.concat(client.chunks));
}

/** Header and payload of each; of what Sluice says in a server's place, the words are its own. */
function packetsIn(bytes: Buffer): readonly string[] {
  const packets: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const next = at + 4 + bytes.readUIntLE(at, 3);
    const whole = bytes.toString('latin1', at, next);
    const own = /(Unknown prepared statement handler|The statement|Incorrect arguments to) .*/s;
    packets.push(bytes[at + 4] === 0xff && own.test(whole) ? whole.slice(3).replace(own, '$1') : whole);
    at = next;
  }
  return packets;
}

for (const flavour of FLAVOURS) {
  for (const flags of [C.DEPRECATE_EOF, 0]) {
    test(`promise 10: ${flavour}: random pipelines bring the same bytes as without Sluice, ${flags === 0 ? 'EOF' : 'no EOF'}`, async () => {
      const login = { database: 'shop', flags: flags | C.MULTI_STATEMENTS };
      await fc.assert(
        fc.asyncProperty(texts, fc.array(step, { minLength: 1, maxLength: 12 }), async (prepared, chosen) => {
          // No lock is left behind for the other side to wait for.
          const steps: readonly Step[] = [...chosen, { do: 'query', text: 'ROLLBACK' }];
          const port = sluices.get(flavour)?.port ?? 0;
          const direct = await MysqlRawClient.connect(pair[flavour].port, { ...login, user: 'raw' });
          const through = await MysqlRawClient.connect(port, login);
          try {
            const expected = await replies(direct, prepared, steps);
            assert.deepEqual(await replies(through, prepared, steps), expected);
          } finally {
            direct.end();
            through.end();
          }
        }),
        {
          endOnFailure: true,
          numRuns: RUNS,
          seed: Number(process.env['SLUICE_PROPERTY_SEED'] ?? 20_261_121),
        },
      );
    });
  }
}
