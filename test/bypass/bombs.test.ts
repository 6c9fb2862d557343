/** Parser bombs over several connections while a neighbour works (issue 2, row "parser bombs"). */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { bind, execute, parse, query, sync } from '../support/frontend.ts';
import { errorAmong, rowsOf, WireClient } from '../support/wire-client.ts';
import { Arena } from './arena.ts';

/**
 * The promise is 100 ms for each on a machine of one's own. Here the median is held to it, and the worst to what a
 * machine that is shared with other tests may add.
 */
const MEDIAN_MS_MAX = 100;
const WORST_MS_MAX = 1_500;
const BOMBS = 400;
const CONNECTIONS = 8;

const terms = (count: number, term: string) => term.repeat(count);
const MAKERS: readonly (readonly [string, (n: number) => string])[] = [
  ['+ 1', (n) => `SELECT ${n}${terms(10_000, ' + 1')}`],
  ['|| text', (n) => `SELECT '${n}'${terms(10_000, " || 'x'")}`],
  ['OR', (n) => `SELECT 1 FROM shop.orders WHERE id = ${n}${terms(10_000, ' OR NOT id = 2')}`],
  ['parentheses', (n) => `SELECT ${terms(10_000, '(')}${n}${terms(10_000, ')')}`],
  ['brackets', (n) => `SELECT ${terms(5_000, 'ARRAY[')}${n}${terms(5_000, ']')}`],
  ['CASE', (n) => `SELECT ${terms(3_000, 'CASE WHEN true THEN ')}${n}${terms(3_000, ' END')}`],
  [
    'subqueries',
    (n) => `SELECT * FROM ${terms(2_000, '(SELECT * FROM ')}shop.orders${terms(2_000, ') t')} LIMIT ${n}`,
  ],
  ['UNION', (n) => `SELECT ${n}${terms(10_000, ' UNION ALL SELECT 1')}`],
  ['joins', (n) => `SELECT ${n} FROM shop.orders${terms(3_000, ' NATURAL JOIN shop.orders')}`],
  ['comments in comments', (n) => `SELECT ${n} ${terms(10_000, '/*')}${terms(10_000, '*/')}`],
  ['operators', (n) => `SELECT ${n} ${terms(100_000, '+')} 1`],
  ['unary minus', (n) => `SELECT ${terms(10_000, '- ')}${n}`],
  ['NOT', (n) => `SELECT ${terms(10_000, 'NOT ')}true, ${n}`],
  ['casts', (n) => `SELECT ${n}${terms(10_000, '::int')}`],
  ['subscripts', (n) => `SELECT ('{}'::int[])${terms(10_000, '[1]')}, ${n}`],
  ['statements', (n) => `SELECT ${n}${terms(10_000, '; SELECT pg_read_file(1)')}`],
  ['BETWEEN', (n) => `SELECT ${n} WHERE 1${terms(10_000, ' BETWEEN 1 AND 1')}`],
  ['megabytes', (n) => `SELECT ${n}, '${terms(2_000_000, 'x')}'`],
  [
    'WITH',
    (n) =>
      `WITH ${Array.from({ length: 3_000 }, (_, at) => `a${at} AS (SELECT 1${at > 0 ? ` FROM a${at - 1}` : ''})`).join(', ')} SELECT ${n}${terms(10_000, ' + 1')}`,
  ],
];

/** Long, but no more complex than a bulk load: a thread reads them, or the walk gives up. */
const LONG: readonly (readonly [string, string])[] = [
  ['fields', `SELECT (x)${terms(10_000, '.a')}, 1 FROM shop.orders x`],
  ['names', `SELECT x${terms(10_000, '.a')}, 1 FROM shop.orders x`],
  ['targets', `SELECT 1${terms(10_000, ', id')} FROM shop.orders`],
  ['members', `SELECT pg_read_file('x') FROM shop.orders WHERE id IN (1${terms(10_000, ', id')})`],
  ['tables', `SELECT 1 FROM shop.orders${terms(10_000, ', shop.orders')}`],
  ['rows', `INSERT INTO nowhere VALUES (1)${terms(10_000, ', (pg_read_file(1))')}`],
];

let arena: Arena;
before(async () => {
  arena = await Arena.open(18);
});
after(() => arena?.close());

interface Answered {
  readonly name: string;
  /** The session took the next statement. */
  readonly goesOn: boolean;
  readonly ms: number;
  readonly code: string;
  readonly message: string;
}

