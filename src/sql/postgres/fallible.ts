/**
 * What can fail depending on the values it is given: division by zero, overflow, a cast of text that is no number.
 * That a statement fails, or does not, comes out whatever is masked, so it tells of those values as a comparison does.
 * What is not known here may fail.
 */
import type { JsonObject } from '../../core/json.ts';
import { type AstNode, names, node, nodes, struct, text } from './ast.ts';

/** `never`: whatever it is given. `by-rest`: not by its first argument, which may yet fail by the others. */
export type Failing = 'never' | 'by-rest' | 'maybe';

const NEVER: ReadonlySet<string> = new Set(
  `count min max string_agg json_agg jsonb_agg xmlagg bool_and bool_or every any_value bit_and bit_or bit_xor mode
   rank dense_rank percent_rank cume_dist row_number lag lead first_value last_value percentile_cont percentile_disc
   length char_length character_length octet_length bit_length lower upper initcap reverse md5 sha224 sha256 sha384
   sha512 concat concat_ws btrim ltrim rtrim strpos position starts_with ascii quote_literal quote_ident
   quote_nullable left right to_json to_jsonb row_to_json array_to_json json_build_array jsonb_build_array
   jsonb_typeof json_typeof jsonb_pretty jsonb_strip_nulls num_nulls num_nonnulls pg_typeof pg_column_size hashtext
   cardinality array_length array_upper array_lower array_ndims array_dims array_to_string age isempty lower_inc
   upper_inc lower_inf upper_inf sign isfinite unnest to_hex host family masklen text varchar bpchar`
    .trim()
    .split(/\s+/),
);

const BY_REST: ReadonlySet<string> = new Set(
  `substr substring split_part date_part date_trunc extract to_char round trunc floor ceil ceiling lpad rpad overlay
   regexp_replace regexp_match regexp_matches regexp_count regexp_like regexp_substr regexp_instr
   regexp_split_to_array regexp_split_to_table string_to_array string_to_table translate replace encode
   json_extract_path json_extract_path_text jsonb_extract_path jsonb_extract_path_text timezone nth_value
   to_tsvector`
    .trim()
    .split(/\s+/),
);

/** Sums overflow, and arrays have to be alike: that is up to whoever chooses the values, if they are no column's own. */
const OF_COLUMNS: ReadonlySet<string> = new Set(
  `sum avg stddev stddev_pop stddev_samp variance var_pop var_samp array_agg`.split(' '),
);

/** The unit comes before the value. */
const VALUE_SECOND: ReadonlySet<string> = new Set(['date_part', 'date_trunc', 'extract', 'timezone']);

/** Which of a built-in function's arguments it cannot fail by. */
export function failingOf(name: string, args: readonly AstNode[]): Failing {
  if (NEVER.has(name)) return 'never';
  if (OF_COLUMNS.has(name)) return args.every((arg) => arg.tag === 'ColumnRef') ? 'never' : 'maybe';
  return BY_REST.has(name) ? 'by-rest' : 'maybe';
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
export function failingOperator(body: JsonObject): Failing {
  if (KINDS.has(text(body, 'kind') ?? '')) return 'never';
  const name = names(body, 'name').at(-1) ?? '';
  if (BY_RIGHT.has(name) || text(body, 'kind') === 'AEXPR_SIMILAR') return 'by-rest';
  if (name === '||')
    return ['lexpr', 'rexpr'].every((side) => isOneText(node(body, side))) ? 'never' : 'maybe';
  return OPERATORS.has(name) ? 'never' : 'maybe';
}

/** Arrays are joined only where their dimensions fit. */
function isOneText(operand: AstNode | null): boolean {
  switch (operand?.tag) {
    case 'ColumnRef':
    case 'A_Const':
      return true;
    case 'TypeCast':
      return !castMayFail(operand.body);
    case 'A_Expr':
      return failingOperator(operand.body) === 'never';
    case 'FuncCall':
      return !/array|split|unnest|table/.test(names(operand.body, 'funcname').at(-1) ?? '');
    case 'CoalesceExpr':
      return nodes(operand.body, 'args').every(isOneText);
    default:
      return false;
  }
}

const TEXT_TYPES: ReadonlySet<string> = new Set(['text', 'varchar', 'bpchar', 'char', 'name']);

/** Everything can be written as text. */
export function castMayFail(cast: JsonObject): boolean {
  const type = struct(cast, 'typeName');
  const name = type === null ? '' : (names(type, 'names').at(-1) ?? '');
  return !TEXT_TYPES.has(name) || type?.['arrayBounds'] !== undefined;
}

/** Of an expression with a syntax of its own. */
export function specialMayFail({ tag, body }: AstNode): boolean {
  switch (tag) {
    // A key may not be NULL.
    case 'JsonObjectAgg':
    case 'JsonObjectConstructor':
    case 'JsonParseExpr':
      return true;
    case 'XmlExpr':
      return ['IS_XMLPARSE', 'IS_XMLPI'].includes(text(body, 'op') ?? '');
    case 'JsonFuncExpr':
      return ['on_empty', 'on_error'].some(
        (field) => struct(body, field)?.['btype'] === 'JSON_BEHAVIOR_ERROR',
      );
    default:
      return false;
  }
}
