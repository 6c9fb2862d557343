/** The attacks of fixtures/bypass/mysql, and the ways in which one query can be asked of MySQL and MariaDB. */

import { CAPABILITY } from '../../protocols/mysql/capabilities.ts';
import type { MysqlFlavour } from '../../src/demo/mysql-programs.ts';
import type { AttackGroup, Tally } from './masking-attacks.ts';
import {
  type Asking,
  MysqlTwinSession,
  type MysqlTwins,
  mysqlBypassFile,
  type TwinAnswer,
} from './mysql-twins.ts';

/** Groups of lines; `mariadb|` or `mysql|` in front of a line: on that kind alone. */
export function readMysqlAttacks(file: string, flavour: MysqlFlavour): readonly AttackGroup[] {
  const groups: { title: string; session: boolean; lines: string[] }[] = [];
  for (const written of mysqlBypassFile(file).split('\n')) {
    if (written === '' || written.startsWith('#')) continue;
    const header = /^(\[\d+\] .*?)( \(session\))?$/.exec(written);
    if (header !== null) {
      groups.push({ title: header[1] ?? '', session: header[2] !== undefined, lines: [] });
      continue;
    }
    const [, only, line] = /^(?:(mariadb|mysql)\|)?(.*)$/.exec(written) ?? [];
    if (only === undefined || only === flavour) groups.at(-1)?.lines.push(line ?? '');
  }
  return groups;
}

export function countMysql(tally: Tally, what: string, answer: TwinAnswer): void {
  tally.asked++;
  if (answer.isDenied) tally.denied++;
  else if (answer.number !== 0) tally.failed++;
  if (answer.told !== null) tally.told.push(`${what}\n    ${answer.told}`);
}

export const PREPARED: Asking = async (client, sql) => {
  const { packets, id } = await client.prepare(sql);
  if (id === null) return packets;
  const rows = await client.execute(id);
  client.closeStatement(id);
  return [...packets, ...rows];
};

export const FETCHED: Asking = async (client, sql) => {
  const { packets, id } = await client.prepare(sql);
  if (id === null) return packets;
  const opened = await client.execute(id, [], true);
  const hasCursor = opened.at(-1)?.kind === 'eof' && !opened.some(({ kind }) => kind === 'binary row');
  const rows = hasCursor ? [...(await client.fetch(id, 3)), ...(await client.fetch(id, 1000))] : [];
  client.closeStatement(id);
  return [...packets, ...opened, ...rows];
};

