/** A condition tried on one row that is made up. */
import type { JsonObject } from '../../core/json.ts';
import { type AstNode, names, node, nodes, struct, text } from './ast.ts';
import { callKnown } from './known-functions.ts';
import type { Target } from './restricts.ts';
import { freeOrder, freeTruth, type SampleValues } from './sample-row.ts';
import { columnsIn, subquery } from './trial-subquery.ts';
import {
  alike,
  COMPARES,
  constantScalar,
  every,
  keyOf,
  made,
  NO_COLUMNS,
  not,
  PREDICATES,
  sharesColumns,
  some,
  type Truth,
  truthOf,
  type Value,
} from './trial-value.ts';

/** One row that a condition is tried on. */
export class Trial {
  readonly target: Target;
  readonly #values: SampleValues;
  readonly sample: number;
  readonly #nulls: boolean;

  constructor(target: Target, values: SampleValues, sample: number, nulls: boolean) {
    this.target = target;
    this.#values = values;
    this.sample = sample;
    this.#nulls = nulls;
  }

  value(of: AstNode): Value {
    const { tag, body } = of;
    this.target.trials.left--;
    switch (tag) {
      case 'ColumnRef':
        return this.#column(of);
      case 'A_Const':
        return made(constantScalar(body), keyOf(of), []);
      case 'TypeCast':
        return this.#cast(body);
      case 'CollateClause':
        return this.#only(body, 'arg');
      case 'A_Expr':
        return this.#operator(body);
      case 'BoolExpr':
        return this.#logic(body);
      case 'NullTest':
        return this.#nullTest(body);
      case 'BooleanTest':
        return this.#booleanTest(body);
      case 'CoalesceExpr':
        return this.#first(nodes(body, 'args').map((arg) => this.value(arg)));
      case 'MinMaxExpr':
        return this.#extreme(body);
      case 'CaseExpr':
        return this.#case(body);
      case 'FuncCall': {
        const args = nodes(body, 'args').map((arg) => this.value(arg));
        const path = names(body, 'funcname');
        const isBuiltin = path.length === 1 || path[0] === 'pg_catalog';
        const known = isBuiltin
          ? callKnown(
              path.at(-1) ?? '',
              args.map((arg) => arg.known),
            )
          : undefined;
        return made(known, `${path.join('.')}(${args.map(({ key }) => key).join()})`, args);
      }
      case 'SubLink':
        return subquery(this, of);
      default: {
        const columns = new Set<string>();
        columnsIn(body, this.target, columns);
        return { known: undefined, key: keyOf(of), columns };
      }
    }
  }

