/**
 * What reading MySQL's statements costs, in processor time: new statements of some 500 characters, the same again (by
 * their bytes, and by all but their literals), and an INSERT of a megabyte of literals.
 * `node bench/micro/mysql-reader.ts`; medians of rounds.
 */
import { MysqlCatalog } from '../../src/sql/mysql/catalog.ts';
import type { MysqlTable } from '../../src/sql/mysql/catalog-model.ts';
import { MysqlReadingSpaces, MysqlStatementReader, readText } from '../../src/sql/mysql/reader.ts';
import { TextReader } from '../../src/sql/mysql/text-reader.ts';

const ROUNDS = 7;
const STATEMENTS = 2_000;
const LARGE_BYTES = 1024 * 1024;

function table(name: string, columns: readonly string[]): MysqlTable {
  return {
    schema: 'shop',
    name,
    kind: 'table',
    columns: columns.map((column, n) => ({
      name: column,
      number: n + 1,
      type: 'varchar(40)',
      nullable: true,
      generation: null,
      invisible: false,
    })),
    definition: null,
    uniqueKeys: [['id']],
    triggers: [],
  };
}

const catalog = new MysqlCatalog(
  { flavour: 'mysql', version: 80406, banner: null, lowerCaseTableNames: 0 },
  {
    schemas: ['shop'],
    tables: [
      table('customers', ['id', 'name', 'email', 'phone', 'ssn', 'city', 'country', 'created_at']),
      table('orders', ['id', 'customer_id', 'status', 'total', 'note', 'placed_at']),
    ],
    routines: [],
    loadable: [],
  },
  1,
);
const reading = { catalog, schema: 'shop', sqlMode: new Set<string>(), temporary: [] };

/** No two of them share a skeleton. */
function newStatement(n: number): Buffer {
  return Buffer.from(
    `SELECT c.id AS id_${n}, c.name, c.city, COUNT(o.id) AS orders_${n}, SUM(o.total * 1.19) AS gross_${n}, ` +
      `MAX(o.placed_at) AS last_${n} FROM customers c LEFT JOIN orders o ON o.customer_id = c.id AND o.status IN ` +
      `('paid', 'shipped', 'returned') WHERE c.country = 'PT' AND c.created_at >= '2024-01-01' AND (c.city LIKE 'L%' ` +
      `OR c.email IS NOT NULL AND c.phone <> '') AND NOT EXISTS (SELECT 1 FROM orders x WHERE x.customer_id = c.id AND ` +
      `x.total > ${n} AND x.note = 'gift') GROUP BY c.id, c.name, c.city HAVING SUM(o.total) > 100 ` +
      `ORDER BY gross_${n} DESC, c.name LIMIT 50`,
  );
}

function pointSelect(n: number): Buffer {
  return Buffer.from(`SELECT name FROM customers WHERE id=${n}`);
}

function largeInsert(): Buffer {
  let text = 'INSERT INTO customers (id, name, email, phone, ssn, city, country, created_at) VALUES ';
  for (let n = 0; text.length < LARGE_BYTES - 200; n++) {
    text += `${n === 0 ? '' : ','}(${n},'Ada Marsh','ada.marsh${n}@example.com',NULL,'123-45-6789','Lisbon','PT','2024-03-01 10:00:00')`;
  }
  return Buffer.from(text);
}

/** Microseconds of processor time per call; the median of rounds. */
function costOf(times: number, run: (n: number, round: number) => void): string {
  const rounds = Array.from({ length: ROUNDS }, (_, round) => {
    const used = process.cpuUsage();
    for (let n = 0; n < times; n++) run(n, round);
    const { user, system } = process.cpuUsage(used);
    return (user + system) / times;
  });
  const sorted = rounds.toSorted((a, b) => a - b);
  return `${(sorted[Math.floor(ROUNDS / 2)] ?? 0).toFixed(2).padStart(10)} µs`;
}

const reader = new MysqlStatementReader();
const space = new MysqlReadingSpaces().of(reading);
function read(text: Buffer): void {
  const { outcome } = reader.read(space, text, 0, text.length);
  if (outcome !== 'entry') throw new Error(`${outcome}: ${text.toString()}`);
}

const fresh = Array.from({ length: STATEMENTS * ROUNDS }, (_, n) => newStatement(n));
const points = Array.from({ length: STATEMENTS * ROUNDS }, (_, n) => pointSelect(n));
const known = Buffer.from("SELECT name FROM customers WHERE id = ? AND city = 'Lisbon'");
const large = largeInsert();
const textReader = new TextReader();

const length = (fresh[0]?.length ?? 0).toString();
console.log(
  `new statement, ${length} bytes  `,
  costOf(STATEMENTS, (n, r) => read(fresh[r * STATEMENTS + n] ?? known)),
);
console.log(
  'known by its skeleton      ',
  costOf(STATEMENTS, (n, r) => read(points[r * STATEMENTS + n] ?? known)),
);
read(known);
console.log(
  'known by its bytes         ',
  costOf(STATEMENTS * 50, () => read(known)),
);
console.log(
  `INSERT of ${large.length} bytes  `,
  costOf(3, () => {
    if (readText(textReader, reading, large, 0, large.length).outcome !== 'facts') throw new Error('denied');
  }),
);
