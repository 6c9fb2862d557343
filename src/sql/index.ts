export { SqlEntry } from './entry.ts';
export {
  BUILTIN_SCHEMA as MYSQL_BUILTIN_SCHEMA,
  builtinFunctionNames as mysqlBuiltinNames,
} from './mysql/builtin-functions.ts';
export { EMPTY_MYSQL_OBJECTS, MysqlCatalog } from './mysql/catalog.ts';
export type { ServerTraits } from './mysql/catalog-model.ts';
export {
  type MysqlCell,
  type MysqlContents,
  type MysqlRow,
  readMysqlCatalog,
  versionNumber,
} from './mysql/catalog-query.ts';
export { foldName } from './mysql/fold-name.ts';
export { MysqlReadPool } from './mysql/read-pool.ts';
export {
  type MysqlReadingSpace,
  MysqlReadingSpaces,
  type MysqlReadOutcome,
  type MysqlSessionReading,
  MysqlStatementReader,
  mysqlStatementTexts,
  readMysqlText,
} from './mysql/reader.ts';
export { catalogFromMysqlSchemaFile, MysqlSchemaError } from './mysql/schema-file.ts';
export { MysqlDialect } from './mysql/session-reader.ts';
export { sqlModeOf } from './mysql/sql-mode.ts';
export { ParsePool } from './parse-pool.ts';
export { CAPS } from './postgres/caps.ts';
export { Catalog, type CatalogObjects, EMPTY_OBJECTS } from './postgres/catalog.ts';
export { type CatalogRow, type RunQuery, readCatalogObjects } from './postgres/catalog-query.ts';
export type { ParseOutcome, ParserMajor } from './postgres/parser.ts';
export { PARSER_MAJORS, PostgresParser } from './postgres/parser.ts';
export {
  COMPLEXITY_RULE,
  type ReadingSpace,
  ReadingSpaces,
  type ReadOutcome,
  StatementReader,
  UNREADABLE_RULE,
} from './postgres/reader.ts';
export { catalogFromSchemaFile, SchemaSyntaxError } from './postgres/schema-catalog.ts';
export { PostgresDialect } from './postgres/session-reader.ts';
export type { CurrentCatalog, SessionReader, SessionReading, SqlDialect } from './session-reader.ts';
