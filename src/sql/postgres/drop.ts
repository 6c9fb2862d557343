/** DROP, TRUNCATE and COMMENT: statements that name objects by words alone, and what goes with those objects. */
import { type Effect, type EffectSet, effectSet } from '../../core/effects.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Analysis } from './analysis.ts';
import { type AstNode, listNodes, node, nodes, stringOf, text } from './ast.ts';
import type { RelationKind } from './catalog.ts';
import { plain, type StatementResult } from './statement.ts';
import { mentionName, mentionRelation } from './sweep.ts';
import { objectWords } from './utility-table.ts';

/** Kinds of objects whose names are relations'. */
const RELATION_TYPES: ReadonlySet<string> = new Set([
  'OBJECT_TABLE',
  'OBJECT_VIEW',
  'OBJECT_MATVIEW',
  'OBJECT_FOREIGN_TABLE',
  'OBJECT_SEQUENCE',
  'OBJECT_INDEX',
]);

function isRelationType(objectType: string): boolean {
  return RELATION_TYPES.has(objectType);
}

export function drop(a: Analysis, body: JsonObject): StatementResult {
  a.addEffects('destroy');
  const type = text(body, 'removeType');
  const destroy = effectSet('destroy');
  for (const object of nodes(body, 'objects')) {
    const path =
      object.tag === 'List'
        ? nodes(object.body, 'items')
            .filter((part) => part.tag === 'String')
            .map(stringOf)
        : [];
    if (type !== null && RELATION_TYPES.has(type)) {
      mentionName(a, path.length > 1 ? (path.at(-2) ?? null) : null, path.at(-1) ?? '', destroy);
    } else if (path.length > 1) {
      // Triggers, rules and policies: the last name is theirs, those before it their table's.
      const table = path.slice(0, -1);
      mentionName(a, table.length > 1 ? (table.at(-2) ?? null) : null, table.at(-1) ?? '', destroy);
    }
    if (type === 'OBJECT_SCHEMA') dropSchema(a, object, destroy);
  }
  if (text(body, 'behavior') === 'DROP_CASCADE') dropDependents(a, type ?? '', destroy);
  if (type === 'OBJECT_POLICY' || type === 'OBJECT_EVENT_TRIGGER') a.addEffects('admin');
  return plain(`DROP ${objectWords(type)}`);
}

/** Columns go with their type, views with their tables: which ones do is not followed, so all count. */
function dropDependents(a: Analysis, type: string, effects: number): void {
  const onlyViews = RELATION_TYPES.has(type) || type === 'OBJECT_SCHEMA';
  everyRelation(a, effects, (kind) => !onlyViews || kind === 'view' || kind === 'materialized-view');
}

/** Everything in the schema goes with it when CASCADE is given, and the schema must be empty when it is not. */
function dropSchema(a: Analysis, object: AstNode, effects: number): void {
  a.changesReading = true;
  const schema = object.tag === 'String' ? stringOf(object) : '';
  for (const relation of a.reading.catalog.userRelations()) {
    if (relation.schema === schema) a.uses.addRelation(relation, effects, 'direct', true);
  }
}

export function truncate(a: Analysis, body: JsonObject): StatementResult {
  const effects = effectSet('write', 'destroy');
  a.effects |= effects;
  for (const relation of nodes(body, 'relations')) mentionRelation(a, relation.body, effects);
  if (text(body, 'behavior') === 'DROP_CASCADE') everyRelation(a, effects, (kind) => kind === 'table');
  return plain('TRUNCATE TABLE');
}

/** What a statement may reach without naming it: tables that refer to the one named, all that a role owns. */
export function everyRelation(
  a: Analysis,
  effects: EffectSet,
  isMeant: (kind: RelationKind, schema: string) => boolean,
): void {
  for (const relation of a.reading.catalog.userRelations()) {
    if (isMeant(relation.kind, relation.schema)) a.uses.addRelation(relation, effects, 'inherited', true);
  }
}

/** The relation that COMMENT and SECURITY LABEL are about, or whose column, trigger, rule or policy it is. */
export function mentionObject(a: Analysis, body: JsonObject, effects: readonly Effect[]): void {
  const object = node(body, 'object');
  if (object?.tag !== 'List') return;
  const path = listNodes(object)
    .filter((part) => part.tag === 'String')
    .map(stringOf);
  const owner = isRelationType(text(body, 'objtype') ?? '') ? path : path.slice(0, -1);
  const name = owner.at(-1);
  if (name !== undefined) mentionName(a, owner.at(-2) ?? null, name, effectSet(...effects));
}
