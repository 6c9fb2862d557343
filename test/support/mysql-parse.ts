/** Statements of MySQL and MariaDB read by the product's own lexer and parser, and trees written out again. */
import type { Expression, FromItem, Query, Statement } from '../../src/sql/mysql/ast.ts';
import { Lexer } from '../../src/sql/mysql/lexer.ts';
import { parseStatements } from '../../src/sql/mysql/parser/index.ts';
import type { LexerMode } from '../../src/sql/mysql/token.ts';

export interface Reading {
  readonly flavour?: 'mysql' | 'mariadb';
  readonly version?: number;
  readonly modes?: readonly string[];
}

function modeOf({ flavour = 'mariadb', version, modes = [] }: Reading): LexerMode {
  return {
    flavour,
    version: version ?? (flavour === 'mysql' ? 90_700 : 101_119),
    sqlMode: new Set(modes),
  };
}

export function parseText(text: string, reading: Reading = {}): ReturnType<typeof parseStatements> {
  const mode = modeOf(reading);
  const lexer = new Lexer();
  const bytes = Buffer.from(text);
  const scanned = lexer.scan(bytes, 0, bytes.length, mode);
  if (scanned.outcome !== 'ok') throw new Error(scanned.reason);
  return parseStatements(lexer, mode);
}

export function parseOne(text: string, reading: Reading = {}): Statement {
  const [first, ...others] = parseText(text, reading);
  if (first === undefined || others.length > 0) throw new Error('not one statement');
  return first.statement;
}

export function queryOf(text: string, reading: Reading = {}): Query {
  const statement = parseOne(text, reading);
  if (statement.is !== 'select') throw new Error(`a ${statement.is}`);
  return statement.query;
}

/** The first column of a SELECT. */
export function expressionOf(text: string, reading: Reading = {}): Expression {
  const { body } = queryOf(`SELECT ${text}`, reading);
  const item = body.is === 'select' ? body.items[0] : undefined;
  if (item?.is !== 'item') throw new Error('no expression');
  return item.expression;
}

/** The expression with every pair of parentheses that it could have, as text that the servers read again. */
export function written(e: Expression): string {
  switch (e.is) {
    case 'literal':
      return writtenLiteral(e);
    case 'parameter':
      return '?';
    case 'column':
      return [e.schema, e.table, e.name].filter((part) => part !== null).join('.');
    case 'user-variable':
      return `@${e.name}`;
    case 'assign':
      return `(@${e.variable} := ${written(e.value)})`;
    case 'unary':
      return `(${e.operator} ${written(e.operand)})`;
    case 'operator':
      return writtenOperator(e.operator, e.operands);
    case 'interval':
      return `INTERVAL ${written(e.value)} ${e.unit}`;
    case 'comparison':
      return `(${written(e.left)} ${e.operator} ${e.quantifier ?? ''}${written(e.right)})`;
    case 'between':
      return `(${written(e.operand)} ${not(e)}BETWEEN ${written(e.low)} AND ${written(e.high)})`;
    case 'in':
      return `(${written(e.operand)} ${not(e)}IN (${'is' in e.list ? 'query' : e.list.map(written).join(', ')}))`;
    case 'like':
      return `(${written(e.operand)} ${not(e)}LIKE ${written(e.pattern)}${e.escape === null ? '' : ` ESCAPE ${written(e.escape)}`})`;
    case 'match-operator':
      return `(${written(e.left)} ${not(e)}${e.operator} ${written(e.right)})`;
    case 'is':
      return `(${written(e.operand)} IS ${not(e)}${e.what})`;
    case 'collate':
      return `(${written(e.operand)} COLLATE ${e.collation})`;
    case 'case':
      return `(CASE ${e.operand === null ? '' : `${written(e.operand)} `}${e.whens.map((w) => `WHEN ${written(w.when)} THEN ${written(w.then)} `).join('')}${e.otherwise === null ? '' : `ELSE ${written(e.otherwise)} `}END)`;
    case 'call':
      return `${e.name}(${e.star ? '*' : e.args.map(written).join(', ')})`;
    case 'row':
      return `(${e.items.map(written).join(', ')})`;
    case 'subquery':
      return '(query)';
    default:
      return `<${e.is}>`;
  }
}

function not({ negated }: { readonly negated: boolean }): string {
  return negated ? 'NOT ' : '';
}

function writtenLiteral({ literal }: Extract<Expression, { is: 'literal' }>): string {
  if (literal.kind === 'null') return 'NULL';
  if (literal.kind === 'boolean') return literal.value ? 'TRUE' : 'FALSE';
  if (literal.kind === 'temporal') return `${literal.type}'${literal.text}'`;
  return literal.kind === 'string' ? `'${literal.text}'` : literal.text;
}

function writtenOperator(operator: string, operands: readonly Expression[]): string {
  return operands
    .slice(1)
    .reduce((left, right) => `(${left} ${operator} ${written(right)})`, writtenFirst(operands));
}

function writtenFirst(operands: readonly Expression[]): string {
  const [first] = operands;
  return first === undefined ? '' : written(first);
}

/** Joins with their parentheses. */
export function writtenFrom(item: FromItem | null): string {
  if (item === null) return '';
  switch (item.is) {
    case 'table':
      return item.alias ?? item.table.name;
    case 'derived':
      return `${item.lateral ? 'lateral ' : ''}${item.alias}(${item.columns?.join() ?? ''})`;
    case 'json-table':
      return `json ${item.alias}`;
    case 'dual':
      return 'dual';
    case 'join': {
      const condition = item.on === null ? (item.using?.join() ?? '') : written(item.on);
      const words = `${item.natural ? 'natural ' : ''}${item.kind}`;
      return `(${writtenFrom(item.left)} ${words} ${writtenFrom(item.right)}${condition === '' ? '' : ` on ${condition}`})`;
    }
  }
}

/** Set operations with their parentheses; each SELECT by its first column. */
export function writtenQuery(query: Query): string {
  const { body, orderBy, limit } = query;
  const tail = `${orderBy.length > 0 ? ' order' : ''}${limit === null ? '' : ' limit'}`;
  switch (body.is) {
    case 'select': {
      const [item] = body.items;
      return `${item?.is === 'item' ? written(item.expression) : '*'}${tail}`;
    }
    case 'values':
      return `values${tail}`;
    case 'table':
      return `table ${body.table.name}${tail}`;
    case 'nested':
      return `[${writtenQuery(body.query)}]${tail}`;
    case 'set-operation':
      return `(${body.operands.map(writtenQuery).join(` ${body.operator}${body.all ? ' all' : ''} `)})${tail}`;
  }
}
