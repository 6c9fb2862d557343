/** The facts of one statement of MySQL's or MariaDB's, over a catalog that a test has sketched or read. */
import type { StatementFacts } from '../../src/core/facts.ts';
import type { MysqlReading } from '../../src/sql/mysql/catalog-model.ts';
import { modeOf, TextReader, type TextReading } from '../../src/sql/mysql/text-reader.ts';

const reader = new TextReader();

export function readMysql(sql: string, reading: MysqlReading): TextReading {
  const bytes = Buffer.from(sql);
  const scanned = reader.scan(bytes, 0, bytes.length, modeOf(reading));
  return reader.analyze(bytes, 0, bytes.length, scanned, reading);
}

/** Throws with the denial's words where the text is not one statement that can be judged. */
export function mysqlFacts(sql: string, reading: MysqlReading): StatementFacts {
  const read = readMysql(sql, reading);
  if (read.outcome === 'denied') throw new Error(`${read.denial.message}: ${sql}`);
  const [facts, ...others] = read.statements;
  if (facts === undefined || others.length > 0) throw new Error(`not one statement: ${sql}`);
  return facts;
}
