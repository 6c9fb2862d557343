/** ORDER BY, GROUP BY and DISTINCT ON, where a name or a number may mean an output column. */
import type { Place } from '../../core/facts.ts';
import type { Analysis } from './analysis.ts';
import { type AstNode, constantOf, locationOf, node, nodes, stringOf } from './ast.ts';
import { lookUpColumn } from './columns.ts';
import { expression } from './expression.ts';
import type { Scope } from './scope.ts';

/** Records the columns that the list orders or groups by. `scope.outputs` holds the output columns. */
export function ordering(a: Analysis, list: readonly AstNode[], scope: Scope, place: Place): void {
  for (const item of list) orderBy(a, item, scope, place);
}

function orderBy(a: Analysis, item: AstNode, scope: Scope, place: Place): void {
  switch (item.tag) {
    case 'SortBy': {
      a.visited.add(item.body);
      const inner = node(item.body, 'node');
      if (inner !== null) orderBy(a, inner, scope, place);
      return;
    }
    case 'GroupingSet':
      a.visited.add(item.body);
      for (const inner of nodes(item.body, 'content')) orderBy(a, inner, scope, place);
      return;
    case 'A_Const': {
      const constant = constantOf(item.body);
      a.lookAt(locationOf(item.body));
      if (constant.kind === 'integer')
        a.uses.addColumns(
          scope.outputs[constant.value - 1]?.origins ?? null,
          place,
          place === 'group' ? 'equality' : 'anything',
        );
      return;
    }
    default: {
      const name = bareNameOf(item);
      const outputs = scope.outputs.filter((output) => output.name === name);
      // Output name or input column: which one the server takes depends on the clause, so both are recorded.
      const reveals = place === 'group' ? 'equality' : 'anything';
      for (const output of outputs) a.uses.addColumns(output.origins, place, reveals);
      if (name !== null && outputs.length > 0 && lookUpColumn(scope, name) === undefined) {
        a.visited.add(item.body);
        return;
      }
      a.revealing(reveals, item, () => expression(a, item, scope, place));
    }
  }
}

function bareNameOf(item: AstNode): string | null {
  if (item.tag !== 'ColumnRef') return null;
  const fields = nodes(item.body, 'fields');
  const only = fields.length === 1 ? fields[0] : undefined;
  return only?.tag === 'String' ? stringOf(only) : null;
}
