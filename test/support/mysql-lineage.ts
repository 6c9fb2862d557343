/** The lineage of one query's text, over a catalog that a test has sketched. */
import type { ColumnUse, FunctionUse, OutputColumn, RelationUse } from '../../src/core/facts.ts';
import { Analysis, type InnerParser } from '../../src/sql/mysql/analysis.ts';
import type { Query } from '../../src/sql/mysql/ast.ts';
import type { MysqlReading } from '../../src/sql/mysql/catalog-model.ts';
import { Lexer } from '../../src/sql/mysql/lexer.ts';
import { parseExpressionText, parseQueryText, parseStatements } from '../../src/sql/mysql/parser/index.ts';
import { analyzeQuery } from '../../src/sql/mysql/query.ts';
import type { LexerMode } from '../../src/sql/mysql/token.ts';

export interface Lineage {
  /** Null where the columns could not be established. */
  readonly outputs: readonly OutputColumn[] | null;
  readonly relations: readonly RelationUse[];
  readonly columns: readonly ColumnUse[];
  readonly functions: readonly FunctionUse[];
  readonly analysis: Analysis;
}

export function queryLineage(sql: string, reading: MysqlReading): Lineage {
  const mode = modeOf(reading);
  const analysis = new Analysis(reading, innerParser(mode));
  const { shape } = analyzeQuery(analysis, parsed(sql, mode, parseQueryText), null);
  return {
    outputs: shape.open ? null : shape.columns.map(({ name, origins }) => ({ name, origins })),
    relations: [...analysis.relations.values()],
    columns: [...analysis.columns.values()],
    functions: [...analysis.functions.values()],
    analysis,
  };
}

export function parseQuery(sql: string, reading: MysqlReading): Query {
  return parsed(sql, modeOf(reading), parseQueryText);
}

function modeOf(reading: MysqlReading): LexerMode {
  const { flavour, version } = reading.catalog.traits;
  return { flavour, version, sqlMode: reading.sqlMode };
}

export function innerParser(mode: LexerMode): InnerParser {
  const plain = { ...mode, sqlMode: new Set<string>() };
  return {
    query: (text) => parsed(text, plain, parseQueryText),
    expression: (text) => parsed(text, plain, parseExpressionText),
    statements: (text) => parsed(text, mode, parseStatements),
  };
}

function parsed<Tree>(sql: string, mode: LexerMode, parse: (tokens: Lexer, mode: LexerMode) => Tree): Tree {
  const lexer = new Lexer();
  const bytes = Buffer.from(sql);
  const scanned = lexer.scan(bytes, 0, bytes.length, mode);
  if (scanned.outcome === 'unreadable') throw new Error(`${scanned.reason}: ${sql}`);
  return parse(lexer, mode);
}
