/** Column references: which ranges, and which columns of theirs, a name may stand for, by clause and from inside out. */
import type { Place } from '../../core/facts.ts';
import type { Origins } from '../origins.ts';
import type { Analysis, ColumnReference } from './analysis.ts';
import { MAY_FAIL, meet, NOTHING_CARRIED } from './carried.ts';
import { foldName } from './fold-name.ts';
import { column, columnOf, eitherColumn, type Range, type Scope, type ScopeColumn } from './scope.ts';

/** What a reference stands for. */
export interface Reached {
  readonly column: ScopeColumn;
  readonly ranges: readonly Range[];
  /** Whether there surely is such a column here, so that no scope further out is asked. */
  readonly certain: boolean;
}

/** The origins of a column; a name that nothing in scope has is of unknown origin. */
export function columnReference(
  a: Analysis,
  reference: ColumnReference,
  scope: Scope,
  place: Place,
): Origins {
  const found = lookUp(a, reference, scope);
  a.reached.set(reference, found);
  if (found === null) a.unresolved = true;
  else {
    meet(a, found.column.carried);
    if (/^json\b/i.test(found.column.type ?? '')) a.documents++;
  }
  const origins = found === null ? null : found.column.origins;
  a.uses.addColumns(origins, place);
  return origins;
}

/** Walks out from `scope`; null where nothing has such a column. */
export function lookUp(a: Analysis, reference: ColumnReference, scope: Scope): Reached | null {
  let found: Reached | null = null;
  for (let at: Scope | null = scope; at !== null; at = at.parent) {
    const here = lookUpHere(a, reference, at);
    if (here === null) continue;
    found = found === null ? here : either(found, here);
    if (here.certain) return found;
  }
  return found;
}

/**
 * The server asks the tables first in the select list, the select list first in HAVING, either in GROUP BY and ORDER
 * BY, whose rules differ by flavour and form: there both count. In WHERE and ON there are only the tables.
 */
function lookUpHere(a: Analysis, reference: ColumnReference, scope: Scope): Reached | null {
  const inTables = lookUpInTables(a, reference, scope.ranges);
  if (scope.clause === 'where') return inTables;
  if (scope.clause === 'items' && inTables !== null) return inTables;
  const inOutputs = reference.table === null ? lookUpInOutputs(a, reference.name, scope) : null;
  if (inOutputs !== null) return inTables === null ? inOutputs : either(inTables, inOutputs);
  // HAVING does not see columns that are neither put out nor grouped by, save inside of aggregates.
  return inTables !== null && scope.clause === 'having' ? { ...inTables, certain: false } : inTables;
}

function lookUpInTables(a: Analysis, reference: ColumnReference, ranges: readonly Range[]): Reached | null {
  let found: Reached | null = null;
  a.spend(ranges.length);
  for (const range of ranges) {
    if (reference.table !== null && !isNamed(a, range, reference.table, reference.schema)) continue;
    a.spend(range.columns.length);
    const own = columnOf(range, reference.name);
    if (own === undefined && !range.open) continue;
    const here: Reached = {
      column: own ?? openColumn(range, reference.name),
      ranges: [range],
      certain: own !== undefined,
    };
    found = found === null ? here : either(found, here);
  }
  return found;
}

function lookUpInOutputs(a: Analysis, name: string, scope: Scope): Reached | null {
  const folded = foldName(name);
  a.spend(scope.outputs.length);
  let found: ScopeColumn | null = null;
  for (const output of scope.outputs) {
    if (foldName(output.name) === folded) found = found === null ? output : eitherColumn(found, output);
  }
  return found === null ? null : { column: found, ranges: [], certain: true };
}

function either(left: Reached, right: Reached): Reached {
  return {
    column: eitherColumn(left.column, right.column),
    ranges: [...left.ranges, ...right.ranges],
    certain: left.certain || right.certain,
  };
}

/** A column of a range whose columns are not all known. */
function openColumn(range: Range, name: string): ScopeColumn {
  const { relation, rest } = range;
  const carried = relation === null ? MAY_FAIL : NOTHING_CARRIED;
  if (relation === null || rest === null) return column(name, rest, null, carried);
  return column(name, [{ schema: relation.schema, table: relation.name, column: name, how: 'copied' }]);
}

/** The ranges that `alias.*` or `schema.alias.*` stands for: those of the innermost scope that has one. */
export function rangesNamed(
  a: Analysis,
  scope: Scope,
  alias: string,
  schema: string | null,
): readonly Range[] {
  for (let at: Scope | null = scope; at !== null; at = at.parent) {
    const found = at.ranges.filter((range) => isNamed(a, range, alias, schema));
    if (found.length > 0) return found;
  }
  return [];
}

/** A table keeps its schema under an alias; what is no table has none. */
export function isNamed(a: Analysis, range: Range, alias: string, schema: string | null): boolean {
  if (!a.sameTableName(range.alias, alias)) return false;
  if (schema === null) return true;
  if (range.schema === null) return range.relation !== null;
  return a.sameSchema(range.schema, schema);
}
