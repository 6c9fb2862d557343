/** From a RangeVar to what it may stand for: uses recorded, views opened, inheritance followed both ways. */
import { type EffectSet, effectSet } from '../../core/effects.ts';
import type { Origin, RelationName } from '../../core/facts.ts';
import type { JsonObject } from '../../core/json.ts';
import { NOWHERE, type Origins, union } from '../origins.ts';
import { Analysis, type Candidate, type Inside } from './analysis.ts';
import { flag, text, Unreadable } from './ast.ts';
import { type CatalogRelation, isSystemSchema } from './catalog.ts';
import { analyzeQuery } from './query.ts';
import { NO_SHAPE, type Range, type ScopeColumn, type Shape } from './scope.ts';
import { changeSetting } from './settings.ts';

const READ = effectSet('read');
const WRITE = effectSet('write');
const NETWORK = effectSet('network');

/** Records the use of the relation that a RangeVar names and gives it as a range without its alias applied. */
export function useRelation(a: Analysis, rangeVar: JsonObject, effects: EffectSet): Range {
  a.visited.add(rangeVar);
  const name = text(rangeVar, 'relname') ?? '';
  const schema = text(rangeVar, 'schemaname');
  return useNamedRelation(a, schema, name, effects, flag(rangeVar, 'inh'));
}

export function useNamedRelation(
  a: Analysis,
  schema: string | null,
  name: string,
  effects: EffectSet,
  withChildren: boolean,
): Range {
  const candidates = a.candidates(schema, name);
  let shape: Shape | null = null;
  for (const candidate of candidates) {
    const own = useCandidate(a, candidate, effects, withChildren);
    shape = shape === null ? own : eitherShape(shape, own);
  }
  const only = candidates.length === 1 ? candidates[0] : undefined;
  return {
    ...(shape ?? NO_SHAPE),
    alias: name,
    schema: only?.schema ?? schema,
    relation: only === undefined ? { schema: null, name } : { schema: only.schema, name: only.name },
  };
}

function useCandidate(a: Analysis, candidate: Candidate, effects: EffectSet, withChildren: boolean): Shape {
  const { relation, temporary } = candidate;
  const known = relation !== null || temporary !== null;
  // What is not known may be a view that runs anything.
  if (!known) {
    a.unresolved = true;
    a.changesReading = true;
  }
  if (isSystemSchema(candidate.schema) && (effects & WRITE) !== 0) changeSystem(a, candidate.name);
  a.effects |= effects;
  a.uses.addRelation(candidate, effects, 'direct', known);
  if (temporary !== null) {
    const columns = (temporary.columns ?? []).map((column) => ({
      name: column,
      origins: own(candidate, column),
    }));
    return { columns, open: temporary.columns === null, rest: own(candidate, '*') };
  }
  if (relation === null) return { columns: [], open: true, rest: own(candidate, '*') };
  followInheritance(a, relation, effects, withChildren);
  if (relation.kind === 'foreign-table') a.effects |= NETWORK;
  // What its rules run is not read; it may return rows of its own.
  if (relation.rewritten && (effects & WRITE) !== 0) a.addEffects('execute');
  if (relation.definition === null) return tableShape(a, relation);
  const inside = insideOf(a, relation, relation.definition);
  a.addInside(inside, effects & ~READ);
  return viewShape(relation, inside);
}

/**
 * Whoever writes to the system's own tables alters the server and defines objects, with no statement that says so; an
 * UPDATE of pg_settings is SET of whatever its rows say.
 */
function changeSystem(a: Analysis, name: string): void {
  a.addEffects('admin');
  a.changesReading = true;
  if (name === 'pg_settings') changeSetting(a, null, null);
  else a.addEffects('define');
}

function own(name: RelationName, column: string): Origins {
  return [{ schema: name.schema, table: name.name, column, how: column === '*' ? 'row' : 'copied' }];
}

