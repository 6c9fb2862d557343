/**
 * Functions that come with the server, by name: what each servers' own binary accepts in PREPARE (MariaDB 10.11 and
 * MySQL 9.7), and what the manuals add for other versions. A name that stands in none of the lists is a stored or
 * loadable function's, or not known.
 */
import type { Volatility } from '../../core/facts.ts';
import type { ServerTraits } from './catalog-model.ts';

export interface BuiltinFunction {
  readonly volatility: Volatility;
  readonly kind: 'scalar' | 'aggregate' | 'window';
}

/** The schema under which facts name what comes with the server. */
export const BUILTIN_SCHEMA = 'mysql';

type Flavour = ServerTraits['flavour'];

const functions: Readonly<Record<Flavour, Map<string, BuiltinFunction>>> = {
  mysql: new Map(),
  mariadb: new Map(),
};

function are(builtin: BuiltinFunction, flavours: readonly Flavour[], names: string): void {
  for (const name of names.trim().split(/\s+/)) {
    for (const flavour of flavours) functions[flavour].set(name, builtin);
  }
}

const BOTH: readonly Flavour[] = ['mysql', 'mariadb'];
const COMPUTES: BuiltinFunction = { volatility: 'immutable', kind: 'scalar' };
const STABLE: BuiltinFunction = { volatility: 'stable', kind: 'scalar' };
const VOLATILE: BuiltinFunction = { volatility: 'volatile', kind: 'scalar' };
const AGGREGATE: BuiltinFunction = { volatility: 'immutable', kind: 'aggregate' };
const WINDOW: BuiltinFunction = { volatility: 'immutable', kind: 'window' };

