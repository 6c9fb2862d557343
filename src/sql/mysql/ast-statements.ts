/** Syntax trees of whole statements; what they are made of is in ast.ts. Closed unions, as there. */
import type { Expression, FromItem, Limit, OrderItem, Query, SelectItem, TableName, With } from './ast.ts';

export interface Assignment {
  readonly column: Extract<Expression, { is: 'column' }>;
  readonly value: Expression;
}

/** A column of a definition, as far as temporary tables and CREATE … SELECT need it. */
export interface ColumnDefinition {
  readonly name: string;
  readonly type: string;
}

export type Statement =
  | { readonly is: 'select'; readonly query: Query }
  | {
      readonly is: 'insert';
      readonly verb: 'INSERT' | 'REPLACE';
      readonly with: With | null;
      readonly table: TableName;
      readonly partitions: readonly string[];
      readonly columns: readonly Extract<Expression, { is: 'column' }>[] | null;
      /**
       * VALUES rows; SET is one row of one value for each column. `rows` are those that hold anything but literals,
       * NULL, DEFAULT and parameters; `plain` is how many others there are, whose values are not kept;
       * `literals` are places of theirs, as many as a repeated statement may have.
       */
      readonly source:
        | {
            readonly rows: readonly (readonly Expression[])[];
            readonly plain: number;
            readonly literals: readonly number[];
          }
        | { readonly query: Query };
      /** VALUES … AS new(a, b). */
      readonly rowAlias: { readonly name: string; readonly columns: readonly string[] | null } | null;
      readonly onDuplicate: readonly Assignment[];
      readonly returning: readonly SelectItem[] | null;
      readonly options: readonly string[];
      readonly hints: readonly string[];
    }
  | {
      readonly is: 'update';
      readonly with: With | null;
      readonly from: FromItem;
      readonly assignments: readonly Assignment[];
      readonly where: Expression | null;
      readonly orderBy: readonly OrderItem[];
      readonly limit: Limit | null;
      readonly returning: readonly SelectItem[] | null;
      readonly hints: readonly string[];
    }
  | {
      readonly is: 'delete';
      readonly with: With | null;
      /** Names or aliases of `from` whose rows go; null: the one table of `from`. */
      readonly targets: readonly TableName[] | null;
      readonly from: FromItem;
      readonly where: Expression | null;
      readonly orderBy: readonly OrderItem[];
      readonly limit: Limit | null;
      readonly returning: readonly SelectItem[] | null;
      readonly hints: readonly string[];
    }
  | { readonly is: 'do'; readonly expressions: readonly Expression[] }
  | { readonly is: 'call'; readonly procedure: TableName; readonly args: readonly Expression[] }
  | { readonly is: 'set'; readonly assignments: readonly SetAssignment[] }
  /** SET STATEMENT a = b, … FOR statement. */
  | {
      readonly is: 'set-statement';
      readonly assignments: readonly SetAssignment[];
      readonly statement: Statement;
    }
  | { readonly is: 'use'; readonly schema: string }
  /** EXPLAIN, DESCRIBE, ANALYZE of a statement. `runs`: the statement is carried out. */
  | {
      readonly is: 'explain';
      readonly statement: Statement;
      readonly runs: boolean;
      readonly format: string | null;
      /** MySQL: INTO @v, which takes the plan. */
      readonly into: string | null;
    }
  /** DESCRIBE table, EXPLAIN table, SHOW COLUMNS is `show`. */
  | { readonly is: 'describe'; readonly table: TableName; readonly column: string | null }
  | { readonly is: 'explain-connection'; readonly id: number }
  /** `what`: upper-case words such as `TABLES`, `CREATE TABLE`, `FULL PROCESSLIST`. */
  | {
      readonly is: 'show';
      readonly what: string;
      readonly table: TableName | null;
      readonly schema: string | null;
      readonly where: Expression | null;
      /** The pattern behind LIKE, and where it stands. */
      readonly like: { readonly text: string; readonly at: number } | null;
      readonly limit: Limit | null;
    }
  | {
      readonly is: 'prepare';
      readonly name: string;
      readonly from: { readonly text: string } | { readonly expression: Expression };
    }
  | { readonly is: 'execute'; readonly name: string; readonly using: readonly Expression[] }
  | {
      readonly is: 'execute-immediate';
      readonly from: { readonly text: string } | { readonly expression: Expression };
      readonly using: readonly Expression[];
    }
  | { readonly is: 'deallocate'; readonly name: string }
  | {
      readonly is: 'transaction';
      readonly act: 'begin' | 'commit' | 'rollback' | 'savepoint' | 'rollback-to' | 'release' | 'set' | 'xa';
      readonly readOnly: boolean /** COMMIT AND CHAIN, RELEASE. */;
      readonly chain: boolean;
      readonly release: boolean;
    }
  | {
      readonly is: 'lock-tables';
      readonly tables: readonly { readonly table: TableName; readonly write: boolean }[];
    }
  | { readonly is: 'unlock-tables' }
  | {
      readonly is: 'kill';
      readonly query: boolean /** Null where it is no plain number. */;
      readonly id: number | null;
    }
  | {
      readonly is: 'handler';
      readonly table: TableName;
      readonly act: 'open' | 'read' | 'close';
      readonly where: Expression | null;
      readonly limit: Limit | null;
    }
  | {
      readonly is: 'load';
      readonly local: boolean;
      readonly file: string;
      readonly xml: boolean;
      readonly table: TableName;
      readonly columns: readonly Expression[];
      readonly assignments: readonly Assignment[];
    }
  | { readonly is: 'truncate'; readonly table: TableName }
  | {
      readonly is: 'diagnostics' /** GET DIAGNOSTICS: where what it reads goes. */;
      readonly variables: readonly string[];
    }
  | { readonly is: 'signal'; readonly expressions: readonly Expression[] }
  | DefinitionStatement
  /** Statements that only administrate, known by their leading words: `GRANT`, `FLUSH`, `CREATE USER`, `PURGE BINARY LOGS`… */
  | {
      readonly is: 'administration';
      readonly kind: string;
      readonly tables: readonly TableName[] /** Files that it names. */;
      readonly files: boolean;
    }
  /** CHECK, CHECKSUM, ANALYZE, OPTIMIZE, REPAIR TABLE, CACHE INDEX. */
  | { readonly is: 'maintenance'; readonly kind: string; readonly tables: readonly TableName[] };

