/**
 * Columns that a definition names for their values to be compared: keys, constraints, indexes, statistics. Where the
 * values are not as they have to be, the server's error shows them.
 */
import { isArray, isObject, type Json, type JsonObject } from '../../core/json.ts';
import type { Analysis } from './analysis.ts';
import { nodes, stringOf, struct, text } from './ast.ts';

/** `statement` has the table that the columns belong to, unless a constraint names another. */
export function compareColumns(a: Analysis, tree: Json, statement: JsonObject): void {
  if (isArray(tree)) {
    for (const item of tree) compareColumns(a, item, statement);
    return;
  }
  if (!isObject(tree)) return;
  for (const key in tree) {
    const value = tree[key];
    if (value === undefined || typeof value !== 'object' || value === null) continue;
    if (isObject(value) && (key === 'IndexElem' || key === 'StatsElem')) {
      const column = text(value, 'name');
      if (column !== null) compare(a, tableOf(statement), [column]);
    }
    if (isObject(value) && key === 'Constraint') compareInConstraint(a, value, tableOf(statement));
    if (isObject(value) && key === 'AlterTableCmd' && value['subtype'] === 'AT_ClusterOn')
      orderByIndex(a, statement);
    a.nested(() => compareColumns(a, value, statement));
  }
}

/**
 * Rows that are put in the order of an index come out in it from then on. Which columns the index has is not looked
 * up: any may be one.
 */
export function orderByIndex(a: Analysis, statement: JsonObject): void {
  const table = tableOf(statement);
  if (table === null) return;
  for (const candidate of a.candidates(text(table, 'schemaname'), text(table, 'relname') ?? '')) {
    const columns = candidate.relation?.columns.map(({ name }) => name) ?? ['*'];
    const { schema, name } = candidate;
    for (const column of columns) a.uses.addColumn({ schema, table: name, column }, 'order');
  }
}

function tableOf(statement: JsonObject): JsonObject | null {
  return struct(statement, 'relation') ?? nodes(statement, 'relations')[0]?.body ?? null;
}

function compareInConstraint(a: Analysis, constraint: JsonObject, table: JsonObject | null): void {
  for (const field of ['keys', 'fk_attrs', 'including']) {
    compare(a, table, nodes(constraint, field).map(stringOf));
  }
  compare(a, struct(constraint, 'pktable'), nodes(constraint, 'pk_attrs').map(stringOf));
}

function compare(a: Analysis, table: JsonObject | null, columns: readonly string[]): void {
  if (table === null) return;
  for (const { schema, name } of a.candidates(text(table, 'schemaname'), text(table, 'relname') ?? '')) {
    for (const column of columns) a.uses.addColumn({ schema, table: name, column }, 'group', 'equality');
  }
}