are(
  COMPUTES,
  BOTH,
  `abs acos adddate addtime aes_decrypt aes_encrypt ascii asin atan atan2 bin bit_count bit_length cast ceil ceiling
   char character_length charset char_length coalesce coercibility collation compress concat concat_ws conv convert
   convert_tz cos cot crc32 date datediff date_add date_format date_sub day dayname dayofmonth dayofweek dayofyear
   default degrees elt exp export_set extract extractvalue field find_in_set floor format format_pico_time from_base64
   from_days from_unixtime geometrycollection get_format greatest hex hour if ifnull inet6_aton inet6_ntoa inet_aton
   inet_ntoa insert instr interval isnull is_ipv4 is_ipv4_compat is_ipv4_mapped is_ipv6 json_array json_array_append
   json_array_insert json_contains json_contains_path json_depth json_extract json_insert json_keys json_length
   json_merge json_merge_patch json_merge_preserve json_object json_overlaps json_pretty json_quote json_remove
   json_replace json_schema_valid json_search json_set json_type json_unquote json_valid json_value last_day lcase
   least left length linestring ln locate log log10 log2 lower lpad ltrim makedate maketime make_set mbrcontains
   mbrdisjoint mbrequals mbrintersects mbroverlaps mbrtouches mbrwithin md5 microsecond mid minute mod month monthname
   multilinestring multipoint multipolygon name_const nullif oct octet_length ord period_add period_diff pi point
   polygon position pow power quarter radians regexp_instr regexp_replace regexp_substr repeat replace reverse right
   round rpad rtrim second sec_to_time sha sha1 sha2 sign sin soundex space sqrt strcmp str_to_date st_area
   st_asbinary st_asgeojson st_astext st_aswkb st_aswkt st_buffer st_centroid st_contains st_convexhull st_crosses
   st_difference st_dimension st_disjoint st_distance st_distance_sphere st_endpoint st_envelope st_equals
   st_exteriorring st_geohash st_geomcollfromtext st_geomcollfromwkb st_geometrycollectionfromtext
   st_geometrycollectionfromwkb st_geometryfromtext st_geometryfromwkb st_geometryn st_geometrytype
   st_geomfromgeojson st_geomfromtext st_geomfromwkb st_interiorringn st_intersection st_intersects st_isclosed
   st_isempty st_issimple st_isvalid st_latfromgeohash st_length st_linefromtext st_linefromwkb
   st_linestringfromtext st_linestringfromwkb st_longfromgeohash st_mlinefromtext st_mlinefromwkb st_mpointfromtext
   st_mpointfromwkb st_mpolyfromtext st_mpolyfromwkb st_multilinestringfromtext st_multilinestringfromwkb
   st_multipointfromtext st_multipointfromwkb st_multipolygonfromtext st_multipolygonfromwkb st_numgeometries
   st_numinteriorrings st_numpoints st_overlaps st_pointfromgeohash st_pointfromtext st_pointfromwkb st_pointn
   st_polyfromtext st_polyfromwkb st_polygonfromtext st_polygonfromwkb st_simplify st_srid st_startpoint
   st_symdifference st_touches st_union st_validate st_within st_x st_y subdate substr substring substring_index
   subtime tan time timediff timestamp timestampadd timestampdiff time_to_sec to_base64 to_days to_seconds trim
   truncate ucase uncompress uncompressed_length unhex updatexml upper value values week weekday weekofyear
   weight_string year yearweek`,
);
are(
  COMPUTES,
  ['mariadb'],
  `add_months area asbinary astext aswkb aswkt boundary buffer centroid chr column_add column_check column_create
   column_delete column_exists column_json column_list concat_operator_oracle contains convexhull crc32c crosses decode
   decode_histogram decode_oracle des_decrypt des_encrypt dimension disjoint encode endpoint envelope equals
   exteriorring geomcollfromtext geomcollfromwkb geometrycollectionfromtext geometrycollectionfromwkb
   geometryfromtext geometryfromwkb geometryn geometrytype geomfromtext geomfromwkb glength interiorringn intersects
   isclosed isempty isring issimple json_array_intersect json_compact json_detailed json_equals json_exists
   json_key_value json_loose json_normalize json_object_filter_keys json_object_to_array json_query kdf lengthb
   linefromtext linefromwkb linestringfromtext linestringfromwkb lpad_oracle ltrim_oracle mbrequal mlinefromtext
   mlinefromwkb mpointfromtext mpointfromwkb mpolyfromtext mpolyfromwkb multilinestringfromtext
   multilinestringfromwkb multipointfromtext multipointfromwkb multipolygonfromtext multipolygonfromwkb
   natural_sort_key numgeometries numinteriorrings numpoints nvl nvl2 old_password overlaps password pointfromtext
   pointfromwkb pointn pointonsurface polyfromtext polyfromwkb polygonfromtext polygonfromwkb replace_oracle rownum
   rpad_oracle rtrim_oracle sformat srid startpoint st_boundary st_isring st_pointonsurface st_relate substr_oracle
   touches to_char to_number trim_oracle trunc vec_distance vec_distance_cosine vec_distance_euclidean vec_fromtext
   vec_totext within x y`,
);
are(
  COMPUTES,
  ['mysql'],
  `any_value bin_to_uuid distance etag format_bytes from_vector geomcollection grouping gtid_subset gtid_subtract
   is_uuid json_duality_object json_schema_validation_report json_storage_free json_storage_size mbrcoveredby
   mbrcovers regexp_like statement_digest statement_digest_text string_to_vector st_buffer_strategy
   st_frechetdistance st_geomcollfromtxt st_hausdorffdistance st_latitude st_lineinterpolatepoint
   st_lineinterpolatepoints st_longitude st_makeenvelope st_numinteriorring st_pointatdistance st_swapxy st_transform
   to_vector uuid_to_bin validate_password_strength vector_dim vector_distance vector_to_string`,
);
are(
  STABLE,
  BOTH,
  `connection_id curdate current_date current_role current_time current_timestamp current_user curtime database
   found_rows last_insert_id localtime localtimestamp now row_count schema session_user system_user unix_timestamp
   user utc_date utc_time utc_timestamp version`,
);
are(STABLE, ['mariadb'], 'binlog_gtid_pos wsrep_last_seen_gtid wsrep_last_written_gtid');
are(
  STABLE,
  ['mysql'],
  'current_role_in current_user_in icu_version ps_current_thread_id ps_thread_id roles_graphml version_with_update',
);
are(
  VOLATILE,
  BOTH,
  `benchmark get_lock is_free_lock is_used_lock load_file master_pos_wait rand random_bytes release_all_locks
   release_lock sleep sysdate uuid uuid_short`,
);
are(
  VOLATILE,
  ['mariadb'],
  'encrypt lastval master_gtid_wait nextval setval sys_guid uuid_v4 uuid_v7 wsrep_sync_wait_upto_gtid',
);
are(
  VOLATILE,
  ['mysql'],
  `asynchronous_connection_failover_add_managed asynchronous_connection_failover_add_source
   asynchronous_connection_failover_delete_managed asynchronous_connection_failover_delete_source
   asynchronous_connection_failover_reset innodb_redo_log_sharp_checkpoint innodb_set_open_files_limit source_pos_wait
   wait_for_executed_gtid_set wait_until_sql_thread_after_gtids`,
);
are(
  AGGREGATE,
  BOTH,
  `avg bit_and bit_or bit_xor count group_concat json_arrayagg json_objectagg max min std stddev stddev_pop
   stddev_samp st_collect sum variance var_pop var_samp`,
);
are(
  WINDOW,
  BOTH,
  'cume_dist dense_rank first_value lag last_value lead nth_value ntile percent_rank rank row_number',
);
are(WINDOW, ['mariadb'], 'median percentile_cont percentile_disc');

/** What comes with the server under that name; null where it is a stored or loadable function's, or nobody's. */
export function builtinFunction(flavour: Flavour, name: string): BuiltinFunction | null {
  return functions[flavour].get(name.toLowerCase()) ?? null;
}

/** Names that come with the server, lower case. */
export function builtinFunctionNames(flavour: Flavour): Iterable<string> {
  return functions[flavour].keys();
}
