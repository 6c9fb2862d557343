/**
 * CASE, COALESCE and subscripts: of several values one is taken. Where a masked value decides which, whoever asks can
 * choose values of which a later step takes the one and fails at the other, without that step being an operation that
 * is written down: numeric becomes double precision where the two meet, and 1e400 does not fit. So what is chosen from
 * has to be of types that never fail to be what they are taken for.
 */
import type { Place } from '../../core/facts.ts';
import { NOWHERE, type Origins, presenceOf, union, weaken } from '../origins.ts';
import type { Analysis } from './analysis.ts';
import { type AstNode, constantOf, locationOf, node, nodes, struct } from './ast.ts';
import { expression } from './expression.ts';
import { isText } from './fallible.ts';
import { operandsOf } from './functions.ts';
import type { Scope } from './scope.ts';

/** Types between which and others no conversion happens by itself that can fail. */
const PLAIN_TYPES = /^(text|name|uuid|boolean|smallint|integer|jsonb?|bytea|character( varying)?(\(\d+\))?)$/;

/**
 * Expressions of which some are computed only by what others are. Whether a query among them has run shows in what the
 * server counts (pg_stat_user_tables, EXPLAIN ANALYZE): of the columns beside one it tells.
 */
export function deciding(
  a: Analysis,
  list: readonly (AstNode | null)[],
  scope: Scope,
  place: Place,
): readonly Origins[] {
  let bare: Origins = NOWHERE;
  let withQueries = 0;
  const each = list.map((item): Origins => {
    if (item === null) return NOWHERE;
    const { queries } = a;
    const own = expression(a, item, scope, place);
    if (a.queries === queries) bare = union(bare, own);
    else withQueries++;
    return own;
  });
  const decides = place !== 'filter' && place !== 'join' && withQueries > 0;
  if (decides) a.uses.addColumns(withQueries > 1 ? each.reduce(union, NOWHERE) : bare, 'failure', 'anything');
  return each;
}

export function together(each: readonly Origins[]): Origins {
  return weaken(each.reduce(union, NOWHERE), 'computed');
}

export function caseExpression(a: Analysis, value: AstNode, scope: Scope, place: Place): Origins {
  for (const when of nodes(value.body, 'args')) a.visited.add(when.body);
  const conditions = conditionsOf(value);
  const from = armsOf(value);
  const each = deciding(a, [...conditions, ...from], scope, place);
  choose(a, { by: each.slice(0, conditions.length).reduce(union, NOWHERE), from }, scope, place);
  return together(each);
}

export function coalesce(a: Analysis, args: readonly AstNode[], scope: Scope, place: Place): Origins {
  const each = deciding(a, args, scope, place);
  if (isChoice(a, args, scope)) choose(a, { by: coalesced(args, each), from: args }, scope, place);
  return together(each);
}

export interface Chosen {
  /** Origins of what decides. */
  readonly by: Origins;
  /** What there is to choose from. */
  readonly from: readonly (AstNode | null)[];
}

/** Records that what decides tells of itself, unless it does not matter which value is taken. */
export function choose(a: Analysis, { by, from }: Chosen, scope: Scope, place: Place): void {
  if (place === 'filter' || place === 'join') return;
  if (by?.every(({ how }) => how === 'presence')) return;
  if (from.every((value) => value === null || isPlain(a, value, scope))) return;
  a.uses.addColumns(by, 'failure', 'anything');
}

/** COALESCE takes the first that there is. */
function coalesced(args: readonly AstNode[], origins: readonly Origins[]): Origins {
  return args.slice(0, -1).reduce<Origins>((by, arg, n) => {
    const own = origins[n] ?? null;
    return union(by, arg.tag === 'ColumnRef' ? presenceOf(own) : own);
  }, NOWHERE);
}

function isChoice(a: Analysis, args: readonly AstNode[], scope: Scope): boolean {
  const others = args.filter((arg) => !isPlain(a, arg, scope));
  if (others.length !== 1) return others.length > 1;
  // Constants become what the other value is.
  return args.some((arg) => arg.tag === 'A_Const' && !isModest(a, arg));
}

function isPlain(a: Analysis, value: AstNode, scope: Scope): boolean {
  const operands = operandsOf(a, scope);
  switch (value.tag) {
    case 'A_Const': {
      const { kind } = constantOf(value.body);
      return kind === 'string' || isModest(a, value);
    }
    case 'ColumnRef':
      return PLAIN_TYPES.test(operands.typeOf(value) ?? '');
    case 'CaseExpr':
      return armsOf(value).every((arm) => arm === null || isPlain(a, arm, scope));
    case 'CoalesceExpr':
      return nodes(value.body, 'args').every((arg) => isPlain(a, arg, scope));
    case 'BoolExpr':
    case 'NullTest':
    case 'SQLValueFunction':
      return true;
    case 'TypeCast': {
      const arg = node(value.body, 'arg');
      const isArray = struct(value.body, 'typeName')?.['arrayBounds'] !== undefined;
      return isText(value, operands) || (arg?.tag === 'A_Const' && !isArray && isModest(a, arg));
    }
    default:
      return isText(value, operands);
  }
}

/** Of a constant: not at the edge of what any type of numbers or times holds, nor put together of others. */
function isModest(a: Analysis, value: AstNode): boolean {
  const constant = constantOf(value.body);
  a.lookAt(locationOf(value.body));
  if (constant.kind === 'bits') return false;
  const written = constant.kind === 'string' || constant.kind === 'decimal' ? constant.text : '';
  return !/\d{6}|\de|inf|^\s*[{[(]/i.test(written);
}

/** What a CASE may give. */
function armsOf({ body }: AstNode): readonly (AstNode | null)[] {
  return [...nodes(body, 'args').map((when) => node(when.body, 'result')), node(body, 'defresult')];
}

function conditionsOf({ body }: AstNode): readonly (AstNode | null)[] {
  return [node(body, 'arg'), ...nodes(body, 'args').map((when) => node(when.body, 'expr'))];
}
