/** What Sluice knows of one MySQL or MariaDB server: one epoch of it, which never changes. */

export interface MysqlColumn {
  readonly name: string;
  /** 1-based. */
  readonly number: number;
  /** COLUMN_TYPE, such as `varchar(20)`, `int(10) unsigned`, `enum('a','b')`. */
  readonly type: string;
  readonly nullable: boolean;
  /** Of a generated column: the expression as SHOW CREATE TABLE has it; null for others. */
  readonly generation: string | null;
  /** Not among those that `*` stands for. */
  readonly invisible: boolean;
}

export interface MysqlTable {
  readonly schema: string;
  readonly name: string;
  readonly kind: 'table' | 'view' | 'sequence' | 'system-view';
  readonly columns: readonly MysqlColumn[];
  /** VIEW_DEFINITION, which names everything in full; null where it is no view or may not be read. */
  readonly definition: string | null;
  /** Columns of each unique index, all of them NOT NULL or not; prefix and functional indexes left out. */
  readonly uniqueKeys: readonly (readonly string[])[];
  readonly triggers: readonly MysqlTrigger[];
}

export interface MysqlTrigger {
  readonly event: 'insert' | 'update' | 'delete';
  /** ACTION_STATEMENT; null where it may not be read. */
  readonly body: string | null;
}

export interface MysqlRoutine {
  readonly schema: string;
  readonly name: string;
  readonly kind: 'function' | 'procedure';
  /** SQL_DATA_ACCESS: CONTAINS SQL, NO SQL, READS SQL DATA, MODIFIES SQL DATA. */
  readonly access: string;
  readonly deterministic: boolean;
  /** ROUTINE_DEFINITION; null where it may not be read. */
  readonly body: string | null;
}

export interface MysqlObjects {
  readonly schemas: readonly string[];
  readonly tables: readonly MysqlTable[];
  readonly routines: readonly MysqlRoutine[];
  /** Loadable functions by name (mysql.func), lower case. */
  readonly loadable: readonly string[];
}

export interface ServerTraits {
  readonly flavour: 'mysql' | 'mariadb';
  /** As in 80406, 90701 or 101106. */
  readonly version: number;
  /** VERSION() as the server gives it, such as `10.11.6-MariaDB`; null where no server was asked. */
  readonly banner: string | null;
  /** 0: names of tables and schemas are compared as they are. 1 and 2: without regard to case. */
  readonly lowerCaseTableNames: 0 | 1 | 2;
}

/** Look-ups by the server's own rules: table names by lower_case_table_names, columns and routines without regard to case. */
export interface MysqlCatalogView {
  readonly traits: ServerTraits;
  readonly epoch: number;
  hasSchema(schema: string): boolean;
  table(schema: string, name: string): MysqlTable | null;
  /** Both kinds have a name space of their own. */
  routine(kind: 'function' | 'procedure', schema: string, name: string): MysqlRoutine | null;
  isLoadable(name: string): boolean;
  /** Every table named so, in whatever schema: what a name stands for while the database is not known. */
  tablesNamed(name: string): readonly MysqlTable[];
  /** Every table of a schema. */
  tablesIn(schema: string): readonly MysqlTable[];
}

/** The mode in which a session's text is read. */
export interface MysqlReading {
  readonly catalog: MysqlCatalogView;
  /** The current database; undefined while it is not known, null where none is chosen. */
  readonly schema: string | null | undefined;
  /** sql_mode as the session has it, combinations resolved, upper case. */
  readonly sqlMode: ReadonlySet<string>;
  readonly temporary: readonly { readonly name: string; readonly columns: readonly string[] | null }[];
}
