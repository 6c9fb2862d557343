/**
 * Syntax trees of MySQL's and MariaDB's statements, as the parser makes them. Closed unions: what is not here cannot
 * be read, and is denied. Offsets are bytes in the statement's text.
 */
export type {
  Assignment,
  ColumnDefinition,
  DefinitionStatement,
  ParsedStatement,
  SetAssignment,
  Statement,
} from './ast-statements.ts';

/** A name as written, quotes resolved. */
export interface TableName {
  readonly schema: string | null;
  readonly name: string;
  readonly at: number;
}

export type Expression =
  | {
      readonly is: 'literal';
      readonly literal: Literal;
      /** The character set that is written before it. */
      readonly introducer?: string;
      readonly at: number;
      readonly end: number;
    }
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
