/**
 * What can fail depending on the values it is given: division by zero, overflow, a cast of text that is no number.
 * That a statement fails, or does not, comes out whatever is masked, so it tells of those values as a comparison does.
 * What is not known here may fail.
 */
import type { JsonObject } from '../../core/json.ts';
import { type AstNode, names, node, nodes, struct, text } from './ast.ts';

/** `never`: whatever it is given. `by-rest`: not by its first argument, which may yet fail by the others. */
export type Failing = 'never' | 'by-rest' | 'maybe';

/** What has to be known of operands beside their syntax. */
export interface Operands {
  /** The type of a column whose values are a table's own; null of anything else. */
  typeOf(value: AstNode): string | null;
  /** The text of a string constant, which then counts as looked at; null of anything else. */
  constant(value: AstNode | undefined): string | null;
}

const NEVER: ReadonlySet<string> = new Set(
  `count min max string_agg json_agg jsonb_agg xmlagg bool_and bool_or every any_value mode
   rank dense_rank percent_rank cume_dist row_number first_value last_value
   length char_length character_length octet_length bit_length lower upper initcap reverse md5 sha224 sha256 sha384
   sha512 concat concat_ws btrim ltrim rtrim strpos position starts_with ascii quote_literal quote_ident
   quote_nullable left right to_json to_jsonb row_to_json array_to_json json_build_array jsonb_build_array
   jsonb_typeof json_typeof jsonb_pretty jsonb_strip_nulls num_nulls num_nonnulls pg_typeof pg_column_size hashtext
   cardinality array_length array_upper array_lower array_ndims array_dims array_to_string age isempty lower_inc
   upper_inc lower_inf upper_inf sign isfinite unnest to_hex host family masklen text varchar bpchar name now transaction_timestamp statement_timestamp
   clock_timestamp version current_database current_schema`
    .trim()
    .split(/\s+/),
);

const BY_REST: ReadonlySet<string> = new Set(
  `substr substring split_part date_part date_trunc extract to_char round trunc floor ceil ceiling lpad rpad overlay
   regexp_match regexp_matches regexp_count regexp_like regexp_substr regexp_instr
   regexp_split_to_array regexp_split_to_table string_to_array string_to_table translate encode
   json_extract_path json_extract_path_text jsonb_extract_path jsonb_extract_path_text timezone nth_value lag lead
   json_object_agg jsonb_object_agg`
    .trim()
    .split(/\s+/),
);

/**
 * Sums overflow, and arrays and bit strings have to be alike. Of a table's own values they are what they are; to values
 * of the asker's making, or among them, any can be added that makes the difference.
 */
const OF_COLUMNS: ReadonlySet<string> = new Set(
  `sum avg stddev stddev_pop stddev_samp variance var_pop var_samp array_agg bit_and bit_or bit_xor`
    .trim()
    .split(/\s+/),
);

/** What can put more in the place of what it finds, so that a few of them outgrow what a value can hold (1 GB). */
const GROWING: ReadonlySet<string> = new Set(['replace', 'regexp_replace']);
const GROWTH_MAX = 32;

/** The unit or key, which may not be NULL, comes before the value. */
const VALUE_SECOND: ReadonlySet<string> = new Set([
  'date_part',
  'date_trunc',
  'extract',
  'timezone',
  'json_object_agg',
  'jsonb_object_agg',
]);

/** Of a built-in function with one argument, whatever it is. */
export function neverFailsAlone(name: string): boolean {
  return NEVER.has(name) || BY_REST.has(name);
}

/** Which of a built-in function's arguments it cannot fail by. */
export function failingOf(name: string, args: readonly AstNode[], operands: Operands): Failing {
  if (NEVER.has(name)) return 'never';
  if (OF_COLUMNS.has(name)) return args.every((arg) => areAlike(name, arg, operands)) ? 'never' : 'maybe';
  if (name === 'format') return isPlainFormat(operands.constant(args[0])) ? 'never' : 'maybe';
  if (/^jsonb?_build_object$/.test(name))
    return args.every((key, n) => n % 2 === 1 || operands.constant(key) !== null) ? 'never' : 'maybe';
  if (GROWING.has(name)) return growsLittle(name, args, operands) ? 'by-rest' : 'maybe';
  return BY_REST.has(name) ? 'by-rest' : 'maybe';
}