  #only(body: JsonObject, field: string): Value {
    const arg = node(body, field);
    return arg === null ? made(null, '', []) : this.value(arg);
  }

  #column(reference: AstNode): Value {
    const column = this.target.rowColumn(reference);
    if (column === null) return { known: undefined, key: keyOf(reference), columns: NO_COLUMNS };
    const known =
      this.#nulls && !column.notNull ? null : this.#values.valueFor(this.sample, column.name, column.type);
    return { known, key: `column ${column.name}`, columns: new Set([column.name]) };
  }

  #cast(body: JsonObject): Value {
    const arg = this.#only(body, 'arg');
    const type = struct(body, 'typeName');
    const name = type === null ? '' : (names(type, 'names').at(-1) ?? '');
    const key = `${arg.key}::${name}`;
    const { known } = arg;
    if (known === null) return made(null, key, [arg]);
    if (known === undefined || type?.['typmods'] !== undefined || type?.['arrayBounds'] !== undefined)
      return made(undefined, key, [arg]);
    if (/^(text|varchar)$/.test(name) && typeof known !== 'boolean') return made(String(known), key, [arg]);
    const number = typeof known === 'boolean' ? Number.NaN : known === '' ? Number.NaN : Number(known);
    if (/^int[248]$/.test(name) && !Number.isNaN(number)) return made(Math.round(number), key, [arg]);
    if (/^(numeric|float[48])$/.test(name) && !Number.isNaN(number)) return made(number, key, [arg]);
    return made(name === 'bool' ? (truthOf(arg) ?? undefined) : undefined, key, [arg]);
  }

  #operator(body: JsonObject): Value {
    const kind = text(body, 'kind');
    const name = names(body, 'name').at(-1) ?? '';
    const left = node(body, 'lexpr');
    const right = node(body, 'rexpr');
    if (right === null) return made(undefined, '', []);
    if (left === null) return callOperator(`${name} `, [this.value(right)]);
    const one = this.list(left);
    const other = this.list(right);
    const all = [...one, ...other];
    const answer = (truth: Truth) => made(truth, `${kind} ${name} ${all.map(({ key }) => key).join()}`, all);
    const each = (operator: string) => other.map((item) => this.compare(operator, one, [item]));
    switch (kind) {
      case 'AEXPR_OP':
        return COMPARES.has(name) ? answer(this.compare(name, one, other)) : this.#compute(name, all);
      case 'AEXPR_IN':
        return answer(name === '<>' ? every(each('<>')) : some(each('=')));
      case 'AEXPR_OP_ANY':
        if (isArrayOfQuery(right)) return subquery(this, asAny(right, body));
        return answer(right.tag === 'A_ArrayExpr' ? some(each(name)) : this.#ask(name, all));
      case 'AEXPR_OP_ALL':
        return answer(right.tag === 'A_ArrayExpr' ? every(each(name)) : this.#ask(name, all));
      case 'AEXPR_NULLIF': {
        const same = this.compare('=', one, other);
        return made(
          same === true ? null : same === undefined ? undefined : one[0]?.known,
          answer(null).key,
          all,
        );
      }
      case 'AEXPR_DISTINCT':
      case 'AEXPR_NOT_DISTINCT': {
        const [x, y] = [one[0]?.known, other[0]?.known];
        const same =
          x === null || y === null
            ? x === undefined || y === undefined
              ? false
              : x === y
            : this.compare('=', one, other);
        return answer(kind === 'AEXPR_DISTINCT' ? not(same) : same);
      }
      case 'AEXPR_BETWEEN':
      case 'AEXPR_NOT_BETWEEN': {
        const within = every([
          this.compare('>=', one, other.slice(0, 1)),
          this.compare('<=', one, other.slice(1)),
        ]);
        return answer(kind === 'AEXPR_BETWEEN' ? within : not(within));
      }
      default:
        return answer(this.#ask(name, all));
    }
  }

  list(of: AstNode): readonly Value[] {
    const inner =
      of.tag === 'RowExpr'
        ? 'args'
        : of.tag === 'List'
          ? 'items'
          : of.tag === 'A_ArrayExpr'
            ? 'elements'
            : null;
    return inner === null ? [this.value(of)] : nodes(of.body, inner).map((item) => this.value(item));
  }

  #compute(name: string, operands: readonly Value[]): Value {
    const own = callOperator(name, operands);
    return PREDICATES.test(name) ? made(this.#ask(name, operands), own.key, operands) : own;
  }

  /** One value or several, as rows are compared: the first that differ decide. */
  compare(operator: string, left: readonly Value[], right: readonly Value[]): Truth {
    let order: number | null | undefined = 0;
    for (const [n, one] of left.entries()) {
      const other = right[n];
      order = other === undefined ? undefined : this.#order(one, other);
      if (order !== 0) break;
    }
    return typeof order === 'number' ? (COMPARES.get(operator)?.(order) ?? undefined) : order;
  }

  #order(left: Value, right: Value): number | null | undefined {
    if (left.known === null || right.known === null) return null;
    if (left.key === right.key) return 0;
    if (left.known !== undefined && right.known !== undefined) {
      const [x, y] = alike(left.known, right.known);
      if (x !== undefined && y !== undefined) return x === y ? 0 : x < y ? -1 : 1;
    }
    if (left.columns.size + right.columns.size === 0) return undefined;
    if (sharesColumns(left, right)) return 0;
    return freeOrder(this.sample, left.key, right.key);
  }

  /** Operators that only the server knows; one that begins with an exclamation mark says the opposite. */
  #ask(name: string, operands: readonly Value[]): Truth {
    if (operands.some(({ known }) => known === null)) return null;
    if (operands.every(({ columns }) => columns.size === 0)) return undefined;
    const plain = name.replace(/^!/, '');
    const [one, other] = operands;
    if (/^[\^$().*?]*$/.test(String(other?.known ?? 'x')) && plain.startsWith('~') && !plain.startsWith('~~'))
      return other?.known === '^$' ? undefined : name === plain;
    const alike =
      one?.key === other?.key || sharesColumns(one, other) || (plain === '^@' && other?.known === '');
    const holds = alike || freeTruth(this.sample, `${plain} ${operands.map(({ key }) => key).join()}`);
    return name === plain ? holds : !holds;
  }

  #logic(body: JsonObject): Value {
    const args = nodes(body, 'args').map((arg) => this.value(arg));
    const truths = args.map((arg) => this.truth(arg));
    const operator = text(body, 'boolop') ?? '';
    const truth =
      operator === 'AND_EXPR' ? every(truths) : operator === 'OR_EXPR' ? some(truths) : not(truths[0]);
    return made(truth, `${operator} ${args.map(({ key }) => key).join()}`, args);
  }

  /** A column or call that stands as a condition by itself. */
  truth(value: Value): Truth {
    if (value.known !== undefined || value.columns.size === 0) return truthOf(value);
    return freeTruth(this.sample, value.key);
  }

  #nullTest(body: JsonObject): Value {
    const arg = node(body, 'arg');
    const tested = arg === null ? [] : this.list(arg);
    const wanted = text(body, 'nulltesttype') === 'IS_NULL';
    const truths = tested.map(({ known, columns }): Truth => {
      if (known === undefined && columns.size === 0) return undefined;
      return (known === null) === wanted;
    });
    return made(every(truths), `${wanted} ${tested.map(({ key }) => key).join()}`, tested);
  }

  #booleanTest(body: JsonObject): Value {
    const arg = this.#only(body, 'arg');
    const truth = this.truth(arg);
    const type = (text(body, 'booltesttype') ?? '').replace('IS_', '');
    const wanted = { TRUE: true, FALSE: false, UNKNOWN: null }[type.replace('NOT_', '')];
    const same = truth === undefined ? undefined : truth === wanted;
    return made(type.startsWith('NOT_') ? not(same) : same, `${type} ${arg.key}`, [arg]);
  }

  #first(values: readonly Value[]): Value {
    const first = values.find(({ known }) => known !== null);
    return made(first === undefined ? null : first.known, first?.key ?? 'NULL', values);
  }

  #extreme(body: JsonObject): Value {
    const values = nodes(body, 'args').map((arg) => this.value(arg));
    const wanted = text(body, 'op') === 'IS_GREATEST' ? 1 : -1;
    let best: Value | undefined;
    for (const value of values) {
      if (value.known === null) continue;
      if (value.known === undefined) return made(undefined, keyOf({ tag: 'MinMaxExpr', body }), values);
      if (best === undefined || this.#order(value, best) === wanted) best = value;
    }
    return made(best === undefined ? null : best.known, best?.key ?? 'NULL', values);
  }

  #case(body: JsonObject): Value {
    const tested = node(body, 'arg');
    const last = node(body, 'defresult');
    const rest = last === null ? made(null, 'NULL', []) : this.value(last);
    const possible: Value[] = [];
    for (const { body: when } of nodes(body, 'args')) {
      const asked = this.#only(when, 'expr');
      const truth = tested === null ? this.truth(asked) : this.compare('=', [this.value(tested)], [asked]);
      if (truth === false || truth === null) continue;
      possible.push(this.#only(when, 'result'));
      if (truth === true) return this.#either(possible);
    }
    return this.#either([...possible, rest]);
  }

  /** Which of them it is, is not known: what all of them are, it is. */
  #either(possible: readonly Value[]): Value {
    const [first] = possible;
    const same = possible.every(({ known }) => known === first?.known);
    return made(same ? first?.known : undefined, possible.map(({ key }) => key).join('|'), possible);
  }
}

function isArrayOfQuery({ tag, body }: AstNode): boolean {
  return tag === 'SubLink' && text(body, 'subLinkType') === 'ARRAY_SUBLINK';
}

/** `x = ANY (ARRAY(SELECT …))` is `x IN (SELECT …)`. */
function asAny({ tag, body }: AstNode, comparison: JsonObject): AstNode {
  const { lexpr = {}, name = [] } = comparison;
  return { tag, body: { ...body, subLinkType: 'ANY_SUBLINK', testexpr: lexpr, operName: name } };
}

function callOperator(name: string, operands: readonly Value[]): Value {
  const known = callKnown(
    name,
    operands.map((operand) => operand.known),
  );
  return made(known, `${name}(${operands.map(({ key }) => key).join()})`, operands);
}
