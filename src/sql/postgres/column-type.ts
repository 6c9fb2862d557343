/**
 * The type of a column whose values are those of one table or view, however many queries it was handed through. What
 * is computed has none here, nor what a set operation puts side by side with it: such values are of the asker's choice.
 */
import { type AstNode, nodes, stringOf } from './ast.ts';
import type { Range, Scope } from './scope.ts';

/** As format_type prints it; null where the value is no such column. */
export function typeOfColumn(value: AstNode, scope: Scope): string | null {
  if (value.tag !== 'ColumnRef') return null;
  const fields = nodes(value.body, 'fields');
  const last = fields.at(-1);
  if (last?.tag !== 'String' || fields.some((field) => field.tag !== 'String')) return null;
  const name = stringOf(last);
  const path = fields.slice(0, -1).map(stringOf);
  const ranges =
    path.length === 0
      ? rangesWith(scope, name)
      : scope.rangesNamed(path.at(-1) ?? '', path.length > 1 ? (path.at(-2) ?? null) : null);
  if (ranges.some((range) => range.open)) return null;
  const columns = ranges.flatMap((range) => range.columns.filter((column) => column.name === name));
  const type = columns[0]?.type ?? null;
  return columns.every((column) => column.type === type) ? type : null;
}

function rangesWith(scope: Scope, name: string): readonly Range[] {
  for (let at: Scope | null = scope; at !== null; at = at.parent) {
    const found = at.ranges.filter(
      (range) => range.open || range.columns.some((column) => column.name === name),
    );
    if (found.length > 0) return found;
  }
  return [];
}
