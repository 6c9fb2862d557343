/** The questions by which Sluice reads a database's catalog, and how the answers become one (any version from 13). */
import type { Volatility } from '../../core/facts.ts';
import { isArray, type Json } from '../../core/json.ts';
import type {
  CatalogColumn,
  CatalogFunction,
  CatalogObjects,
  CatalogRelation,
  CatalogType,
  QualifiedName,
  RelationKind,
} from './catalog.ts';

/** One row of a result, values as text or JSON. */
export type CatalogRow = Readonly<Record<string, Json>>;

/** Runs one query; the session's search_path has to be empty, so that view definitions name everything in full. */
export type RunQuery = (sql: string) => Promise<readonly CatalogRow[]>;

const SCHEMAS = `SELECT nspname AS name FROM pg_catalog.pg_namespace WHERE nspname !~ '^pg_(temp|toast)'`;

const RELATIONS = `
  SELECT c.oid::text AS oid, n.nspname AS schema, c.relname AS name, c.relkind AS kind,
         CASE WHEN c.relkind IN ('v', 'm') THEN pg_catalog.pg_get_viewdef(c.oid) END AS definition,
         coalesce(a.columns, '[]'::json) AS columns, coalesce(i.parents, '[]'::json) AS parents,
         coalesce(k.keys, '[]'::json) AS keys,
         c.relhasrules AND EXISTS (SELECT FROM pg_catalog.pg_rewrite r WHERE r.ev_class = c.oid AND r.ev_type <> '1') AS rewritten
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN (
      SELECT attrelid, pg_catalog.json_agg(pg_catalog.json_build_array(attname, attnum,
               pg_catalog.format_type(atttypid, atttypmod), attnotnull, atttypid::int8, atttypmod, g.made_from) ORDER BY attnum) AS columns
        FROM pg_catalog.pg_attribute
        LEFT JOIN (
          SELECT d.adrelid, d.adnum, pg_catalog.json_agg(DISTINCT m.attname) AS made_from
            FROM pg_catalog.pg_attrdef d
            JOIN pg_catalog.pg_depend p ON p.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass AND p.objid = d.oid
             AND p.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND p.refobjid = d.adrelid AND p.refobjsubid <> d.adnum
            JOIN pg_catalog.pg_attribute m ON m.attrelid = d.adrelid AND m.attnum = p.refobjsubid
           GROUP BY d.adrelid, d.adnum
        ) g ON g.adrelid = attrelid AND g.adnum = attnum AND attgenerated <> ''
       WHERE attnum > 0 AND NOT attisdropped AND attrelid >= 16384 GROUP BY attrelid
    ) a ON a.attrelid = c.oid
    LEFT JOIN (
      SELECT h.inhrelid, pg_catalog.json_agg(pg_catalog.json_build_array(pn.nspname, p.relname)) AS parents
        FROM pg_catalog.pg_inherits h
        JOIN pg_catalog.pg_class p ON p.oid = h.inhparent
        JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace
       WHERE p.relkind IN ('r', 'p', 'f') GROUP BY h.inhrelid
    ) i ON i.inhrelid = c.oid
    LEFT JOIN (
      SELECT x.indrelid, pg_catalog.json_agg((
               SELECT pg_catalog.json_agg(t.attname) FROM pg_catalog.pg_attribute t
                WHERE t.attrelid = x.indrelid AND t.attnum = ANY (x.indkey[0:x.indnkeyatts - 1]))) AS keys
        FROM pg_catalog.pg_index x
       WHERE x.indisunique AND x.indisvalid AND x.indpred IS NULL AND x.indexprs IS NULL AND x.indrelid >= 16384
       GROUP BY x.indrelid
    ) k ON k.indrelid = c.oid
   WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S', 'c') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
     AND n.nspname !~ '^pg_(temp|toast)'`;

