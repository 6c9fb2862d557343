/**
 * Which base columns an output column really depends on: one column's values are changed in the real database, in a
 * transaction that is rolled back, and the query is run again. What the server says of a result's columns, their names
 * and where they come from, is held against the lineage as well.
 */
import type { Connection, FieldPacket } from 'mysql2/promise';
import type { StatementFacts } from '../../src/core/facts.ts';
import type { MysqlReading } from '../../src/sql/mysql/catalog-model.ts';
import { type MysqlRow, readMysqlCatalog } from '../../src/sql/mysql/catalog-query.ts';
import { mysqlFacts } from './mysql-lineage.ts';
import { CHANGES, LINEAGE_DATA, LINEAGE_SCHEMA } from './mysql-lineage-schema.ts';

const DATABASE = 'lineage';

export interface LineageTally {
  queries: number;
  /** Run by nobody, since the server refuses them or they give no rows; the messages of the refusals. */
  readonly failed: string[];
  /** Pairs of an output column and a base column that were tried. */
  pairs: number;
  unknown: number;
  trueOrigins: number;
  /** Output columns that changed without the base column in their lineage. */
  readonly missed: string[];
  /** Origins that were named and never changed anything. */
  readonly falseOrigins: string[];
  /** Columns of which the server says another name, another number or another source. */
  readonly contradicted: string[];
}

export function newLineageTally(): LineageTally {
  return {
    queries: 0,
    failed: [],
    pairs: 0,
    unknown: 0,
    trueOrigins: 0,
    missed: [],
    falseOrigins: [],
    contradicted: [],
  };
}

/** The values of each output column, and what the server says of it. */
interface Result {
  readonly values: readonly string[];
  readonly fields: readonly FieldPacket[];
}

export class MysqlLineageOracle {
  readonly #connection: Connection;
  readonly reading: MysqlReading;

  private constructor(connection: Connection, reading: MysqlReading) {
    this.#connection = connection;
    this.reading = reading;
  }

  /** Makes the database anew. */
  static async start(connection: Connection): Promise<MysqlLineageOracle> {
    await connection.query("SET NAMES utf8mb4; SET SESSION sql_mode = ''");
    await connection.query(
      `DROP DATABASE IF EXISTS ${DATABASE}; CREATE DATABASE ${DATABASE} CHARACTER SET utf8mb4; USE ${DATABASE}`,
    );
    for (const statement of [...LINEAGE_SCHEMA, ...LINEAGE_DATA]) await connection.query(statement);
    const contents = await readMysqlCatalog(async (sql) => {
      const [rows] = await connection.query({ sql, rowsAsArray: true });
      return rowsOf(rows);
    });
    await connection.query("SET SESSION sql_mode = 'ONLY_FULL_GROUP_BY', group_concat_max_len = 100000");
    const reading = {
      catalog: contents.make(1),
      schema: DATABASE,
      sqlMode: new Set(['ONLY_FULL_GROUP_BY']),
      temporary: [],
    };
    return new MysqlLineageOracle(connection, reading);
  }

  async stop(): Promise<void> {
    await this.#connection.end();
  }

