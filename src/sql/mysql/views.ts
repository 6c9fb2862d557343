/** Views, to any depth: what their queries read and call, and what their columns are made of. */
import { type EffectSet, effectSet } from '../../core/effects.ts';
import { NOWHERE, union } from '../origins.ts';
import { Analysis, type Inside } from './analysis.ts';
import { gathered, inFrom, MAY_FAIL, meet, meetQuery } from './carried.ts';
import type { MysqlCatalogView, MysqlTable } from './catalog-model.ts';
import { analyzeQuery } from './query.ts';
import { own } from './relations.ts';
import { column, type ScopeColumn, type Shape, UNKNOWN_SHAPE } from './scope.ts';
import { Unreadable } from './unreadable.ts';

/** A view's column is a column of its own name and whatever its query takes it from. */
export function viewShape(a: Analysis, view: MysqlTable, effects: EffectSet): Shape {
  const inside = insideOf(a, view);
  if (inside === null) {
    // Whatever lies behind it: any table, any function.
    a.addEffects('execute');
    meet(a, MAY_FAIL);
    const columns = view.columns.map(({ name, type }) => column(name, null, type, MAY_FAIL));
    return { columns, open: columns.length === 0, rest: null };
  }
  a.addInside(inside, effects);
  meetQuery(a, inside);
  const { columns: behind, open } = inside.shape;
  if (open || behind.length !== view.columns.length) return UNKNOWN_SHAPE;
  const columns: ScopeColumn[] = view.columns.map(({ name, type }, n) => ({
    name,
    origins: union(own(view, name), behind[n]?.origins ?? null),
    type,
    hidden: false,
    carried: behind[n]?.carried ?? MAY_FAIL,
  }));
  return { columns, open: false, rest: NOWHERE };
}

/** By catalog, since what a view is made of changes with the tables beneath it. */
const insides = new WeakMap<MysqlCatalogView, Map<MysqlTable, Inside | null>>();
const opening = new Set<MysqlTable>();
const NO_MODE: ReadonlySet<string> = new Set();

/** Null where the server does not show the definition. Throws Unreadable where it does and it cannot be read. */
function insideOf(a: Analysis, view: MysqlTable): Inside | null {
  const { catalog } = a.reading;
  let known = insides.get(catalog);
  if (known === undefined) {
    known = new Map();
    insides.set(catalog, known);
  }
  const before = known.get(view);
  if (before !== undefined) return before;
  const inside = view.definition === null ? null : opened(a, view, view.definition);
  known.set(view, inside);
  return inside;
}

function opened(a: Analysis, view: MysqlTable, definition: string): Inside {
  if (opening.has(view)) throw new Unreadable(`view ${view.schema}.${view.name}, which reads itself`);
  opening.add(view);
  try {
    const { catalog } = a.reading;
    const reading = { catalog, schema: view.schema, sqlMode: NO_MODE, temporary: [] };
    const inner = new Analysis(reading, a.parser);
    // What the view locks is its maker's affair; that it reads is the least that it does.
    inner.effects |= effectSet('read');
    const query = parsed(a, view, definition);
    const [{ shape }, carried] = a.nested(() => gathered(inner, () => analyzeQuery(inner, query, null)));
    return inner.asInside(inFrom(query, shape), carried);
  } finally {
    opening.delete(view);
  }
}

function parsed(a: Analysis, view: MysqlTable, definition: string): ReturnType<typeof a.parser.query> {
  try {
    return a.parser.query(definition);
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    throw new Unreadable(`the definition of view ${view.schema}.${view.name}: ${error.message}`);
  }
}