/** Sends bombs one after the other, on a new connection whenever the last was ended. */
async function bomb(
  port: number,
  first: number,
  count: number,
  answered: Answered[],
  ended: number[],
): Promise<void> {
  let client = await WireClient.connect(port);
  let here = 0;
  for (let n = first; n < first + count; n++) {
    const [name, make] = MAKERS[n % MAKERS.length] ?? MAKERS[0]!;
    const sent = n % 3 === 0 ? [parse('', make(n)), bind('', ''), execute(), sync()] : [query(make(n))];
    const from = performance.now();
    const messages = await client.ask(...sent);
    const ms = performance.now() - from;
    here++;
    const error = errorAmong(messages);
    const goesOn = messages.at(-1)?.tag === 'Z';
    answered.push({ name, goesOn, ms, code: error?.['C'] ?? 'none', message: error?.['M'] ?? 'no error' });
    if (goesOn) continue;
    ended.push(here);
    client.end();
    client = await WireClient.connect(port);
    here = 0;
  }
  client.end();
}

const sorted = (values: readonly number[]) => [...values].sort((left, right) => left - right);
const at = (values: readonly number[], share: number) =>
  sorted(values)[Math.floor((values.length - 1) * share)] ?? 0;

test('promise 13: hundreds of parser bombs are denied at once, their senders struck off, and a neighbour goes on', async (t) => {
  const { port } = await arena.sluice('baseline');
  const neighbour = await WireClient.connect(port);
  const waits: number[] = [];
  let over = false;
  const working = (async () => {
    for (let id = 1; !over; id++) {
      const from = performance.now();
      const rows = rowsOf(
        await neighbour.ask(query(`SELECT id FROM shop.orders WHERE id = ${1 + (id % 8000)}`)),
      );
      waits.push(performance.now() - from);
      assert.deepEqual(rows, [[String(1 + (id % 8000))]]);
    }
  })();
  const answered: Answered[] = [];
  const ended: number[] = [];
  const share = BOMBS / CONNECTIONS;
  await Promise.all(
    Array.from({ length: CONNECTIONS }, (_, n) => bomb(port, n * share, share, answered, ended)),
  );
  over = true;
  await working;
  // The server itself refuses more than six subscripts; who is struck off may be gone before it reads why.
  const passed = answered.filter(({ goesOn, code }) =>
    goesOn ? !['42501', '54000'].includes(code) : !['57P01', 'none'].includes(code),
  );
  const slowest = MAKERS.map(([name]) => {
    const own = answered.filter((answer) => answer.name === name).map(({ ms }) => ms);
    return `${name} ${at(own, 0.5).toFixed(0)}/${at(own, 1).toFixed(0)}`;
  });
  t.diagnostic(`median/worst ms by kind: ${slowest.join(', ')}`);
  t.diagnostic(
    `${answered.length} bombs: median ${at(
      answered.map(({ ms }) => ms),
      0.5,
    ).toFixed(1)} ms, 99 % ${at(
      answered.map(({ ms }) => ms),
      0.99,
    ).toFixed(1)} ms; ` +
      `neighbour: ${waits.length} selects, median ${at(waits, 0.5).toFixed(1)} ms, worst ${at(waits, 1).toFixed(1)} ms; ${ended.length} sessions struck off`,
  );
  assert.deepEqual(
    [...new Set(passed.map(({ name, code, message }) => `${name}: ${code} ${message.slice(0, 120)}`))],
    [],
  );
  assert.ok(
    at(
      answered.map(({ ms }) => ms),
      0.5,
    ) < MEDIAN_MS_MAX,
  );
  assert.ok(
    at(
      answered.map(({ ms }) => ms),
      1,
    ) < WORST_MS_MAX,
  );
  assert.ok(at(waits, 0.5) < MEDIAN_MS_MAX && at(waits, 1) < WORST_MS_MAX);
  assert.ok(
    ended.length > 0 && ended.every((count) => count <= 10),
    `sessions ended after ${ended.join(', ')}`,
  );
  // The parser that judges now is sound: what is allowed passes, what is not does not.
  const denied = await neighbour.ask(query("SELECT pg_read_file('PG_VERSION')"));
  assert.equal(errorAmong(denied)?.['C'], '42501');
  assert.deepEqual(rowsOf(await neighbour.ask(query('SELECT count(*) FROM shop.orders'))), [['8000']]);
  neighbour.end();
});

for (const [name, text] of LONG) {
  test(`promise 13: a long statement ends in an error soon, and holds nobody up: ${name}`, async () => {
    const { port } = await arena.sluice('baseline');
    const client = await WireClient.connect(port);
    const neighbour = await WireClient.connect(port);
    const from = performance.now();
    client.send(query(text));
    let worst = 0;
    let over = false;
    const working = (async () => {
      while (!over) {
        const asked = performance.now();
        await neighbour.ask(query('SELECT 1'));
        worst = Math.max(worst, performance.now() - asked);
      }
    })();
    const answer = await client.until('Z');
    const ms = performance.now() - from;
    over = true;
    await working;
    assert.notEqual(errorAmong(answer), null);
    assert.ok(ms < WORST_MS_MAX && worst < WORST_MS_MAX, `${ms} ms, the neighbour ${worst} ms`);
    assert.deepEqual(rowsOf(await client.ask(query('SELECT 6 * 7'))), [['42']]);
    client.end();
    neighbour.end();
  });
}