/** What defines or destroys objects. `kind`: the verb as in facts, such as `CREATE TABLE`, `DROP VIEW`, `ALTER TABLE`. */
export interface DefinitionStatement {
  readonly is: 'definition';
  readonly kind: string;
  /** The object, where it is no table: a database, routine, event, trigger, user. */
  readonly object: string | null;
  /** Tables and views that are made, changed or destroyed. RENAME names both. */
  readonly tables: readonly TableName[];
  /** Tables that are read or referred to: LIKE, REFERENCES, the trigger's, EXCHANGE PARTITION's. */
  readonly refers: readonly TableName[];
  readonly temporary: boolean;
  readonly orReplace: boolean;
  readonly ifExists: boolean;
  /** It takes columns or rows away: DROP COLUMN, DROP PARTITION, MODIFY, OR REPLACE TABLE. */
  readonly destroys: boolean;
  readonly columns: readonly ColumnDefinition[];
  /** CREATE TABLE … SELECT, CREATE VIEW … AS. */
  readonly query: Query | null;
  /** A body that the server will run later: a routine's, trigger's or event's. It is not read. */
  readonly hasBody: boolean;
  /** Files that it names: DATA DIRECTORY, a tablespace's file, CREATE FUNCTION … SONAME. */
  readonly files: boolean;
  /** ENGINE as written, of a table or one of its partitions; null where none is. */
  readonly engine: string | null;
  /** Columns that were there before and that it changes, renames or drops. */
  readonly alters: readonly string[];
  /** Those of them that have another name afterwards. */
  readonly renames: readonly string[];
  /** Expressions whose values are kept: of DEFAULT and of generated columns. */
  readonly stores: readonly Expression[];
  /** Expressions whose values decide: of CHECK, PARTITION BY, and columns and expressions of keys; those of a table referred to stand with its name. */
  readonly compares: readonly Expression[];
}

export interface SetAssignment {
  readonly target:
    | { readonly is: 'user-variable'; readonly name: string }
    /** Lower case. `scope` null: the session. NAMES and CHARACTER SET are `names` and `character_set`; PASSWORD, ROLE, DEFAULT ROLE are `password`, `role`, `default_role`. */
    | {
        readonly is: 'system-variable';
        readonly scope: 'global' | 'session' | 'local' | 'persist' | 'persist_only' | null;
        readonly name: string;
      };
  /** A bare word (`utf8mb4`, `ON`) is a string literal. Null: DEFAULT. */
  readonly value: Expression | null;
}

/** One statement of a text, with where it stands. */
export interface ParsedStatement {
  readonly statement: Statement;
  readonly start: number;
  readonly end: number;
  /** How many `?` it has. */
  readonly parameters: number;
}
