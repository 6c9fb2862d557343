/** Subqueries on a trial row. */
import { isArray, isObject, type Json } from '../../core/json.ts';
import { type AstNode, names, node, nodes, stringOf, text } from './ast.ts';
import type { Target } from './restricts.ts';
import { freeTruth } from './sample-row.ts';
import type { Trial } from './trial.ts';
import { every, keyOf, NO_COLUMNS, type Value } from './trial-value.ts';

/** Of a subquery over the very table that is changed, its row is one that is found. */
export function subquery(trial: Trial, link: AstNode): Value {
  const columns = new Set<string>();
  columnsIn(link.body, trial.target, columns);
  const key = keyOf(link);
  const query = node(link.body, 'subselect');
  const type = text(link.body, 'subLinkType');
  const isPlain = query?.tag === 'SelectStmt' && !NARROWING.some((field) => query.body[field] !== undefined);
  const from = query === null ? [] : nodes(query.body, 'fromClause');
  const itself = isPlain && from.every((item) => trial.target.isTable(item.body));
  const free = columns.size === 0 ? undefined : freeTruth(trial.sample, key);
  if (query === null || !itself || type === 'ARRAY_SUBLINK' || type === 'ALL_SUBLINK')
    return { known: type === 'EXPR_SUBLINK' || type === 'ARRAY_SUBLINK' ? undefined : free, key, columns };
  const where = node(query.body, 'whereClause');
  const found = where === null ? true : trial.truth(trial.value(where));
  const [only] = nodes(query.body, 'targetList');
  const value = only === undefined ? null : node(only.body, 'val');
  if (type === 'EXISTS_SUBLINK') return { known: found === null ? false : found, key, columns };
  if (value === null || hasCall(value))
    return { known: type === 'EXPR_SUBLINK' ? undefined : free, key, columns };
  if (type === 'EXPR_SUBLINK')
    return from.length === 0 && found === true
      ? trial.value(value)
      : { known: undefined, key, columns: NO_COLUMNS };
  const tested = node(link.body, 'testexpr');
  const operator = names(link.body, 'operName').at(-1) ?? '=';
  if (tested === null) return { known: free, key, columns };
  return {
    known: every([trial.compare(operator, trial.list(tested), trial.list(value)), found]),
    key,
    columns,
  };
}

const NARROWING: readonly string[] = [
  'limitCount',
  'limitOffset',
  'havingClause',
  'groupClause',
  'valuesLists',
  'larg',
  'withClause',
];

/** An aggregate is of all rows. */
function hasCall(value: AstNode): boolean {
  return value.tag === 'FuncCall' || JSON.stringify(value.body).includes('"FuncCall"');
}

export function columnsIn(part: Json | undefined, target: Target, into: Set<string>): void {
  if (isArray(part)) for (const item of part) columnsIn(item, target, into);
  if (!isObject(part)) return;
  const body = part['ColumnRef'];
  if (isObject(body)) {
    const reference = { tag: 'ColumnRef', body };
    if (target.refers(reference)) into.add(lastName(reference));
    return;
  }
  for (const inner of Object.values(part)) columnsIn(inner, target, into);
}

function lastName({ body }: AstNode): string {
  const last = nodes(body, 'fields').at(-1);
  return last?.tag === 'String' ? stringOf(last) : '*';
}