const FUNCTIONS = `
  SELECT n.nspname AS schema, p.proname AS name, p.provolatile AS volatility, p.proretset AS returns_set,
         p.prokind = 'a' AS aggregate, coalesce(sl.lanname, l.lanname) AS language,
         CASE WHEN l.lanname = 'sql' THEN p.prosrc END AS source, %BODY% AS body
    FROM pg_catalog.pg_proc p
    JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
    JOIN pg_catalog.pg_language l ON l.oid = p.prolang
    LEFT JOIN pg_catalog.pg_aggregate g ON g.aggfnoid = p.oid
    LEFT JOIN pg_catalog.pg_proc s ON s.oid = g.aggtransfn
    LEFT JOIN pg_catalog.pg_language sl ON sl.oid = s.prolang
   WHERE p.oid >= 16384`;

const OPERATORS = `
  SELECT DISTINCT o.oprname AS name, fn.nspname || '.' || f.proname AS function
    FROM pg_catalog.pg_operator o
    JOIN pg_catalog.pg_proc f ON f.oid = o.oprcode
    JOIN pg_catalog.pg_namespace fn ON fn.oid = f.pronamespace
   WHERE o.oid >= 16384`;

const TYPES = `
  SELECT n.nspname AS schema, t.typname AS name, coalesce(pg_catalog.json_agg(DISTINCT fn.nspname || '.' || f.proname)
           FILTER (WHERE f.oid IS NOT NULL), '[]'::json) AS casts
    FROM pg_catalog.pg_type t
    JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
    LEFT JOIN (
      SELECT castsource AS type, castfunc AS function FROM pg_catalog.pg_cast WHERE castfunc >= 16384
      UNION SELECT casttarget, castfunc FROM pg_catalog.pg_cast WHERE castfunc >= 16384
      UNION SELECT k.contypid, d.refobjid
        FROM pg_catalog.pg_constraint k
        JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass AND d.objid = k.oid
         AND d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass
       WHERE k.contypid <> 0 AND d.refobjid >= 16384
    ) c ON c.type = t.oid
    LEFT JOIN pg_catalog.pg_proc f ON f.oid = c.function
    LEFT JOIN pg_catalog.pg_namespace fn ON fn.oid = f.pronamespace
   WHERE (t.oid >= 16384 AND t.typelem = 0) OR f.oid IS NOT NULL
   GROUP BY 1, 2`;

export async function readCatalogObjects(run: RunQuery, major: number): Promise<CatalogObjects> {
  const body = major >= 14 ? 'pg_catalog.pg_get_function_sqlbody(p.oid)' : 'NULL';
  const schemas = (await run(SCHEMAS)).map((row) => textOf(row, 'name'));
  const relations = (await run(RELATIONS)).map(relationFrom);
  const functions = (await run(FUNCTIONS.replace('%BODY%', body))).map(functionFrom);
  const operators = (await run(OPERATORS)).map((row) => ({
    name: textOf(row, 'name'),
    function: textOf(row, 'function'),
  }));
  const types = (await run(TYPES)).map((row) => ({
    schema: textOf(row, 'schema'),
    name: textOf(row, 'name'),
    casts: stringsOf(row, 'casts'),
  }));
  const ranges = major >= 14 ? 'r.rngtypid, r.rngmultitypid' : 'r.rngtypid';
  const typeRows = (await run(TYPE_ROWS.replace('%RANGES%', ranges))).map(typeRowFrom);
  return { schemas, relations, functions, operators, types, typeRows };
}

/** How the values of types outside pg_catalog are put together: domains, enums, arrays, ranges, composites. */
const TYPE_ROWS = `
  SELECT t.oid::text AS oid, t.typname AS name, t.typtype AS typtype,
         coalesce(v.oid, 0)::text AS element, t.typdelim AS delimiter,
         t.typbasetype::text AS base, t.typtypmod::text AS modifier, coalesce(r.rngsubtype, 0)::text AS bound,
         coalesce((SELECT pg_catalog.json_agg(e.enumlabel ORDER BY e.enumsortorder)
                     FROM pg_catalog.pg_enum e WHERE e.enumtypid = t.oid), '[]'::json) AS labels,
         CASE WHEN t.typtype = 'c' THEN (
           SELECT pg_catalog.json_agg(pg_catalog.json_build_array(a.atttypid::int8, a.atttypmod) ORDER BY a.attnum)
             FROM pg_catalog.pg_attribute a WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
         ) END AS fields
    FROM pg_catalog.pg_type t
    LEFT JOIN pg_catalog.pg_type v ON v.typarray = t.oid
    LEFT JOIN pg_catalog.pg_range r ON t.oid IN (%RANGES%)
   WHERE t.oid >= 16384`;

