/**
 * Compares the parser with a real server's, statement by statement, over MariaDB's own test suite and over what
 * drivers and tools send: what the server prepares must be parsed, and what it calls a syntax error should not be.
 *
 *   node test/regress/mysql-parser.ts --server mariadb://app:apppw@127.0.0.1:3306/app
 *     [--sources FOLDER] [--captures FILE] [--answers FILE] [--show NUMBER] [--mode ANSI_QUOTES,…]
 *
 * `--sources`: where mariadb-test-data is unpacked; fetched where it is not given. `--answers` keeps the server's
 * answers for the next run. Ends with exit code 1 where coverage is below what issue 4 asks for.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { createConnection } from 'mysql2/promise';
import { Lexer } from '../../src/sql/mysql/lexer.ts';
import { parseStatements } from '../../src/sql/mysql/parser/index.ts';
import type { LexerMode } from '../../src/sql/mysql/token.ts';
import { mysqlTestStatements } from './mysql-sources.ts';

const { values } = parseArgs({
  options: {
    server: { type: 'string' },
    sources: { type: 'string' },
    captures: { type: 'string' },
    answers: { type: 'string' },
    show: { type: 'string', default: '20' },
    mode: { type: 'string', default: '' },
  },
});
if (values.server === undefined) throw new Error('--server mariadb://user:password@host:port/database');
const server = new URL(values.server);
const modes = values.mode === '' ? [] : values.mode.split(',');

interface Tally {
  legal: number;
  parsed: number;
  readonly refused: string[];
}

const AT_LEAST: Readonly<Record<string, number>> = { DML: 0.995, queries: 0.97, captured: 1 };
const SYNTAX_ERROR = 1064;
/** Raised while parsing too, of what has no meaning anywhere; and what PREPARE does not take, of which nothing is known. */
const NOT_LEGAL: ReadonlySet<number> = new Set([
  1064, 1295, 1149, 1231, 1300, 1115, 1273, 1313, 1314, 1327, 1065,
]);

const suite = (await mysqlTestStatements(values.sources)).map((text) =>
  Buffer.from(text, 'latin1').toString(),
);
const captured = values.captures === undefined ? [] : capturedStatements(values.captures);
await compare(suite, captured);

function capturedStatements(file: string): readonly string[] {
  const list: readonly { readonly sql: string }[] = JSON.parse(readFileSync(file, 'utf8'));
  return list.map(({ sql }) => sql);
}

async function compare(suite: readonly string[], captured: readonly string[]): Promise<void> {
  const { answers, mode } = await answersOf([...new Set([...suite, ...captured])]);
  const tallies = new Map<string, Tally>();
  const accepted: string[] = [];
  let msMax = 0;
  const read = (statement: string, name: string) => {
    const answer = answers[statement] ?? 0;
    const begun = performance.now();
    const refusal = refusalOf(statement, mode);
    msMax = Math.max(msMax, performance.now() - begun);
    if (answer === SYNTAX_ERROR && refusal === null) accepted.push(statement);
    if (NOT_LEGAL.has(answer)) return;
    const tally = tallies.get(name) ?? { legal: 0, parsed: 0, refused: [] };
    tallies.set(name, tally);
    tally.legal++;
    if (refusal === null) tally.parsed++;
    else tally.refused.push(`${refusal} [${answer}]: ${shortened(statement)}`);
  };
  for (const statement of suite) read(statement, nameOf(statement));
  for (const statement of captured) read(statement, 'captured');
  report(tallies, accepted, msMax);
}

function report(tallies: ReadonlyMap<string, Tally>, accepted: readonly string[], msMax: number): void {
  for (const [name, { legal, parsed, refused }] of tallies) {
    console.log(`${name}: ${parsed} of ${legal} parsed, ${((100 * parsed) / legal).toFixed(2)} %`);
    for (const line of refused.slice(0, Number(values.show))) console.log(`  ${line}`);
    if (parsed / legal < (AT_LEAST[name] ?? 0)) process.exitCode = 1;
  }
  console.log(`accepted though a syntax error to the server: ${accepted.length}`);
  for (const statement of accepted.slice(0, Number(values.show))) console.log(`  ${shortened(statement)}`);
  console.log(`slowest: ${msMax.toFixed(1)} ms`);
}

function nameOf(statement: string): string {
  const [verb = ''] = /[a-z]+/i.exec(statement.replaceAll(/\/\*.*?\*\//gs, ' ')) ?? [];
  if (/^(?:insert|replace|update|delete)$/i.test(verb)) return 'DML';
  return /^(?:select|with|values|table)$/i.test(verb) ? 'queries' : 'others';
}

function shortened(statement: string): string {
  return statement.replaceAll(/\s+/g, ' ').slice(0, 200);
}

/** Why it is not parsed; null where it is. */
function refusalOf(statement: string, mode: LexerMode): string | null {
  const lexer = new Lexer();
  const bytes = Buffer.from(statement);
  const scanned = lexer.scan(bytes, 0, bytes.length, mode);
  if (scanned.outcome !== 'ok') return `lexer: ${scanned.reason}`;
  try {
    parseStatements(lexer, mode);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

interface Answers {
  readonly version: number;
  readonly mariadb: boolean;
  readonly codes: Record<string, number>;
}

/** The server's error for each statement under PREPARE, 0 for none. */
async function answersOf(
  statements: readonly string[],
): Promise<{ readonly answers: Readonly<Record<string, number>>; readonly mode: LexerMode }> {
  const known = knownAnswers();
  const answers = known ?? (await askServer(statements));
  if (known === null && values.answers !== undefined) writeFileSync(values.answers, JSON.stringify(answers));
  const { version, mariadb, codes } = answers;
  return {
    answers: codes,
    mode: { flavour: mariadb ? 'mariadb' : 'mysql', version, sqlMode: new Set(modes) },
  };
}

function knownAnswers(): Answers | null {
  if (values.answers === undefined || !existsSync(values.answers)) return null;
  return JSON.parse(readFileSync(values.answers, 'utf8'));
}

async function askServer(statements: readonly string[]): Promise<Answers> {
  const connection = await createConnection({
    host: server.hostname,
    port: Number(server.port),
    user: decodeURIComponent(server.username),
    password: decodeURIComponent(server.password),
    database: server.pathname.slice(1),
    charset: 'utf8mb4',
  });
  try {
    const [rows] = await connection.query({ sql: 'select version()', rowsAsArray: true });
    const text = JSON.stringify(rows);
    const [, major = '0', minor = '0', patch = '0'] = /(\d+)\.(\d+)\.(\d+)/.exec(text) ?? [];
    await connection.query('set session sql_mode = ?', [modes.join(',')]);
    const codes: Record<string, number> = {};
    for (const statement of statements) codes[statement] = await prepared(connection, statement);
    const version = Number(major) * 10_000 + Number(minor) * 100 + Number(patch);
    return { version, mariadb: /mariadb/i.test(text), codes };
  } finally {
    await connection.end();
  }
}

async function prepared(
  connection: Awaited<ReturnType<typeof createConnection>>,
  statement: string,
): Promise<number> {
  const quoted = statement.replaceAll('\\', modes.includes('NO_BACKSLASH_ESCAPES') ? '\\' : '\\\\');
  try {
    await connection.query(`PREPARE sluice FROM '${quoted.replaceAll("'", "''")}'`);
    return 0;
  } catch (error) {
    if (error instanceof Error && 'errno' in error && typeof error.errno === 'number') return error.errno;
    throw error;
  }
}
