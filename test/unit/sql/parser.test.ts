/** libpg-query as disposable instances: what breaks one costs that statement alone (promises 2 and 13). */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { CAPS, COMPLEXITY_RULE, PARSER_MAJORS, ParsePool, PostgresParser } from '../../../src/sql/index.ts';
import type { ParseOutcome } from '../../../src/sql/postgres/parser.ts';
import { FactsBench } from '../../support/sql-facts.ts';

let shop: FactsBench;
const pool = new ParsePool();

before(async () => {
  shop = await FactsBench.load(17);
  await pool.warmUp(17);
});

after(async () => {
  await pool.close();
});

async function parse(parser: PostgresParser, text: string): Promise<ParseOutcome> {
  const bytes = Buffer.from(text);
  for (;;) {
    const outcome = parser.parse(bytes, 0, bytes.length);
    if (outcome.outcome !== 'busy') return outcome;
    await parser.ready();
  }
}

test('promise 13: a statement that breaks the parser costs its instance, and the next has another', async () => {
  for (const major of PARSER_MAJORS) {
    const parser = await PostgresParser.load(major);
    const good = await parse(parser, 'SELECT 1');
    const bomb = `SELECT ${'('.repeat(60_000)}1${')'.repeat(60_000)}`;
    for (let n = 1; n <= 6; n++) {
      const outcome = await parse(parser, bomb);
      assert.notEqual(outcome.outcome, 'tree', String(major));
      assert.equal(parser.discarded, outcome.outcome === 'failed' ? n : parser.discarded);
      assert.deepEqual(await parse(parser, 'SELECT 1'), good, `${major} after ${n}`);
    }
  }
});

test('a text without a statement is no statement, in every version', async () => {
  for (const major of PARSER_MAJORS) {
    const bench = await FactsBench.load(major);
    for (const text of ['', ' ', ';', ' ; ;\n', '-- x', '/* x */', '\t--\n']) {
      assert.deepEqual(await bench.facts(text), [], `${major}: ${JSON.stringify(text)}`);
    }
    assert.equal(bench.reader.parser.discarded, 0);
  }
});

test('promise 13: with its spares used up the parser says so, and is ready again soon', async () => {
  const parser = await PostgresParser.load(16);
  const bomb = Buffer.from(`SELECT ${'1+'.repeat(100_000)}1`);
  const outcomes: string[] = [];
  for (let n = 0; n < 8; n++) outcomes.push(parser.parse(bomb, 0, bomb.length).outcome);
  assert.ok(outcomes.includes('failed'), outcomes.join());
  assert.equal(outcomes.at(-1), 'busy', outcomes.join());
  await parser.ready();
  assert.equal(parser.parse(Buffer.from('SELECT 1'), 0, 8).outcome, 'tree');
});

test("promise 2: what the grammar refuses is denied with the server's own words and place", async () => {
  const denied = async (text: string) => {
    const outcome = await shop.read(shop.space(), text);
    assert.ok(outcome.outcome === 'denied', text);
    const { sqlstate, message, position, native } = outcome.denial;
    return [sqlstate, message, position, native];
  };
  assert.deepEqual(await denied('SELEC 1'), ['42601', 'syntax error at or near "SELEC"', 1, true]);
  assert.deepEqual(await denied('SELECT 1 FRM x'), ['42601', 'syntax error at or near "x"', 14, true]);
  // In characters, not in bytes.
  assert.deepEqual(await denied("SELECT 'é€' FRM x"), ['42601', 'syntax error at or near "x"', 17, true]);
  assert.deepEqual(await denied("SELECT 'a"), [
    '42601',
    'unterminated quoted string at or near "\'a"',
    8,
    true,
  ]);
  assert.deepEqual(await denied('SELECT 1; DROP'), ['42601', 'syntax error at end of input', 15, true]);
  const raw = await shop.read(shop.space(), Buffer.from([0x53, 0x45, 0x4c, 0x45, 0x43, 0x54, 0x20, 0xff]));
  assert.equal(raw.outcome === 'denied' && raw.denial.sqlstate, '22021');
});

