/**
 * Random queries through Sluice to two databases that differ in masked values alone: the same bytes come back, or the
 * statement is denied. SLUICE_MASKING_QUERIES and SLUICE_MASKING_SEED set how many and which.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newTally } from '../support/masking-attacks.ts';
import { countMysql, FETCHED, PREPARED } from '../support/mysql-attacks.ts';
import { LINEAGE_DATA, LINEAGE_SCHEMA, LINEAGE_TABLES } from '../support/mysql-lineage-schema.ts';
import { MysqlQueryGenerator } from '../support/mysql-query-generator.ts';
import { FLAVOURS } from '../support/mysql-servers.ts';
import { type Asking, MysqlTwinSession, startMysqlTwins } from '../support/mysql-twins.ts';

const QUERIES = Number(process.env['SLUICE_MASKING_QUERIES'] ?? 300);
const SEED = Number(process.env['SLUICE_MASKING_SEED'] ?? 20_261_121);

const POLICY = `
default: allow
masks:
  - columns: ["*.person.ssn", "*.person.pin", "*.person.born", "*.person.doc", "*.person.hidden"]
    with: redact
`;

/** The masked values, of the database's own salt; what is NULL stays so, since that may be asked. */
const SALTED = `
UPDATE person SET ssn = if(ssn IS NULL, NULL, concat('S', sha2(concat('ssn', id, @salt), 224))),
  pin = 100000 + crc32(concat('pin', id, @salt)) % 800000,
  born = date_add('1930-01-01', INTERVAL crc32(concat('born', id, @salt)) % 20000 DAY),
  doc = json_object('a', sha2(concat('doc', id, @salt), 224), 'n', crc32(concat('n', id, @salt))),
  hidden = concat('h', sha2(concat('hidden', id, @salt), 224));
`;

/** MariaDB gives rows that are peers in any order, each time another: these tell of it. Both servers' lineage is one. */
const UNORDERED = /\b(?:OVER|LIMIT)\b|arrayagg|group_concat/i;

const WAYS: readonly (readonly [string, (sql: string) => string, Asking?])[] = [
  ['text', (sql) => sql],
  ['prepared', (sql) => sql, PREPARED],
  ['cursor', (sql) => sql, FETCHED],
  ['derived', (sql) => `SELECT * FROM (${sql}) AS zz`],
  ['counted', (sql) => `SELECT count(*) FROM (${sql}) AS zz`],
  ['twice', (sql) => `(${sql}) UNION ALL (${sql})`],
  ['explained', (sql) => `EXPLAIN ${sql}`],
];

for (const flavour of FLAVOURS) {
  test(`promise 4: random queries give nothing that depends on a masked value: ${flavour}`, async (t) => {
    const twins = await startMysqlTwins(flavour, {
      policy: POLICY,
      schema: LINEAGE_SCHEMA.join(';\n'),
      data: `${LINEAGE_DATA.join(';\n')};${SALTED}`,
      sources: [
        'SELECT ssn FROM person WHERE ssn IS NOT NULL',
        'SELECT hidden FROM person',
        "SELECT json_unquote(json_extract(doc, '$.a')) FROM person",
      ],
    });
    try {
      const relations = Object.keys(LINEAGE_TABLES);
      const generator = new MysqlQueryGenerator(SEED, { flavour, relations, faithful: false });
      const session = await MysqlTwinSession.open(twins);
      const tally = newTally();
      for (let n = 0; n < QUERIES; n++) {
        const [name, dressed, asking] = WAYS[n % WAYS.length] ?? WAYS[0]!;
        const sql = dressed(generator.next().replaceAll('lineage.', 'hr.'));
        const answer = await session.ask(sql, asking);
        const isOpen = flavour === 'mariadb' && UNORDERED.test(sql);
        countMysql(tally, `query ${n}, ${name}: ${sql}`, isOpen ? { ...answer, told: answer.found } : answer);
      }
      session.end();
      t.diagnostic(
        `seed ${SEED}: ${tally.asked} asked, ${tally.denied} denied, ${tally.failed} failed, ${tally.told.length} told something`,
      );
      assert.equal(tally.told.length, 0, tally.told.slice(0, 5).join('\n'));
      assert.ok(tally.denied + tally.failed < tally.asked * 0.8, 'too few of them ran');
    } finally {
      await twins.stop();
    }
  });
}