function typeRowFrom(row: CatalogRow): CatalogType {
  return {
    oid: Number(textOf(row, 'oid')),
    name: textOf(row, 'name'),
    typtype: textOf(row, 'typtype'),
    elementOid: Number(textOf(row, 'element')),
    delimiter: textOf(row, 'delimiter'),
    baseOid: Number(textOf(row, 'base')),
    baseModifier: Number(textOf(row, 'modifier')),
    boundOid: Number(textOf(row, 'bound')),
    labels: stringsOf(row, 'labels'),
    fields: listOf(row, 'fields').map((field) => {
      const [oid, modifier] = isArray(field) ? field : [];
      return { oid: Number(oid), modifier: Number(modifier) };
    }),
  };
}

const KINDS: Readonly<Record<string, RelationKind>> = {
  r: 'table',
  p: 'table',
  v: 'view',
  m: 'materialized-view',
  f: 'foreign-table',
  S: 'sequence',
  c: 'composite-type',
};

function relationFrom(row: CatalogRow): CatalogRelation {
  const definition = row['definition'];
  return {
    schema: textOf(row, 'schema'),
    name: textOf(row, 'name'),
    oid: Number(textOf(row, 'oid')),
    kind: KINDS[textOf(row, 'kind')] ?? 'table',
    columns: listOf(row, 'columns').map(columnFrom),
    definition: typeof definition === 'string' ? definition : null,
    parents: listOf(row, 'parents').map(parentFrom),
    uniqueKeys: listOf(row, 'keys').map((key) =>
      isArray(key) ? key.filter((name) => typeof name === 'string') : [],
    ),
    rewritten: row['rewritten'] === true,
    system: false,
  };
}

function parentFrom(value: Json): QualifiedName {
  const [schema, name] = isArray(value) ? value : [];
  return { schema: String(schema), name: String(name) };
}

function columnFrom(value: Json): CatalogColumn {
  const [name, number, type, notNull, typeOid, typeModifier, madeFrom] = isArray(value) ? value : [];
  return {
    name: String(name),
    number: Number(number),
    type: String(type),
    notNull: notNull === true,
    typeOid: Number(typeOid),
    typeModifier: Number(typeModifier),
    madeFrom:
      madeFrom !== undefined && isArray(madeFrom) ? madeFrom.filter((from) => typeof from === 'string') : [],
  };
}

function functionFrom(row: CatalogRow): CatalogFunction {
  const volatility = textOf(row, 'volatility');
  const body = row['body'];
  const source = row['source'];
  return {
    schema: textOf(row, 'schema'),
    name: textOf(row, 'name'),
    volatility: VOLATILITIES[volatility] ?? 'unknown',
    returnsSet: row['returns_set'] === true,
    aggregate: row['aggregate'] === true,
    language: textOf(row, 'language'),
    body:
      typeof body === 'string'
        ? plainBody(body)
        : typeof source === 'string' && source !== ''
          ? source
          : null,
  };
}

const VOLATILITIES: Readonly<Record<string, Volatility>> = { i: 'immutable', s: 'stable', v: 'volatile' };

/** `RETURN expression` and `BEGIN ATOMIC … END` as statements that stand alone. */
function plainBody(body: string): string {
  const atomic = /^\s*BEGIN\s+ATOMIC\b([\s\S]*)\bEND\s*$/i.exec(body);
  if (atomic !== null) return atomic[1] ?? '';
  return body.replace(/^\s*RETURN\b/i, 'SELECT');
}

function textOf(row: CatalogRow, field: string): string {
  const value = row[field];
  return typeof value === 'string' ? value : String(value);
}

function listOf(row: CatalogRow, field: string): readonly Json[] {
  const value = row[field];
  return value !== undefined && isArray(value) ? value : [];
}

function stringsOf(row: CatalogRow, field: string): readonly string[] {
  return listOf(row, field).filter((value) => typeof value === 'string');
}