  /** Holds one query's lineage against what changes. `rounds`: how many other values each column gets. */
  async check(sql: string, rounds: number, tally: LineageTally): Promise<void> {
    const lineage = mysqlFacts(sql, this.reading);
    const before = await this.#run(sql);
    if (typeof before === 'string') {
      tally.failed.push(`${before}: ${sql}`);
      return;
    }
    contradictions(sql, lineage, before, tally);
    if (before.values.length === 0) {
      tally.failed.push(`no rows: ${sql}`);
      return;
    }
    tally.queries++;
    const outputs = lineage.outputs?.length === before.values.length ? lineage.outputs : null;
    for (const [changed, change] of Object.entries(CHANGES)) {
      const [table = '', column = ''] = changed.split('.');
      if (!lineage.relations.some((use) => use.name === table)) continue;
      const elsewhere = lineage.columns.some((use) => use.place !== 'output' && isColumn(use, table, column));
      const named = before.values.map((_, n) => {
        const origins = outputs?.[n]?.origins ?? null;
        return origins === null ? null : origins.some((origin) => isColumn(origin, table, column));
      });
      const moved = await this.#moved(sql, table, change, before.values, rounds);
      for (const [n, has] of moved.entries()) {
        tally.pairs++;
        const claim = `${changed} → column ${n + 1} of ${sql}`;
        const known = named[n];
        if (known === null || known === undefined) tally.unknown++;
        else if (has && !known && !elsewhere && !isByView(sql, changed)) {
          if (!(await this.#isByTies(sql, table, change, rounds, n))) tally.missed.push(claim);
        } else if (known && has) tally.trueOrigins++;
        else if (known) tally.falseOrigins.push(claim);
      }
    }
  }

  /**
   * Rows that are equal in a window's order are numbered as the server happens to come by them, which any change of
   * theirs may alter: what stays put under rank(), which gives them the same number, is no more than that.
   */
  async #isByTies(
    sql: string,
    table: string,
    change: string,
    rounds: number,
    column: number,
  ): Promise<boolean> {
    const ranked = sql.replaceAll(/\brow_number\(\)/gi, 'rank()');
    if (ranked === sql) return false;
    const before = await this.#run(ranked);
    if (typeof before === 'string' || before.values.length === 0) return false;
    const moved = await this.#moved(ranked, table, change, before.values, rounds);
    return moved[column] === false;
  }

  /** By output column: whether any of the changes showed in it. */
  async #moved(
    sql: string,
    table: string,
    change: string,
    before: readonly string[],
    rounds: number,
  ): Promise<boolean[]> {
    const moved = before.map(() => false);
    for (let round = 0; round < rounds && moved.includes(false); round++) {
      const update = `UPDATE ${table} SET ${change.replaceAll('$1', String(round))}`;
      const after = await this.#run(sql, `START TRANSACTION; ${update}; `, '; ROLLBACK');
      if (typeof after === 'string') await this.#connection.query('ROLLBACK');
      if (typeof after === 'string' || after.values.length === 0) moved.fill(true);
      else for (const [n, value] of after.values.entries()) if (value !== before[n]) moved[n] = true;
    }
    return moved;
  }

  /** The values of each column in no order, and their characters in none: aggregates take rows as they come. */
  async #run(sql: string, before = '', after = ''): Promise<Result | string> {
    try {
      const [rows, fields] = await this.#connection.query({
        sql: `${before}${sql}${after}`,
        rowsAsArray: true,
      });
      const table = rowsOf(before === '' ? rows : Object(rows)[2]);
      const width = table[0]?.length ?? 0;
      const values = Array.from({ length: width }, (_, n) =>
        table
          .map((row) => [...JSON.stringify(row[n] ?? null)].sort().join(''))
          .sort()
          .join('\n'),
      );
      return { values, fields };
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }
}

/** What decides on the rows of a view is its maker's affair; `counts` groups by the name. */
function isByView(sql: string, changed: string): boolean {
  return changed === 'person.name' && /\bcounts\b/.test(sql);
}

/** The server's own word on each column: its name, and the base column that it is a copy of. */
function contradictions(sql: string, lineage: StatementFacts, { fields }: Result, tally: LineageTally): void {
  const { outputs } = lineage;
  if (outputs === null) {
    tally.contradicted.push(`columns that are not known: ${sql}`);
    return;
  }
  if (outputs.length !== fields.length) {
    tally.contradicted.push(`${outputs.length} columns where there are ${fields.length}: ${sql}`);
    return;
  }
  fields.forEach((field, n) => {
    const output = outputs[n];
    if (output === undefined) return;
    // A subquery that it has merged may keep a name from within, whatever the alias.
    if (output.name !== field.name && !sql.includes(` AS ${output.name}`))
      tally.contradicted.push(`column ${n + 1} is ${field.name}, not ${output.name}: ${sql}`);
    const { orgTable = '', orgName = '' } = field;
    // Of what was kept in a table of the server's own it has that one's names, which are aliases.
    if (output.origins === null || !Object.hasOwn(CHANGES, `${orgTable}.${orgName}`)) return;
    if (new RegExp(`\\bAS ${orgName}\\b`, 'i').test(sql) || orgName === 'name') return;
    if (!output.origins.some((origin) => isColumn(origin, orgTable, orgName)))
      tally.contradicted.push(`column ${n + 1} is ${orgTable}.${orgName}'s: ${sql}`);
  });
}

function isColumn(
  use: { readonly table: string; readonly column: string },
  table: string,
  column: string,
): boolean {
  return use.table === table && use.column.toLowerCase() === column.toLowerCase();
}

function rowsOf(rows: unknown): readonly MysqlRow[] {
  if (!Array.isArray(rows)) throw new Error('no rows where there should be');
  return rows.map((row: unknown) => (Array.isArray(row) ? row.map(cellOf) : []));
}

function cellOf(cell: unknown): string | number | null {
  if (cell === null || typeof cell === 'number' || typeof cell === 'string') return cell;
  return JSON.stringify(cell);
}