const QUERY = /^\(?(SELECT|WITH|VALUES|TABLE)\b/i;
const CHANGES = /\b(INTO|UPDATE|INSERT|DELETE|SHARE)\b/i;

function quoted(sql: string): string {
  return `'${sql.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}

/** With SLUICE_MYSQL_WRAPPINGS=all every query is asked in every wrapping; else each in the next one, and prepared or by a cursor in turn. */
const EVERY_WRAPPING = process.env['SLUICE_MYSQL_WRAPPINGS'] === 'all';
const WRAPPINGS_EACH = 1;

/** One query in both protocols and in wrappings that give its rows back. */
export async function askMysqlEveryWay(
  session: MysqlTwinSession,
  sql: string,
  tally: Tally,
  nth: number,
): Promise<void> {
  const ask = async (what: string, text: string, asking?: Asking) => {
    const answer = await session.ask(text, asking);
    countMysql(tally, `${what}: ${text}`, answer);
    if (answer.number === 0 || answer.isDenied) return;
    for (const after of ['SHOW WARNINGS', 'SELECT @@warning_count, @@error_count'])
      countMysql(tally, `${after} after ${what}: ${text}`, await session.ask(after));
  };
  const changes = !QUERY.test(sql) || CHANGES.test(sql);
  if (changes) await session.ask('START TRANSACTION');
  await ask('text', sql);
  if (changes || EVERY_WRAPPING || nth % 2 === 0) await ask('prepared', sql, PREPARED);
  if (changes) {
    await ask('explain', `EXPLAIN ${sql}`);
    await session.ask('ROLLBACK');
    return;
  }
  if (EVERY_WRAPPING || nth % 2 === 1) await ask('cursor', sql, FETCHED);
  const each = EVERY_WRAPPING ? WRAPPINGS.length : WRAPPINGS_EACH;
  for (let n = 0; n < each; n++) {
    for (const wrapped of WRAPPINGS[(nth * each + n) % WRAPPINGS.length] ?? [])
      await ask('wrapped', wrapped(sql));
  }
  if (EVERY_WRAPPING || nth % WRAPPINGS.length === TEMPORARY)
    await session.ask('DROP TEMPORARY TABLE IF EXISTS zz');
}

/** Statements that belong together stand together. */
const WRAPPINGS: readonly (readonly ((sql: string) => string)[])[] = [
  [(sql) => `SELECT * FROM (${sql}) AS zz`],
  [(sql) => `SELECT (${sql} LIMIT 1) AS zz`],
  [(sql) => `WITH zz AS (${sql}) SELECT * FROM zz UNION ALL (${sql})`],
  [(sql) => `PREPARE zz FROM ${quoted(sql)}`, () => 'EXECUTE zz', () => 'DEALLOCATE PREPARE zz'],
  [(sql) => `EXECUTE IMMEDIATE ${quoted(sql)}`],
  [(sql) => `SET STATEMENT max_statement_time = 60 FOR ${sql}`],
  [(sql) => `SELECT count(*) FROM (${sql}) AS zz`],
  [(sql) => `SELECT EXISTS (${sql})`],
  [(sql) => `SELECT 1 FROM vendor WHERE name < ANY (${sql})`],
  [(sql) => `SELECT id FROM vendor ORDER BY (${sql} LIMIT 1)`],
  [(sql) => `(${sql}) UNION (${sql})`],
  [(sql) => `SELECT sql_calc_found_rows 1 FROM (${sql}) AS zz LIMIT 1`, () => 'SELECT found_rows()'],
  [(sql) => `EXPLAIN ${sql}`, () => 'SHOW WARNINGS'],
  [(sql) => `EXPLAIN FORMAT = JSON ${sql}`],
  [(sql) => `ANALYZE FORMAT = JSON ${sql}`, (sql) => `EXPLAIN ANALYZE ${sql}`],
  [(sql) => `EXPLAIN FORMAT = TREE ${sql}`],
  [(sql) => `CREATE TEMPORARY TABLE zz AS ${sql}`, () => 'SELECT * FROM zz'],
  [(sql) => `INSERT INTO orders (note) ${sql}`, () => 'DELETE FROM orders WHERE id > 40'],
  [(sql) => `DO (${sql} LIMIT 1)`],
  [(sql) => `SET @zz = (${sql} LIMIT 1)`, () => 'SELECT @zz, @a, @b, @c, @kept'],
  [(sql) => `/*!50000 ${sql} */`],
  [(sql) => `/*M!100100 ${sql} */`],
  [(sql) => `/*! ${sql} */; SELECT 1`],
];

/** Which of them leaves a table behind. */
const TEMPORARY = WRAPPINGS.findIndex((each) =>
  each.some((wrapped) => wrapped('').startsWith('CREATE TEMPORARY')),
);

/** Plays a group of one session. */
export async function playMysqlSession(twins: MysqlTwins, group: AttackGroup, tally: Tally): Promise<void> {
  const flags = group.title.includes('IGNORE_SPACE') ? CAPABILITY.IGNORE_SPACE : 0;
  const session = await MysqlTwinSession.open(twins, flags | CAPABILITY.MULTI_STATEMENTS);
  const second = await MysqlTwinSession.open(twins, flags);
  const undo: string[] = [];
  try {
    for (const line of group.lines) {
      const [, word, rest = ''] = /^(undo|direct|other|prepared|cursor) (.*)$/.exec(line) ?? [];
      if (word === 'undo') undo.push(rest);
      else if (word === 'direct') await twins.both(rest);
      else if (word === 'other') countMysql(tally, `${group.title}: ${line}`, await second.ask(rest));
      else if (word === 'prepared')
        countMysql(tally, `${group.title}: ${line}`, await session.ask(rest, PREPARED));
      else if (word === 'cursor')
        countMysql(tally, `${group.title}: ${line}`, await session.ask(rest, FETCHED));
      else countMysql(tally, `${group.title}: ${line}`, await session.ask(line));
    }
  } finally {
    session.end();
    second.end();
    for (const sql of undo) await twins.both(sql);
  }
}
