/**
 * Random constant expressions, as a real server evaluates them and as it evaluates them with the parser's own
 * parentheses: the values must be the same, and what the server cannot read must not be read.
 *
 *   node test/regress/mysql-precedence.ts --server mysql://app:apppw@127.0.0.1:3306/app [--mode PIPES_AS_CONCAT]
 *     [--count 5000] [--seed 1]
 */
import { parseArgs } from 'node:util';
import { createConnection } from 'mysql2/promise';
import { expressionOf, type Reading, written } from '../support/mysql-parse.ts';

const { values } = parseArgs({
  options: {
    server: { type: 'string' },
    mode: { type: 'string', default: '' },
    count: { type: 'string', default: '5000' },
    seed: { type: 'string', default: '1' },
  },
});
if (values.server === undefined) throw new Error('--server mysql://user:password@host:port/database');
const server = new URL(values.server);
const SYNTAX_ERROR = 1064;

const ATOMS = ['0', '1', '2', '3', '5', '7', 'NULL', "'a'", "'1'", "'%'", 'TRUE', '1.5'];
const OPERATORS =
  'OR,||,XOR,AND,&&,=,<=>,<>,<,<=,>,>=,|,&,<<,>>,+,-,*,/,DIV,%,MOD,^,LIKE,NOT LIKE,REGEXP,NOT REGEXP,RLIKE,SOUNDS LIKE'.split(
    ',',
  );
const SIGNS = ['-', '~', '!', 'NOT ', 'BINARY ', '+', '- -'];

let seed = Number(values.seed);

/** mulberry32. */
function random(below: number): number {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) % below;
}

function pick(list: readonly string[]): string {
  return list[random(list.length)] ?? '';
}

function atom(): string {
  if (random(20) === 0) return `'2020-01-01' + INTERVAL ${1 + random(3)} DAY`;
  if (random(20) === 0) return `INTERVAL ${1 + random(3)} MONTH + '2020-01-01'`;
  return random(12) === 0 ? `CASE WHEN 1 THEN ${pick(ATOMS)} ELSE 2 END` : pick(ATOMS);
}

function between(): string {
  const not = random(2) === 0 ? ' NOT' : '';
  switch (random(12)) {
    case 0:
      return ` IS NULL${random(2) === 0 ? '' : ' IS NOT NULL'} ${pick(OPERATORS)}`;
    case 1:
      return ` IS TRUE ${pick(OPERATORS.slice(0, 5))}`;
    case 2:
      return `${not} IN (1,${pick(ATOMS)}) ${pick(OPERATORS)}`;
    case 3:
      return `${not} BETWEEN${expression(1 + random(2))} AND`;
    case 4:
      return ` COLLATE utf8mb4_bin ${pick(OPERATORS)}`;
    default:
      return ` ${pick(OPERATORS)}`;
  }
}

function expression(operands: number): string {
  let text = '';
  for (let n = 0; n < operands; n++) {
    text += ` ${random(6) === 0 ? pick(SIGNS) : ''}${atom()}`;
    if (n < operands - 1) text += between();
  }
  return text;
}

const connection = await createConnection({
  host: server.hostname,
  port: Number(server.port),
  user: decodeURIComponent(server.username),
  password: decodeURIComponent(server.password),
  charset: 'utf8mb4',
});

/** The value, or the number of the error. */
async function evaluate(text: string): Promise<string | number> {
  try {
    const [rows] = await connection.query({ sql: `SELECT ${text}`, rowsAsArray: true });
    return JSON.stringify(rows);
  } catch (error) {
    if (error instanceof Error && 'errno' in error && typeof error.errno === 'number') return error.errno;
    throw error;
  }
}

try {
  const modes = values.mode === '' ? [] : values.mode.split(',');
  await connection.query('set session sql_mode = ?', [modes.join(',')]);
  const [rows] = await connection.query('select version()');
  const reading: Reading = { flavour: /mariadb/i.test(JSON.stringify(rows)) ? 'mariadb' : 'mysql', modes };
  const tally = { same: 0, different: 0, unread: 0, overread: 0, illegal: 0 };
  for (let n = 0; n < Number(values.count); n++) {
    const text = expression(2 + random(6)).trim();
    const asked = await evaluate(text);
    const parsed = readBack(text, reading);
    if (asked === SYNTAX_ERROR) tally.illegal++;
    if (asked === SYNTAX_ERROR && parsed === null) continue;
    const outcome =
      asked === SYNTAX_ERROR
        ? 'overread'
        : parsed === null
          ? 'unread'
          : (await evaluate(parsed)) === asked
            ? 'same'
            : 'different';
    tally[outcome]++;
    if (outcome !== 'same') console.log(`${outcome}: ${text}\n  ${parsed}`);
  }
  console.log(reading.flavour, modes.join(','), tally);
  if (tally.different > 0) process.exitCode = 1;
} finally {
  await connection.end();
}

function readBack(text: string, reading: Reading): string | null {
  try {
    return written(expressionOf(text, reading));
  } catch {
    return null;
  }
}