const DEEP = CAPS.depthMax + 1;
const BOMBS: readonly (readonly [string, string])[] = [
  ['size', `SELECT '${'x'.repeat(CAPS.statementBytesMax)}'`],
  ['parentheses', `SELECT ${'('.repeat(DEEP)}1${')'.repeat(DEEP)}`],
  ['subqueries', `${'SELECT * FROM ('.repeat(DEEP)}SELECT 1${') x'.repeat(DEEP)}`],
  ['arrays', `SELECT ${'ARRAY['.repeat(DEEP)}1${']'.repeat(DEEP)}`],
  ['CASE', `SELECT ${'CASE WHEN true THEN '.repeat(DEEP)}1${' END'.repeat(DEEP)}`],
  ['additions', `SELECT 1${'+1'.repeat(10_000)}`],
  ['signs', `SELECT ${'- '.repeat(2_000)}1`],
  ['NOT', `SELECT ${'NOT '.repeat(2_000)}true`],
  ['casts', `SELECT 1${'::int'.repeat(2_000)}`],
  ['unions', `SELECT 1${' UNION SELECT 1'.repeat(2_000)}`],
  ['joins', `SELECT 1 FROM a${' JOIN a ON true'.repeat(2_000)}`],
  ['comments', `SELECT ${'/*'.repeat(100)}${'*/'.repeat(100)} 1`],
  ['operators', `SELECT 1 ${'+'.repeat(8_000)} 1`],
];

test('promise 13: statements too complex to judge are denied within 100 ms, unparsed, by a rule of that name', async () => {
  const { discarded } = shop.reader.parser;
  for (const [what, bomb] of BOMBS) {
    const begun = performance.now();
    const outcome = await shop.read(shop.space(), bomb);
    const took = performance.now() - begun;
    assert.ok(outcome.outcome === 'denied' && outcome.tooComplex, what);
    assert.equal(outcome.denial.rule, COMPLEXITY_RULE, what);
    assert.ok(took < 100, `${what} takes ${took} ms`);
  }
  assert.equal(shop.reader.parser.discarded, discarded);
});

test('promise 13: a bomb in the body of a function never reaches the parser either', async () => {
  const { discarded } = shop.reader.parser;
  for (const [what, bomb] of BOMBS.slice(1)) {
    const text = `CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $body$ ${bomb.slice(0, 7_000)} $body$`;
    const outcome = await shop.read(shop.space(), text);
    assert.ok(outcome.outcome === 'entry', what);
    assert.ok(outcome.entry.statements[0]?.kinds.includes('CREATE FUNCTION'), what);
  }
  assert.equal(shop.reader.parser.discarded, discarded);
});

test('what people and tools write is below the caps', async () => {
  const texts = [
    `SELECT * FROM shop.orders WHERE id IN (${Array.from({ length: 1_000 }, (_, n) => n).join(', ')})`,
    `SELECT ${'('.repeat(50)}1${')'.repeat(50)}`,
    `SELECT 1 WHERE ${Array.from({ length: 200 }, (_, n) => `a = ${n}`).join(' OR ')}`,
    `SELECT ${Array.from({ length: 300 }, (_, n) => `c${n} + 1 AS d${n}`).join(', ')} FROM shop.orders`,
    `SELECT 'x' ${"|| 'y'".repeat(100)}`,
    `/* a /* nested */ comment */ SELECT 1 -- and more`,
  ];
  for (const text of texts)
    assert.equal((await shop.read(shop.space(), text)).outcome, 'entry', text.slice(0, 80));
});

test('promise 13: long statements go to a thread, which is given up when it takes too long', async () => {
  const long = `INSERT INTO shop.products VALUES ${Array.from({ length: 2_000 }, (_, n) => `(${n}, 'x', 'y', 5)`).join(', ')}`;
  assert.equal((await shop.read(shop.space(), long)).outcome, 'large');
  const parsed = await pool.parse(17, Buffer.from(long));
  assert.equal(parsed.outcome, 'tree');
  const outcome = shop.reader.readParsed(shop.space(), parsed);
  assert.ok(outcome.outcome === 'entry');
  const [facts] = outcome.entry.statements;
  assert.deepEqual(
    [facts?.kind, facts?.relations[0]?.name, facts?.bound.kind],
    ['INSERT', 'products', 'none'],
  );
  // The rows were thinned out on the way, and are still counted.
  const returning = await pool.parse(17, Buffer.from(`${long} RETURNING id`));
  const bound = shop.reader.readParsed(shop.space(), returning);
  assert.deepEqual(bound.outcome === 'entry' && bound.entry.statements[0]?.bound, {
    kind: 'rows',
    max: 2_000,
  });
  // Runs of operators that the caps keep from a thread: here only its time limit is left.
  const slow = `SELECT 1 ${`${'+'.repeat(30_000)} 1 `.repeat(4)}`;
  assert.deepEqual(await pool.parse(17, Buffer.from(slow)), { outcome: 'failed' });
  assert.equal(pool.timedOut, 1);
  assert.equal((await pool.parse(17, Buffer.from('SELECT 1'))).outcome, 'tree');
});