/** A read of the parent reads its children, and a read of a child reads rows of the parent's. */
export function followInheritance(
  a: Analysis,
  relation: CatalogRelation,
  effects: EffectSet,
  down: boolean,
): void {
  for (const ancestor of ancestorsOf(a, relation)) a.uses.addRelation(ancestor, effects, 'inherited', true);
  if (!down) return;
  const pending = [...a.reading.catalog.childrenOf(relation)];
  for (let child = pending.pop(); child !== undefined; child = pending.pop()) {
    a.uses.addRelation(child, effects, 'inherited', true);
    if (child.kind === 'foreign-table') a.effects |= NETWORK;
    pending.push(...a.reading.catalog.childrenOf(child));
  }
}

function ancestorsOf(a: Analysis, relation: CatalogRelation): readonly CatalogRelation[] {
  const found: CatalogRelation[] = [];
  const pending = [...relation.parents];
  for (let above = pending.pop(); above !== undefined; above = pending.pop()) {
    const parent = a.reading.catalog.relation(above.schema, above.name);
    if (parent === null || found.includes(parent)) continue;
    found.push(parent);
    pending.push(...parent.parents);
  }
  return found;
}

const tableShapes = new WeakMap<CatalogRelation, Shape>();

function tableShape(a: Analysis, relation: CatalogRelation): Shape {
  const known = tableShapes.get(relation);
  if (known !== undefined) return known;
  const lineage = [relation, ...ancestorsOf(a, relation)];
  const columns: ScopeColumn[] = relation.columns.map((column) => {
    const origins: Origin[] = [];
    for (const owner of lineage) {
      if (owner !== relation && !owner.columns.some((other) => other.name === column.name)) continue;
      origins.push({ schema: owner.schema, table: owner.name, column: column.name, how: 'copied' });
      for (const from of column.madeFrom) {
        origins.push({ schema: owner.schema, table: owner.name, column: from, how: 'computed' });
      }
    }
    return { name: column.name, origins, type: column.type };
  });
  const shape: Shape = { columns, open: false, rest: NOWHERE };
  tableShapes.set(relation, shape);
  return shape;
}

/** A view's column is a column of its own name and whatever its query takes it from. */
function viewShape(relation: CatalogRelation, inside: Inside): Shape {
  if (inside.shape.open) return { columns: [], open: true, rest: null };
  const columns = relation.columns.map((column, n) => ({
    name: column.name,
    origins: union(own(relation, column.name), inside.shape.columns[n]?.origins ?? null),
    type: column.type,
  }));
  return { columns, open: false, rest: NOWHERE };
}

const insides = new WeakMap<CatalogRelation, Inside>();

function insideOf(a: Analysis, relation: CatalogRelation, definition: string): Inside {
  const known = insides.get(relation);
  if (known !== undefined) return known;
  const inner = new Analysis(
    { catalog: a.reading.catalog, path: ['pg_catalog'], temporary: [] },
    a.parseText,
  );
  const statements = a.parseText(definition);
  const query = statements[0];
  if (query === undefined || statements.length !== 1) {
    throw new Unreadable(`the definition of view ${relation.schema}.${relation.name}`);
  }
  const { shape } = a.nested(() => analyzeQuery(inner, query, null));
  const inside = inner.asInside(shape);
  insides.set(relation, inside);
  return inside;
}

/** Columns of two relations that one name may stand for: each name may be either's. */
function eitherShape(left: Shape, right: Shape): Shape {
  const columns: ScopeColumn[] = left.columns.map((column) => {
    const other = right.columns.find((candidate) => candidate.name === column.name);
    return other === undefined
      ? column
      : { name: column.name, origins: union(column.origins, other.origins) };
  });
  for (const column of right.columns) {
    if (!left.columns.some((known) => known.name === column.name)) columns.push(column);
  }
  return { columns, open: left.open || right.open, rest: union(left.rest, right.rest) };
}
