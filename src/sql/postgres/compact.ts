/**
 * Thins out the tree of a long statement: rows of VALUES and members of IN lists that are plain constants say
 * nothing that the first of them does not, and a bulk INSERT is made of nothing else. Done in the worker, so that
 * the event loop neither copies nor walks them.
 */
import { isArray, isObject, type Json, type JsonObject } from '../../core/json.ts';

/** In place of the rows left out of a `valuesLists`: how many there were. */
export const ROWS_FIELD = 'sluiceRows';

export function compact(tree: Json): Json {
  if (isArray(tree)) return tree.map(compact);
  if (!isObject(tree)) return tree;
  const thinned: Record<string, Json | undefined> = {};
  for (const [key, value] of Object.entries(tree)) {
    if (value === undefined) continue;
    if (key === 'valuesLists' && isArray(value)) {
      thinned[ROWS_FIELD] = value.length;
      thinned[key] = firstOf(value, isConstantRow).map(compact);
    } else if (key === 'elements' && isArray(value)) thinned[key] = firstOf(value, isConstant).map(compact);
    else if (key === 'rexpr' && isObject(value)) thinned[key] = compactMembers(value);
    else thinned[key] = compact(value);
  }
  return thinned;
}

/** The right side of an operator: where it is the list of an IN, its constants count as one. */
function compactMembers(right: JsonObject): Json {
  const list = right['List'];
  const items = isObject(list) ? list['items'] : undefined;
  if (!isObject(list) || items === undefined || !isArray(items)) return compact(right);
  return { List: { ...list, items: firstOf(items, isConstant).map(compact) } };
}

/** Everything that is not `plain`, and the first that is. */
function firstOf(list: readonly Json[], plain: (item: Json) => boolean): readonly Json[] {
  let seen = false;
  return list.filter((item) => {
    if (!plain(item)) return true;
    if (seen) return false;
    seen = true;
    return true;
  });
}

function isConstantRow(item: Json): boolean {
  const list = isObject(item) ? item['List'] : undefined;
  const items = isObject(list) ? list['items'] : undefined;
  return items !== undefined && isArray(items) && items.every(isConstant);
}

function isConstant(item: Json): boolean {
  return isObject(item) && item['A_Const'] !== undefined;
}