function areAlike(name: string, arg: AstNode, operands: Operands): boolean {
  const type = operands.typeOf(arg);
  if (type === null) return name === 'array_agg' && isText(arg, operands);
  return name === 'array_agg' ? !type.endsWith('[]') : !type.startsWith('bit varying');
}

/** Identifiers may not be NULL, and widths may be asked of arguments. */
function isPlainFormat(written: string | null): boolean {
  return written !== null && !/%(?![sL%])/.test(written.replaceAll('%%', ''));
}

function growsLittle(name: string, args: readonly AstNode[], operands: Operands): boolean {
  const by = operands.constant(args[2]);
  const [value] = args;
  if (by === null || value === undefined) return false;
  const bytes = Buffer.byteLength(by);
  // A column's own value is not what another of them has made.
  if (operands.typeOf(value) !== null) return bytes <= GROWTH_MAX && !by.includes('\\');
  const what = name === 'replace' ? operands.constant(args[1]) : '';
  return what !== null && bytes <= Buffer.byteLength(what);
}

/** The argument that `by-rest` speaks of. */
export function valueArgument(name: string): number {
  return VALUE_SECOND.has(name) ? 1 : 0;
}

const OPERATORS: ReadonlySet<string> = new Set(
  `= <> != < > <= >= ~~ !~~ ~~* !~~* ~ !~ ~* !~* -> ->> #> #>> ? ?| ?& @> <@ && ^@ -|- << >> &< &>`.split(
    ' ',
  ),
);

/** Patterns and paths can be wrong; what they are held against cannot. */
const BY_RIGHT: ReadonlySet<string> = new Set('~~ !~~ ~~* !~~* ~ !~ ~* !~*'.split(' '));

const KINDS: ReadonlySet<string> = new Set([
  'AEXPR_DISTINCT',
  'AEXPR_NOT_DISTINCT',
  'AEXPR_NULLIF',
  'AEXPR_IN',
  'AEXPR_BETWEEN',
  'AEXPR_NOT_BETWEEN',
  'AEXPR_BETWEEN_SYM',
  'AEXPR_NOT_BETWEEN_SYM',
]);

/** Of an A_Expr: whether it can fail, and if only by its right side. */
export function failingOperator(body: JsonObject, operands: Operands): Failing {
  if (KINDS.has(text(body, 'kind') ?? '')) return 'never';
  const name = names(body, 'name').at(-1) ?? '';
  if (BY_RIGHT.has(name) || text(body, 'kind') === 'AEXPR_SIMILAR') return 'by-rest';
  if (name === '||') return joinsTexts(body, operands) ? 'never' : 'maybe';
  return OPERATORS.has(name) ? 'never' : 'maybe';
}

/** Arrays are joined only where their dimensions fit: one side has to be text, whatever the other is. */
function joinsTexts(body: JsonObject, operands: Operands): boolean {
  const sides = ['lexpr', 'rexpr'].map((side) => node(body, side));
  if (sides.some((side) => side !== null && isText(side, operands))) return true;
  return sides.every((side) => {
    const type = side === null ? null : operands.typeOf(side);
    return type !== null && !type.endsWith('[]');
  });
}

/** Functions whose result is text. */
const GIVING_TEXT: ReadonlySet<string> = new Set(
  `lower upper initcap reverse md5 concat concat_ws btrim ltrim rtrim quote_literal quote_ident quote_nullable left
   right jsonb_pretty array_to_string to_hex host text varchar bpchar substr substring split_part to_char lpad rpad
   overlay regexp_replace regexp_substr translate replace encode string_agg jsonb_extract_path_text
   json_extract_path_text json_typeof jsonb_typeof format`
    .trim()
    .split(/\s+/),
);

