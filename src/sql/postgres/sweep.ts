/**
 * Goes over the whole tree of a utility statement: relations that it names are recorded with the statement's
 * effects, queries are analyzed, expressions walked. It over-reports rather than miss one.
 */
import type { EffectSet } from '../../core/effects.ts';
import { isArray, isObject, type Json, type JsonObject } from '../../core/json.ts';
import type { Analysis } from './analysis.ts';
import { asNode, stringOf, text } from './ast.ts';
import { compareColumns } from './compared-columns.ts';
import { expression } from './expression.ts';
import { callNamed } from './functions.ts';
import { analyzeQuery } from './query.ts';
import { followInheritance } from './relations.ts';
import { Scope } from './scope.ts';
import { noteSettingClause } from './settings.ts';

const QUERIES: ReadonlySet<string> = new Set([
  'SelectStmt',
  'InsertStmt',
  'UpdateStmt',
  'DeleteStmt',
  'MergeStmt',
]);

const EXPRESSIONS: ReadonlySet<string> = new Set([
  'A_Expr',
  'BoolExpr',
  'NullTest',
  'BooleanTest',
  'FuncCall',
  'SubLink',
  'TypeCast',
  'CaseExpr',
  'CoalesceExpr',
  'MinMaxExpr',
  'RowExpr',
  'A_ArrayExpr',
  'A_Indirection',
  'ColumnRef',
  'CollateClause',
  'XmlExpr',
  'JsonObjectConstructor',
  'JsonArrayConstructor',
  'JsonArrayQueryConstructor',
  'JsonFuncExpr',
  'JsonParseExpr',
  'JsonScalarExpr',
  'JsonSerializeExpr',
  'JsonIsPredicate',
]);

/** Fields that name a function to be run later: triggers, casts, operators. */
const FUNCTION_FIELDS: ReadonlySet<string> = new Set([
  'funcname',
  'func_name',
  'plhandler',
  'plinline',
  'handler_name',
]);

/** Fields that hold such a function with its arguments: those of casts, transforms and operator classes. */
function namesFunction(owner: JsonObject, field: string): boolean {
  if (field === 'func') return owner['sourcetype'] !== undefined;
  if (field === 'name') return owner['itemtype'] === OPCLASS_ITEM_FUNCTION;
  return field === 'fromsql' || field === 'tosql';
}

const OPCLASS_ITEM_FUNCTION = 2;

/** Options of CREATE AGGREGATE, OPERATOR, TYPE and TEXT SEARCH that name a function, which the grammar reads as a type. */
const FUNCTION_OPTIONS: ReadonlySet<string> = new Set(
  `sfunc finalfunc combinefunc serialfunc deserialfunc msfunc minvfunc mfinalfunc sfunc1 sfunc2
   function procedure restrict join input output receive send typmod_in typmod_out analyze subscript
   canonical subtype_diff start gettoken end headline lextypes init lexize`.split(/\s+/),
);

function mentionInOption(a: Analysis, option: JsonObject, effects: EffectSet, scope: Scope): void {
  const arg = option['arg'];
  const type = isObject(arg) ? arg['TypeName'] : undefined;
  const path = isObject(type) ? type['names'] : undefined;
  if (
    path !== undefined &&
    isArray(path) &&
    FUNCTION_OPTIONS.has((text(option, 'defname') ?? '').toLowerCase())
  )
    mentionFunction(a, path);
  a.nested(() => visit(a, option, effects, scope));
}

export function sweep(a: Analysis, tree: Json, effects: EffectSet): void {
  const scope = new Scope(null);
  // Columns of the table that an expression belongs to are not looked up: any name may be one.
  scope.ranges.push({ alias: '', schema: null, relation: null, columns: [], open: true, rest: null });
  a.nested(() => visit(a, tree, effects, scope));
  if (isObject(tree)) a.nested(() => compareColumns(a, tree, tree));
}

function visit(a: Analysis, tree: Json, effects: EffectSet, scope: Scope): void {
  if (isArray(tree)) {
    for (const item of tree) visit(a, item, effects, scope);
    return;
  }
  if (!isObject(tree)) return;
  if (tree['relname'] !== undefined) {
    mentionRelation(a, tree, effects);
    return;
  }
  for (const key in tree) {
    const value = tree[key];
    if (value === undefined || typeof value !== 'object' || value === null) continue;
    if (isObject(value) && (key === 'VariableSetStmt' || key === 'setstmt')) noteSettingClause(a, value);
    else if (isObject(value) && QUERIES.has(key)) analyzeQuery(a, { tag: key, body: value }, scope);
    else if (isObject(value) && EXPRESSIONS.has(key)) {
      // Generated columns, USING of a new type and the like: what the expression gives may be kept.
      a.uses.addColumns(expression(a, { tag: key, body: value }, scope, 'filter'), 'source');
    } else if (isArray(value) && FUNCTION_FIELDS.has(key)) mentionFunction(a, value);
    else if (isObject(value) && key === 'DefElem') mentionInOption(a, value, effects, scope);
    else if (isObject(value) && namesFunction(tree, key) && isArray(value['objname']))
      mentionFunction(a, value['objname']);
    else a.nested(() => visit(a, value, effects, scope));
  }
}

/** A relation that a statement names without reading it; it need not exist yet. */
export function mentionRelation(a: Analysis, rangeVar: JsonObject, effects: EffectSet): void {
  a.visited.add(rangeVar);
  mentionName(a, text(rangeVar, 'schemaname'), text(rangeVar, 'relname') ?? '', effects);
}

export function mentionName(a: Analysis, schema: string | null, name: string, effects: EffectSet): void {
  for (const candidate of a.candidates(schema, name)) {
    const known = candidate.relation !== null || candidate.temporary !== null;
    a.uses.addRelation(candidate, effects, 'direct', known);
    if (candidate.relation !== null) followInheritance(a, candidate.relation, effects, true);
  }
}

function mentionFunction(a: Analysis, path: readonly Json[]): void {
  const parts = path.map((part) => stringOf(asNode(part)));
  callNamed(a, parts.length > 1 ? (parts.at(-2) ?? null) : null, parts.at(-1) ?? '', false);
}
