/**
 * The server as an oracle for tables: it prepares statements in an empty database, and where it says that a table does
 * not exist (error 1146), the facts of that statement have to name it. Nothing is executed. Ends with exit code 1
 * where one is missed.
 *
 *   node test/regress/mysql-tables.ts --server mysql://user:password@host:port --database EMPTY [--sources FOLDER]
 *     [--captures FILE] [--every N] [--show N]
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type Connection, createConnection } from 'mysql2';
import type { RelationName, StatementFacts } from '../../src/core/facts.ts';
import type { ServerTraits } from '../../src/sql/mysql/catalog-model.ts';
import { readText } from '../../src/sql/mysql/reader.ts';
import { TextReader } from '../../src/sql/mysql/text-reader.ts';
import { sketchCatalog } from '../support/mysql-catalog.ts';
import { mysqlTestStatements } from './mysql-sources.ts';

const { values } = parseArgs({
  options: {
    server: { type: 'string' },
    database: { type: 'string' },
    sources: { type: 'string' },
    captures: { type: 'string' },
    every: { type: 'string', default: '1' },
    show: { type: 'string', default: '40' },
  },
});
if (values.server === undefined) throw new Error('--server mysql://user:password@host:port is missing');
if (values.database === undefined) throw new Error('--database EMPTY is missing');
const { database } = values;
const connection = createConnection({ uri: values.server, database, flags: ['-IGNORE_SPACE'] });
try {
  const every = Number(values.every);
  const statements = [...captured(), ...(await mysqlTestStatements(values.sources)).map(asUtf8)].filter(
    (_, n) => n % every === 0,
  );
  console.log(`${statements.length} different statements`);
  process.exitCode = await compareAll(statements, await traitsOf(connection));
} finally {
  connection.destroy();
}

function asUtf8(statement: string): string {
  return Buffer.from(statement, 'latin1').toString();
}

function captured(): readonly string[] {
  if (values.captures === undefined) return [];
  const entries: unknown = JSON.parse(readFileSync(values.captures, 'utf8'));
  if (!Array.isArray(entries)) throw new Error('the captures are no list');
  return [...new Set(entries.map((entry) => String(entry.sql)))];
}

/** 1 where a table is missed. */
async function compareAll(statements: readonly string[], traits: ServerTraits): Promise<0 | 1> {
  const reader = new TextReader();
  const catalog = sketchCatalog({ traits, schemas: [database] });
  const reading = { catalog, schema: database, sqlMode: new Set<string>(), temporary: [] };
  let named = 0;
  let denied = 0;
  const reasons = new Map<string, number>();
  const missed: string[] = [];
  for (const statement of statements) {
    const table = await missingTable(statement);
    if (table === null) continue;
    named++;
    const bytes = Buffer.from(statement);
    const read = readText(reader, reading, bytes, 0, bytes.length);
    if (read.outcome === 'denied') {
      denied++;
      const reason = read.denial.message.slice(0, 100);
      reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    } else if (!read.statements.some((facts) => names(facts, table))) {
      missed.push(`${table.schema}.${table.name}: ${statement.replaceAll(/\s+/g, ' ').slice(0, 200)}`);
    }
  }
  console.log(`${named} name a table that does not exist: ${named - denied} judged, ${denied} denied unread`);
  console.log(`${missed.length} missed`);
  for (const line of missed.slice(0, Number(values.show))) console.log(`  ${line}`);
  const often = [...reasons].toSorted((left, right) => right[1] - left[1]);
  for (const [reason, times] of often.slice(0, 15)) console.log(`  denied ${times} times: ${reason}`);
  return missed.length === 0 ? 0 : 1;
}

/** Of a name with dots the server's message does not say where the schema ends. */
function names(facts: StatementFacts, table: RelationName): boolean {
  const whole = ({ schema, name }: RelationName) => `${schema}.${name}`.toLowerCase();
  return facts.relations.some((relation) => whole(relation) === whole(table));
}

/** The table that the server does not find when it prepares the statement; null where it finds fault with nothing or with something else. */
function missingTable(statement: string): Promise<RelationName | null> {
  const literal = statement.replaceAll('\\', '\\\\').replaceAll("'", "''");
  return new Promise((resolve, reject) => {
    connection.query(`PREPARE s FROM '${literal}'`, (error) => {
      if (error?.fatal === true) reject(error);
      // Names may hold dots and quotes: that of the database is known, most times.
      const message = error?.message ?? '';
      const own = message.startsWith(`Table '${database}.`) ? database.length : message.indexOf('.') - 7;
      const [schema, name] = [
        message.slice(7, 7 + own),
        /^.(.*)' doesn't exist$/s.exec(message.slice(7 + own))?.[1],
      ];
      resolve(error?.errno === 1146 && name !== undefined ? { schema, name } : null);
    });
  });
}

function traitsOf(on: Connection): Promise<ServerTraits> {
  return new Promise((resolve, reject) => {
    const sql = 'SELECT version() AS version, @@lower_case_table_names AS names, @@sql_mode AS mode';
    on.query("SET sql_mode = ''", (error) => {
      if (error !== null) reject(error);
    });
    on.query({ sql, rowsAsArray: true }, (error, rows) => {
      const row: unknown = Array.isArray(rows) ? rows[0] : undefined;
      if (error !== null || !Array.isArray(row)) {
        reject(error ?? new Error('no version'));
        return;
      }
      const version = String(row[0]);
      const names = Number(row[1]);
      const [, major = '0', minor = '0', patch = '0'] = /^(\d+)\.(\d+)\.(\d+)/.exec(version) ?? [];
      resolve({
        flavour: version.includes('MariaDB') ? 'mariadb' : 'mysql',
        banner: version,
        version: Number(major) * 10_000 + Number(minor) * 100 + Number(patch),
        lowerCaseTableNames: names === 1 || names === 2 ? names : 0,
      });
    });
  });
}
