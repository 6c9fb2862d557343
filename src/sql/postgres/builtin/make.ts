/**
 * Writes what initdb puts into every database of one major version: `node src/sql/postgres/builtin/make.ts URL…`.
 * Sluice ships the result, so that a catalog refresh reads the user's own objects only and `sluice explain
 * --schema` needs no server. Run it against a server fresh from initdb, as a superuser.
 */
import { writeFileSync } from 'node:fs';
import pg from 'pg';
import type { BuiltinFile } from './format.ts';

const RELATIONS = `
  SELECT n.nspname AS schema, c.relname AS name, c.relkind AS kind,
         string_agg(a.attname, ' ' ORDER BY a.attnum) AS columns
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
   WHERE c.relkind IN ('r', 'v') AND n.nspname IN ('pg_catalog', 'information_schema')
   GROUP BY 1, 2, 3 ORDER BY 1, 2`;

const FUNCTIONS = `
  SELECT n.nspname AS schema, p.proname AS name,
         CASE max(CASE p.provolatile WHEN 'v' THEN 3 WHEN 's' THEN 2 ELSE 1 END)
           WHEN 3 THEN 'v' WHEN 2 THEN 's' ELSE 'i' END
         || CASE WHEN bool_or(p.proretset) THEN 'r' ELSE '' END
         || CASE WHEN bool_and(p.prokind = 'a') THEN 'a' ELSE '' END AS traits
    FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
   WHERE n.nspname IN ('pg_catalog', 'information_schema')
   GROUP BY 1, 2 ORDER BY 1, 2`;

const OPERATORS = `SELECT DISTINCT oprname AS name FROM pg_catalog.pg_operator ORDER BY 1`;

const TYPES = `
  SELECT t.typname AS name FROM pg_catalog.pg_type t
    JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
   WHERE n.nspname = 'pg_catalog' AND t.typrelid = 0 AND t.typname !~ '^_' ORDER BY 1`;

async function snapshot(url: string): Promise<{ major: number; file: BuiltinFile }> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const version = await client.query<{ v: string }>(`SELECT current_setting('server_version_num') AS v`);
  const relations: Record<string, Record<string, string>> = {};
  for (const row of (
    await client.query<{ schema: string; name: string; kind: string; columns: string }>(RELATIONS)
  ).rows) {
    relations[row.schema] ??= {};
    const schema = relations[row.schema];
    if (schema !== undefined) schema[row.name] = `${row.kind} ${row.columns}`;
  }
  const functions: Record<string, Record<string, string>> = {};
  for (const row of (await client.query<{ schema: string; name: string; traits: string }>(FUNCTIONS)).rows) {
    functions[row.schema] ??= {};
    const schema = functions[row.schema];
    if (schema !== undefined) schema[row.name] = row.traits;
  }
  const names = async (sql: string) =>
    (await client.query<{ name: string }>(sql)).rows.map((row) => row.name).join(' ');
  const file = { relations, functions, operators: await names(OPERATORS), types: await names(TYPES) };
  await client.end();
  return { major: Math.floor(Number(version.rows[0]?.v) / 10_000), file };
}

for (const url of process.argv.slice(2)) {
  const { major, file } = await snapshot(url);
  writeFileSync(new URL(`./${major}.json`, import.meta.url), `${JSON.stringify(file, null, 0)}\n`);
}
