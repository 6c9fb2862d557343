/**
 * Syntax trees of MySQL's and MariaDB's statements, as the parser makes them. Closed unions: what is not here cannot
 * be read, and is denied. Offsets are bytes in the statement's text.
 */

/** A name as written, quotes resolved. */
export interface TableName {
  readonly schema: string | null;
  readonly name: string;
  readonly at: number;
}

export type Expression =
  | { readonly is: 'literal'; readonly literal: Literal; readonly at: number; readonly end: number }
  | { readonly is: 'parameter'; readonly index: number }
  | {
      readonly is: 'column';
      readonly schema: string | null;
      readonly table: string | null;
      readonly name: string;
      readonly at: number;
    }
  | { readonly is: 'user-variable'; readonly name: string }
  | {
      readonly is: 'system-variable';
      readonly scope: 'global' | 'session' | 'local' | null;
      readonly name: string;
    }
  /** `@v := x`. */
  | { readonly is: 'assign'; readonly variable: string; readonly value: Expression }
  /** `-`, `+`, `~`, `!`, `NOT`, `BINARY`, `PRIOR`. */
  | { readonly is: 'unary'; readonly operator: string; readonly operand: Expression }
  /** Operands of one operator in a row, left to right: `a + b + c` has three. Upper-case words: AND, OR, XOR, DIV, MOD. */
  | { readonly is: 'operator'; readonly operator: string; readonly operands: readonly Expression[] }
  /** `=`, `<=>`, `<>`, `<`, `<=`, `>`, `>=`, and with a quantified subquery. `!=` is `<>`. */
  | {
      readonly is: 'comparison';
      readonly operator: string;
      readonly left: Expression;
      readonly right: Expression;
      readonly quantifier: 'any' | 'all' | null;
    }
  | {
      readonly is: 'between';
      readonly negated: boolean;
      readonly operand: Expression;
      readonly low: Expression;
      readonly high: Expression;
    }
  | {
      readonly is: 'in';
      readonly negated: boolean;
      readonly operand: Expression;
      readonly list: readonly Expression[] | Query;
    }
  | {
      readonly is: 'like';
      readonly negated: boolean;
      readonly operand: Expression;
      readonly pattern: Expression;
      readonly escape: Expression | null;
    }
  /** REGEXP, RLIKE, SOUNDS LIKE, MEMBER OF. */
  | {
      readonly is: 'match-operator';
      readonly operator: string;
      readonly negated: boolean;
      readonly left: Expression;
      readonly right: Expression;
    }
  /** IS [NOT] NULL, TRUE, FALSE, UNKNOWN, and MariaDB's IS JSON-like words. */
  | { readonly is: 'is'; readonly negated: boolean; readonly operand: Expression; readonly what: string }
  | { readonly is: 'collate'; readonly operand: Expression; readonly collation: string }
  | {
      readonly is: 'case';
      readonly operand: Expression | null;
      readonly whens: readonly { readonly when: Expression; readonly then: Expression }[];
      readonly otherwise: Expression | null;
    }
  /** CAST, CONVERT with a type or a character set. */
  | { readonly is: 'cast'; readonly operand: Expression; readonly type: string; readonly array: boolean }
  /** INTERVAL x unit, where the grammar has it. */
  | { readonly is: 'interval'; readonly value: Expression; readonly unit: string }
  | { readonly is: 'row'; readonly items: readonly Expression[] }
  | { readonly is: 'exists'; readonly query: Query }
  | { readonly is: 'subquery'; readonly query: Query }
  /** MATCH (columns) AGAINST (expression). */
  | { readonly is: 'match'; readonly columns: readonly Expression[]; readonly against: Expression }
  /** `column->path`, `->>`. */
  | {
      readonly is: 'json-arrow';
      readonly column: Expression;
      readonly path: Expression;
      readonly unquoted: boolean;
    }
  /** DEFAULT, DEFAULT(column), VALUES(column), VALUE(column). */
  | { readonly is: 'default'; readonly column: Expression | null }
  | { readonly is: 'inserted'; readonly column: Expression }
  /** NEXT VALUE FOR s, PREVIOUS VALUE FOR s, NEXTVAL(s), LASTVAL(s), SETVAL(s, …). */
  | {
      readonly is: 'sequence';
      readonly act: 'next' | 'previous' | 'set';
      readonly sequence: TableName;
      readonly args: readonly Expression[];
    }
  | FunctionCall;

export interface FunctionCall {
  readonly is: 'call';
  readonly schema: string | null;
  /** As written; built-in ones compare in upper case. */
  readonly name: string;
  readonly args: readonly Expression[];
  /** COUNT(*). */
  readonly star: boolean;
  readonly distinct: boolean;
  /** GROUP_CONCAT's and JSON_ARRAYAGG's. */
  readonly orderBy: readonly OrderItem[];
  readonly limit: Limit | null;
  readonly withinGroup: readonly OrderItem[];
  readonly over: WindowSpec | string | null;
  readonly at: number;
}

