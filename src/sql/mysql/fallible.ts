/**
 * What can fail in a query depending on the values it is given: overflow, text that is no JSON, a geometry out of its
 * range. That a statement fails, or does not, comes out whatever is masked, so it tells of those values as a
 * comparison does. In a query most of MySQL's functions only warn; what is not known here may fail.
 */
import type { Expression, FunctionCall } from './ast.ts';
import type { ServerTraits } from './catalog-model.ts';

type Flavour = ServerTraits['flavour'];

function namesOf(names: string): ReadonlySet<string> {
  return new Set(names.trim().split(/\s+/));
}

/** Whatever they are given; tried on both servers with values at the edges of every type. */
const NEVER = namesOf(
  `ascii avg bin bit_length ceil ceiling char_length character_length charset coalesce coercibility collation concat
   concat_ws count crc32 cume_dist date date_format datediff day dayname dayofmonth dayofweek dayofyear dense_rank elt
   field find_in_set first_value floor from_days greatest group_concat hex hour if ifnull inet_aton inet_ntoa
   inet6_aton inet6_ntoa insert instr is_ipv4 is_ipv6 isnull json_arrayagg json_quote lag last_day last_value lcase lead
   least left length locate lower lpad ltrim max md5 microsecond mid min minute month monthname name_const nullif
   oct octet_length ord percent_rank position quarter quote rank repeat replace reverse right row_number rpad
   rtrim second sec_to_time sha sha1 sha2 sign soundex space sqrt std stddev stddev_pop stddev_samp substr
   substring substring_index sum time time_to_sec to_base64 to_days to_seconds trim truncate ucase unhex upper var_pop
   var_samp variance week weekday weekofyear year yearweek adddate addtime convert_tz date_add date_sub extract format
   from_unixtime json_array json_depth json_extract json_keys json_length json_object json_objectagg json_type
   json_unquote ln log log10 log2 makedate maketime make_set mod rand sqrt str_to_date subdate subtime
   timediff timestamp timestampadd timestampdiff unix_timestamp interval export_set conv`,
);

const NEVER_THERE: Readonly<Record<Flavour, ReadonlySet<string>>> = {
  mysql: namesOf('any_value is_uuid json_valid'),
  mariadb: namesOf(
    `json_valid nvl nvl2 json_array_append json_array_insert json_compact json_contains json_contains_path json_detailed
     json_exists json_insert json_loose json_merge json_merge_patch json_merge_preserve json_pretty json_query
     json_remove json_replace json_search json_set json_value strcmp`,
  ),
};

/** Which of their arguments are asked for depends on the values of others, or on how these compare. */
const CHOOSES = namesOf(
  'coalesce elt export_set field find_in_set greatest if ifnull interval isnull least make_set nullif nvl nvl2 strcmp',
);

/** Of functions that come with MySQL: those that never fail on what is a document by its type, by a path that is right. */
const OF_DOCUMENTS = namesOf('json_depth json_extract json_keys json_length json_type json_unquote');
const OF_KEYS = namesOf('json_object json_objectagg');

/** Whether a function that comes with the server can fail by the values of its arguments, documents and keys apart. */
export function callMayFail(flavour: Flavour, { name, args }: FunctionCall): boolean {
  const folded = name.toLowerCase();
  if (folded === 'round') return !isCount(args[1]);
  return !NEVER.has(folded) && !NEVER_THERE[flavour].has(folded);
}

/** Digits behind the point: rounding those before it overflows. */
function isCount(digits: Expression | undefined): boolean {
  return digits === undefined || (digits.is === 'literal' && digits.literal.kind === 'integer');
}

export function takesDocument(name: string): boolean {
  return OF_DOCUMENTS.has(name.toLowerCase());
}

/** Its first, third… argument are keys. */
export function takesKeys(name: string): boolean {
  return OF_KEYS.has(name.toLowerCase());
}

export function isOfDocuments(name: string): boolean {
  return /^json_/i.test(name);
}

/** What they give is about as long as what they are given. */
const SHRINKING = namesOf(
  `concat count date date_format day hour left lower ltrim max md5 min minute month right round rtrim sha1 sha2 sum
   substr substring substring_index trim upper year`,
);

export function shrinks(name: string): boolean {
  return SHRINKING.has(name.toLowerCase());
}

/** Squares of large numbers are too large; MariaDB has none of them fail. */
const SQUARING = namesOf('std stddev stddev_pop stddev_samp variance var_pop var_samp');

export function squares(name: string): boolean {
  return SQUARING.has(name.toLowerCase());
}

/** All others stop at most at an argument that is NULL. */
export function callChooses(name: string): boolean {
  return CHOOSES.has(name.toLowerCase());
}

/** Sums, products and quotients overflow; bit operators of MySQL want binary strings of the same length. */
const OPERATORS = namesOf('AND OR XOR && || ! NOT % MOD << >> BINARY ~');

export function operatorMayFail(operator: string): boolean {
  return !OPERATORS.has(operator.toUpperCase());
}

/** A collation that is written has MySQL turn the values beside it into its character set, which fails where they are not in it. */
export function narrows(flavour: Flavour, collation: string): boolean {
  return flavour === 'mysql' && !/^(?:utf8mb4|utf16|utf32|gb18030|binary)/i.test(collation);
}

/** Likewise a value that was cast to such a character set: texts beside it that are of no column give way to it. */
export function castNarrows(flavour: Flavour, type: string): boolean {
  if (flavour !== 'mysql') return false;
  const written = type.trim();
  const isUnicode = /\b(?:charset|set)\s+["'`]?(?:utf8mb4|utf16|utf16le|utf32|gb18030|binary)["'`]?$/i;
  if (/\W(?:charset|set|ascii|unicode)\b/i.test(written)) return !isUnicode.test(written);
  return /^(?:nchar|national)\b/i.test(written);
}

/** What the server has names of is in utf8mb3: its variables, its own tables, and what these functions give. */
export function namesNarrow(flavour: Flavour): boolean {
  return narrows(flavour, 'utf8mb3');
}

export function givesName(flavour: Flavour, name: string): boolean {
  return namesNarrow(flavour) && NAMES.has(name.toLowerCase());
}

const NAMES = namesOf(
  'user current_user session_user system_user current_role database schema version charset collation',
);

/** Types that a value is cast to with no more than a warning. */
const CASTS = /^(?:binary|char|character|nchar|varchar|signed|unsigned|decimal|date|datetime|time)\b/i;

export function castMayFail(type: string, array: boolean): boolean {
  return array || !CASTS.test(type.trim());
}