/** Whether a value is text for certain, so that any operation that takes it takes every text. */
export function isText(value: AstNode, operands: Operands): boolean {
  switch (value.tag) {
    case 'ColumnRef':
      return /^(text|name|character|"char")\b/.test(arrayless(operands.typeOf(value)));
    case 'A_Const': {
      // It may stand for an array where the other side is one.
      const constant = operands.constant(value);
      return constant !== null && !/^\s*[{[]/.test(constant);
    }
    case 'TypeCast':
      return !castMayFail(value.body);
    case 'A_Expr':
      return names(value.body, 'name').at(-1) === '||' && isJoinOfText(value.body, operands);
    case 'FuncCall':
      return GIVING_TEXT.has(names(value.body, 'funcname').at(-1) ?? '');
    case 'CoalesceExpr':
      return nodes(value.body, 'args').some((arg) => isText(arg, operands));
    default:
      return false;
  }
}

function isJoinOfText(body: JsonObject, operands: Operands): boolean {
  return ['lexpr', 'rexpr'].some((side) => {
    const operand = node(body, side);
    return operand !== null && isText(operand, operands);
  });
}

function arrayless(type: string | null): string {
  return type === null || type.endsWith('[]') ? '' : type;
}

const TEXT_TYPES: ReadonlySet<string> = new Set(['text', 'varchar', 'bpchar', 'char', 'name']);

/** Everything can be written as text. */
export function castMayFail(cast: JsonObject): boolean {
  const type = struct(cast, 'typeName');
  const name = type === null ? '' : (names(type, 'names').at(-1) ?? '');
  return !TEXT_TYPES.has(name) || type?.['arrayBounds'] !== undefined;
}

/** Of an expression with a syntax of its own. */
export function specialMayFail({ tag, body }: AstNode, operands: Operands): boolean {
  switch (tag) {
    // A key may not be NULL.
    case 'JsonObjectAgg':
    case 'JsonParseExpr':
      return true;
    case 'JsonObjectConstructor':
      return (
        !givesAnything(body) ||
        body['unique'] === true ||
        nodes(body, 'exprs').some((pair) => node(pair.body, 'key')?.tag !== 'A_Const')
      );
    case 'JsonValueExpr':
      return text(struct(body, 'format') ?? {}, 'format_type') === 'JS_FORMAT_JSON';
    case 'JsonSerializeExpr':
      return !isJson(struct(body, 'expr'), operands) || !givesAnything(body);
    case 'JsonArrayConstructor':
    case 'JsonArrayQueryConstructor':
    case 'JsonAggConstructor':
      return !givesAnything(body);
    case 'XmlExpr':
      return ['IS_XMLPARSE', 'IS_XMLPI', 'IS_XMLROOT'].includes(text(body, 'op') ?? '');
    case 'XmlSerialize':
      return text(body, 'xmloption') === 'XMLOPTION_DOCUMENT' || !isWhole(struct(body, 'typeName'));
    case 'JsonFuncExpr':
      return (
        !givesAnything(body) ||
        !isJson(struct(body, 'context_item'), operands) ||
        node(body, 'pathspec')?.tag !== 'A_Const' ||
        ['on_empty', 'on_error'].some((field) => struct(body, field)?.['btype'] === 'JSON_BEHAVIOR_ERROR')
      );
    default:
      return false;
  }
}

const JSON_TYPES: ReadonlySet<string> = new Set(['json', 'jsonb']);

/** Whether a JsonValueExpr has JSON in it already: text is parsed, and that may fail. */
function isJson(item: JsonObject | null, { typeOf }: Operands): boolean {
  const value = item === null ? null : node(item, 'raw_expr');
  switch (value?.tag) {
    case 'A_Const':
    case 'JsonArrayConstructor':
    case 'JsonObjectConstructor':
      return true;
    case 'ColumnRef':
      return JSON_TYPES.has(typeOf(value) ?? '');
    case 'TypeCast':
      return JSON_TYPES.has(names(struct(value.body, 'typeName') ?? {}, 'names').at(-1) ?? '');
    case 'FuncCall':
      return /^(to|row_to|array_to)_jsonb?$|^jsonb?_(build_|agg)/.test(
        names(value.body, 'funcname').at(-1) ?? '',
      );
    default:
      return false;
  }
}

/** RETURNING: everything can be written as text or JSON. */
function givesAnything(body: JsonObject): boolean {
  const output = struct(body, 'output');
  return isWhole(output === null ? null : struct(output, 'typeName'));
}

function isWhole(type: JsonObject | null): boolean {
  if (type === null) return true;
  const name = names(type, 'names').at(-1) ?? '';
  return (JSON_TYPES.has(name) || name === 'text') && type['arrayBounds'] === undefined;
}