export type Literal =
  | { readonly kind: 'integer' | 'decimal' | 'float' | 'hex' | 'bit' | 'string'; readonly text: string }
  | { readonly kind: 'null' }
  | { readonly kind: 'boolean'; readonly value: boolean }
  /** DATE '…', TIME '…', TIMESTAMP '…', {d '…'}. */
  | { readonly kind: 'temporal'; readonly type: string; readonly text: string };

export interface OrderItem {
  readonly by: Expression;
  readonly descending: boolean;
}

export interface Limit {
  readonly count: Expression | null;
  readonly offset: Expression | null;
  /** MariaDB: ROWS EXAMINED. */
  readonly examined: Expression | null;
  readonly withTies: boolean;
}

export interface WindowSpec {
  readonly base: string | null;
  readonly partitionBy: readonly Expression[];
  readonly orderBy: readonly OrderItem[];
  /** Expressions of frame bounds. */
  readonly frame: readonly Expression[];
}

export interface Query {
  readonly is: 'query';
  readonly with: With | null;
  readonly body: QueryBody;
  readonly orderBy: readonly OrderItem[];
  readonly limit: Limit | null;
  /** FOR UPDATE, FOR SHARE, LOCK IN SHARE MODE. */
  readonly locks: 'update' | 'share' | null;
  readonly into: Into | null;
  /** PROCEDURE ANALYSE(…): MariaDB. */
  readonly procedure: string | null;
  readonly at: number;
}

export type QueryBody =
  | Select
  | {
      readonly is: 'set-operation';
      readonly operator: 'union' | 'except' | 'intersect';
      readonly all: boolean;
      readonly operands: readonly Query[];
    }
  /** VALUES ROW(…), ROW(…); MariaDB: VALUES (…), (…). */
  | { readonly is: 'values'; readonly rows: readonly (readonly Expression[])[] }
  | { readonly is: 'table'; readonly table: TableName }
  /** A query in parentheses with clauses of its own, to which ORDER BY and LIMIT outside of them apply: `(… LIMIT 5) LIMIT 2`. */
  | { readonly is: 'nested'; readonly query: Query };

export interface With {
  readonly recursive: boolean;
  readonly ctes: readonly {
    readonly name: string;
    readonly columns: readonly string[] | null;
    readonly query: Query;
  }[];
}

export interface Select {
  readonly is: 'select';
  /** Upper case: DISTINCT, SQL_CALC_FOUND_ROWS, STRAIGHT_JOIN… */
  readonly options: readonly string[];
  readonly items: readonly SelectItem[];
  readonly from: FromItem | null;
  readonly where: Expression | null;
  readonly groupBy: readonly OrderItem[];
  readonly rollup: boolean;
  readonly having: Expression | null;
  readonly windows: readonly { readonly name: string; readonly spec: WindowSpec }[];
  readonly qualify: Expression | null;
  /** Optimizer hints, as the text between the marks; SET_VAR among them sets things. */
  readonly hints: readonly string[];
  /** Oracle's CONNECT BY and the like have no place here: they are not read. */
  readonly at: number;
}

export type SelectItem =
  | {
      readonly is: 'star';
      readonly schema: string | null;
      readonly table: string | null;
      readonly at: number;
    }
  /** `name`: the column's name as the server gives it: the alias, or the expression's own text. */
  | {
      readonly is: 'item';
      readonly expression: Expression;
      readonly alias: string | null;
      readonly name: string;
    };

export type Into =
  | { readonly into: 'outfile' | 'dumpfile'; readonly file: string }
  | { readonly into: 'variables'; readonly names: readonly string[] };

export type FromItem =
  | {
      readonly is: 'table';
      readonly table: TableName;
      readonly alias: string | null;
      readonly partitions: readonly string[] /** FOR SYSTEM_TIME. */;
      readonly history: readonly Expression[] | null;
    }
  | {
      readonly is: 'derived';
      readonly query: Query;
      readonly alias: string | null;
      readonly columns: readonly string[] | null;
      readonly lateral: boolean;
    }
  | {
      readonly is: 'json-table';
      readonly document: Expression;
      readonly path: Expression;
      readonly columns: readonly JsonTableColumn[];
      readonly alias: string;
    }
  | {
      readonly is: 'join';
      readonly kind: 'inner' | 'left' | 'right' | 'full';
      readonly left: FromItem;
      readonly right: FromItem;
      readonly on: Expression | null;
      readonly using: readonly string[] | null;
      readonly natural: boolean;
    }
  | { readonly is: 'dual' };

export type JsonTableColumn =
  | {
      readonly is: 'column';
      readonly name: string /** The type as written; null FOR ORDINALITY. */;
      readonly type: string | null;
    }
  | { readonly is: 'nested'; readonly columns: readonly JsonTableColumn[] };

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
       * NULL, DEFAULT and parameters; `plain` is how many others there are, whose values are not kept.
       */
      readonly source:
        | { readonly rows: readonly (readonly Expression[])[]; readonly plain: number }
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
