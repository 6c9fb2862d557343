/** `sluice classify` against a real server: what it proposes for the sample shop and for a database made to mislead it. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Client } from 'pg';
import { parse } from 'yaml';
import { z } from 'zod';
import { type PostgresServer, startPostgres } from '../../src/demo/postgres-server.ts';
import { createShop } from '../../src/demo/shop.ts';
import { type CommandResult, type CommandWorld, sluice, sluiceProcess } from '../support/command-line.ts';

const directory = mkdtempSync(join(tmpdir(), 'sluice-classify-'));
let postgres: PostgresServer;

/** Views, partitions, odd names, types of all kinds; tables that cannot be read, and ones whose reading fails. */
const ODD = `
  CREATE SCHEMA "we ird";
  CREATE DOMAIN ssn_domain AS varchar(11);
  CREATE TYPE person AS (name text, mail text);
  CREATE TABLE "we ird"."Ta""b.le" (
    id int, "Home Phone" text, "x
y" text, "c*d" text, geburtsdatum date, born text, "kreditkartenNummer" bigint, account_ref bigint, api_key uuid,
    passwort_hash bytea, client_ip inet, tokens_used int, tags text[], ident ssn_domain, p person, email_count text,
    email_format text, "emailVerified" boolean, note text, doc jsonb, version text, mail text, useremail varchar(3));
  INSERT INTO "we ird"."Ta""b.le"
    SELECT n, '+4930123456' || (10 + n % 80), 'u' || n || '@ex.org', '123-45-' || (1000 + n), date '1980-01-01' + n,
           to_char(date '1980-01-01' + n, 'YYYY-MM-DD'), 4242424242424242, 1000000000000000 + n, gen_random_uuid(),
           'abc', '203.0.113.9', n, ARRAY['x' || n || '@y.org', NULL], '123-45-6789', ROW('A', 'c' || n || '@b.org')::person,
           '7', 'html', true,
           CASE WHEN n % 20 = 0 THEN 'write to bob' || n || '@ex.org please' ELSE 'hello' END,
           jsonb_build_object('k', CASE WHEN n % 3 = 0 THEN '4242 4242 4242 4242' ELSE 'none' END),
           '10.0.' || n % 9 || '.1', 'weekly', 'yes'
      FROM generate_series(1, 300) AS n;
  CREATE TABLE part (id int, mail text) PARTITION BY RANGE (id);
  CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (0) TO (100000);
  INSERT INTO part SELECT n, 'p' || n || '@ex.org' FROM generate_series(1, 30000) AS n;
  CREATE TABLE parent (id int, email text);
  CREATE TABLE child (phone text) INHERITS (parent);
  CREATE VIEW shown AS SELECT "x
y" AS contact, ident || '' AS computed FROM "we ird"."Ta""b.le";
  CREATE MATERIALIZED VIEW stored AS SELECT mail AS contact FROM part;
  CREATE FUNCTION boom() RETURNS TABLE (ssn text, other text) LANGUAGE plpgsql
    AS $$ BEGIN RAISE EXCEPTION 'no such person: 999-88-7777'; END $$;
  CREATE VIEW behind_function AS SELECT * FROM boom();
  CREATE TABLE failing (a text, email int GENERATED ALWAYS AS (a::int) VIRTUAL, iban text);
  INSERT INTO failing (a) VALUES ('raw-value-8472');
  CREATE TABLE guarded (ssn text);
  ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
  CREATE TABLE forbidden (email text, other text);
  CREATE TABLE half_forbidden (hidden text, contact text);
  INSERT INTO half_forbidden VALUES ('hidden@ex.org', 'half@ex.org');
  CREATE ROLE reader LOGIN;
  CREATE ROLE locked LOGIN PASSWORD 'p@ss-1834';
  GRANT USAGE ON SCHEMA "we ird" TO reader;
  GRANT SELECT ON ALL TABLES IN SCHEMA "we ird", public TO reader;
  REVOKE ALL ON forbidden, half_forbidden FROM reader;
  GRANT SELECT (contact) ON half_forbidden TO reader;
`;

before(async () => {
  postgres = await startPostgres({
    settings: { log_statement: 'all', log_line_prefix: '%a ' },
    hba: ['host all locked 127.0.0.1/32 scram-sha-256'],
  });
  await createShop(postgres.url);
  const server = new Client({ connectionString: postgres.url() });
  await server.connect();
  await server.query('CREATE DATABASE odd');
  await server.query('CREATE DATABASE bare');
  await server.end();
  await run('odd', ODD);
});

after(async () => {
  await postgres?.stop();
  rmSync(directory, { recursive: true, force: true });
});

async function run(database: string, sql: string): Promise<readonly Record<string, unknown>[]> {
  const client = new Client({ connectionString: postgres.url(database) });
  await client.connect();
  try {
    const answer = await client.query<Record<string, unknown>>(sql);
    return answer.rows;
  } finally {
    await client.end();
  }
}

function urlOf(database: string, user = 'postgres'): string {
  return `postgres://${user}@127.0.0.1:${postgres.port}/${database}`;
}

async function classify(
  database: string,
  options: readonly string[] = [],
  world?: CommandWorld,
): Promise<CommandResult> {
  return await sluice(['classify', '--upstream', urlOf(database), ...options], world);
}

const report = z.object({
  columns: z.array(
    z.object({ pattern: z.string(), kind: z.string(), with: z.string(), named: z.string().nullable() }),
  ),
  detected: z.array(z.object({ pattern: z.string(), detectors: z.array(z.string()) })),
  alreadyMasked: z.array(z.string()),
  notes: z.array(z.string()),
  tables: z.number(),
  yaml: z.string(),
});

function reportOf({ code, out, error }: CommandResult): z.output<typeof report> {
  assert.equal(error, '');
  assert.equal(code, 0);
  return report.parse(JSON.parse(out));
}

/** `pattern kind masker`, as lines. */
function proposed({ columns }: z.output<typeof report>): readonly string[] {
  return columns.map((column) => `${column.pattern} ${column.kind} ${column.with}`);
}

function fileOf(name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

function configOf(name: string, database: string, policy: string): string {
  return fileOf(
    name,
    `listeners:
  - { name: db, protocol: postgres, listen: "127.0.0.1:0", upstream: "${urlOf(database)}", auth: [trust] }
policy: ${policy}
journal: { dir: ./journal }
`,
  );
}

test('the sample shop: what ought to be masked is proposed, and nothing else', async () => {
  const { out, error, code } = await sluiceProcess(['classify', '--upstream', urlOf('shop')]);
  assert.equal(code, 0);
  assert.equal(error, '');
  const found: unknown = parse(out);
  assert.deepEqual(found, {
    masks: [
      { columns: ['shop.secrets.value'], with: 'redact' },
      { columns: ['shop.customers.ssn'], with: 'last4' },
      { columns: ['shop.payments.card_number'], with: 'last4' },
      { columns: ['shop.customers.email'], with: 'email' },
      { columns: ['shop.customers.phone'], with: 'last4' },
    ],
  });
  assert.match(
    out,
    /# text; its name says so; 100% of 500 sampled values look like us-ssn\n\s+- "shop\.customers\.ssn"/,
  );
  assert.match(out, /its table's name says so\n\s+- "shop\.secrets\.value"/);
});

test('promise 4: no value of the database is in what classify prints, in errors and progress neither', async () => {
  const values = new Set<string>();
  for (const sql of [
    'SELECT unnest(ARRAY[name, email, phone, ssn]) AS value FROM shop.customers',
    'SELECT unnest(ARRAY[card_number]) AS value FROM shop.payments',
    'SELECT value FROM shop.secrets',
  ])
    for (const { value } of await run('shop', sql)) if (typeof value === 'string') values.add(value);
  assert.ok(values.size > 8_000);
  const outputs = [
    await classify('shop', [], { errorIsTerminal: true }),
    await classify('shop', ['--json', '--sample', '5000']),
  ].map(({ code, out, error }) => {
    assert.equal(code, 0);
    return out + error;
  });
  for (const value of values) for (const output of outputs) assert.ok(!output.includes(value), value);

  const odd = [await classify('odd', ['--json']), await classify('odd')].map(({ out, error }) => out + error);
  for (const output of odd) {
    assert.match(output, /the server gave an error \(SQLSTATE 22P02\)/);
    for (const value of [
      'raw-value',
      '999-88',
      '123-45',
      '4242',
      '203.0.113',
      '@ex.org',
      '@y.org',
      '@b.org',
      'hello',
    ])
      assert.ok(!output.includes(value), value);
  }
});

test('odd names, types, views, partitions and children', async () => {
  const found = reportOf(await classify('odd', ['--json']));
  const table = '"we ird"."Ta""b.le"';
  assert.deepEqual(proposed(found), [
    `${table}.api_key secret redact`,
    `${table}.passwort_hash secret redact`,
    `${table}.c*d national-id last4`,
    `${table}.ident national-id last4`,
    'public.behind_function.ssn national-id last4',
    'public.guarded.ssn national-id last4',
    `${table}.kreditkartenNummer card last4`,
    'public.failing.iban bank-account last4',
    `${table}."x\ny" email email`,
    `${table}.mail email email`,
    `${table}.tags email email`,
    `${table}.useremail email email`,
    'public.forbidden.email email email',
    'public.half_forbidden.contact email email',
    'public.half_forbidden.hidden email email',
    'public.parent.email email email',
    'public.part.mail email email',
    `${table}."Home Phone" phone last4`,
    'public.child.phone phone last4',
    `${table}.born birth-date year`,
    `${table}.geburtsdatum birth-date year`,
    `${table}.client_ip ip-address redact`,
  ]);
  assert.deepEqual(found.detected, [
    { pattern: `${table}.doc`, detectors: ['credit-card'] },
    { pattern: `${table}.note`, detectors: ['email'] },
    { pattern: `${table}.p`, detectors: ['email'] },
  ]);
  assert.match(found.yaml, /its name says so; but none of 300 sampled values looks like email: have a look/);
});

test('what is proposed is a policy that check accepts, also with names that break lines', async () => {
  for (const database of ['shop', 'odd', 'bare']) {
    const { out } = await classify(database);
    fileOf(`${database}-policy.yaml`, `default: allow\n${out}`);
    const config = configOf(`${database}.yaml`, database, `${database}-policy.yaml`);
    const checked = await sluice(['check', '--config', config]);
    assert.equal(checked.error, '');
    assert.equal(checked.code, 0);
  }
});

test('a database without anything to mask: said so, and an empty list', async () => {
  const { code, out, error } = await classify('bare');
  assert.deepEqual([code, error], [0, '']);
  assert.match(
    out,
    /^# There is no table here, or none in the schemas that were asked for\.\nmasks: \[\]\n$/m,
  );
  await run('bare', 'CREATE TABLE plain (id int, colour text); GRANT SELECT ON plain TO PUBLIC');
  assert.match(
    (await classify('bare')).out,
    /^# Nothing was found that ought to be masked\.\nmasks: \[\]\n$/m,
  );
});

test('what the account may not read is judged by names, and told of', async () => {
  const { code, out, error } = await sluice(['classify', '--upstream', urlOf('odd', 'reader')]);
  assert.equal(code, 0);
  assert.match(
    out,
    /# text; the only sampled value looks like email\n\s+- "public\.half_forbidden\.contact"/,
  );
  assert.match(out, /# text; its name says so\n\s+- "public\.forbidden\.email"/);
  assert.ok(!out.includes('half_forbidden.hidden'));
  assert.equal(
    error,
    'note: columns judged by their names alone, because the server gave an error (SQLSTATE 22P02): public.failing\n' +
      'note: columns judged by their names alone, because this account may not read it, or not all of its rows: public.forbidden, public.guarded, public.half_forbidden\n',
  );
});

test('the listener of a configuration: what its policy masks already is left out', async () => {
  fileOf(
    'some.yaml',
    'default: allow\nmasks:\n  - { columns: ["*.customers.*"], with: redact }\n  - { columns: [shop.secrets.value], with: redact }\n',
  );
  const config = configOf('masked.yaml', 'shop', 'some.yaml');
  const found = reportOf(await sluice(['classify', '--config', config, '--listener', 'db', '--json']));
  assert.deepEqual(proposed(found), ['shop.payments.card_number card last4']);
  assert.equal(found.alreadyMasked.length, 9);
  fileOf('some.yaml', 'default: allow\nmasks:\n  - { detect: [email], with: email }\n');
  const odd = configOf('detected.yaml', 'odd', 'some.yaml');
  assert.deepEqual(
    reportOf(await sluice(['classify', '--config', odd, '--json'])).detected.flatMap(
      ({ detectors }) => detectors,
    ),
    ['credit-card'],
  );
  fileOf('some.yaml', 'default: perhaps\n');
  const again = reportOf(await sluice(['classify', '--config', config, '--json']));
  assert.equal(proposed(again).length, 5);
  assert.match(again.notes.join(), /some\.yaml cannot be used, so columns that it masks are proposed again/);
});

test('only some schemas; views in them tell of the tables behind', async () => {
  assert.equal(reportOf(await classify('shop', ['--json', '--schema', 'public'])).tables, 0);
  const found = reportOf(await classify('odd', ['--json', '--schema', 'public']));
  assert.ok(proposed(found).every((line) => line.startsWith('public.')));
  assert.deepEqual(
    found.notes.filter((note) => note.startsWith('views')),
    ['views show columns of tables in schemas that were not looked at, where their masks belong: we ird'],
  );
  const { code, error } = await classify('shop', ['--schema', 'shp']);
  assert.equal(code, 2);
  assert.match(error, /there is no schema "shp" in the database; did you mean "shop"\?/);
});

test('it only reads: read-only transactions, a few rows of each table, random pages of large ones, no function of others', async () => {
  const before = postgres.log().length;
  assert.equal((await classify('odd', ['--sample', '50'])).code, 0);
  const lines = postgres.log().slice(before).split('\n');
  const sent = lines.flatMap(
    (line) => /^sluice classify LOG: {2}(?:statement|execute [^:]*): (.*)$/.exec(line)?.[1] ?? [],
  );
  const kinds = new Set(sent.map((sql) => sql.split(' ')[0]));
  assert.deepEqual([...kinds].sort(), ['BEGIN', 'COMMIT', 'ROLLBACK', 'SELECT']);
  assert.ok(sent.every((sql) => !sql.startsWith('BEGIN') || sql === 'BEGIN READ ONLY'));
  const samples = sent.filter((sql) => sql.includes(' FROM "'));
  assert.ok(samples.length >= 5);
  assert.ok(samples.every((sql) => sql.endsWith('LIMIT 50')));
  const large = samples.filter((sql) => sql.includes('"public"."part"'));
  assert.match(large[0] ?? '', /FROM "public"\."part" TABLESAMPLE SYSTEM \(0\.\d+\) LIMIT 50$/);
  assert.deepEqual(
    samples.filter((sql) => /"(part_1|shown|stored|behind_function)"/.test(sql)),
    [],
  );
});

test('promise 11: the password comes from the URL or PGPASSWORD, and is never printed', async () => {
  const url = urlOf('bare', 'locked');
  const from = async (upstream: string, password?: string) => {
    const environment = password === undefined ? {} : { PGPASSWORD: password };
    const { code, out, error } = await sluice(['classify', '--upstream', upstream], { environment });
    assert.ok(!`${out}${error}`.includes('1834'));
    return [code, error.replaceAll(/:\d+/g, '')];
  };
  assert.deepEqual(await from(url, 'p@ss-1834'), [0, '']);
  assert.deepEqual(await from(url.replace('@', ':p%40ss-1834@')), [0, '']);
  assert.deepEqual(await from(url.replace('@', ':p%40ss-1834x@')), [
    2,
    'sluice classify: 127.0.0.1/bare: password authentication failed for user "locked"\n',
  ]);
  assert.deepEqual(await from(url), [
    2,
    'sluice classify: 127.0.0.1/bare: the server asks for a password, and the connection string has none\n',
  ]);
});

test('arguments and servers that cannot be used: exit code 2, one message, no password in it', async () => {
  const bad = async (...args: string[]) => {
    const { code, out, error } = await sluice(['classify', ...args]);
    assert.deepEqual([code, out], [2, ''], args.join(' '));
    return error.split('\n')[0];
  };
  assert.equal(
    await bad(),
    'sluice classify: expected --upstream postgres://user@host:5432/database, or --config FILE (there is no sluice.yaml here)',
  );
  assert.equal(
    await bad('--upstream', 'redis://a@b/c'),
    'sluice classify: --upstream: expected postgres://, mysql:// or mariadb://, not redis://',
  );
  assert.equal(
    await bad('--upstream', urlOf('shop'), '--config', 'x.yaml'),
    'sluice classify: expected --upstream, or --config with --listener, not both',
  );
  assert.equal(
    await bad('--upstream', urlOf('shop'), '--sample', '0'),
    'sluice classify: --sample is a number of rows from 1 to 20000, not "0"',
  );
  assert.equal(
    await bad(urlOf('shop')),
    'sluice classify: classify takes no arguments; a database is given by --upstream',
  );
  const refused = await bad('--upstream', 'postgres://u:hunter2@127.0.0.1:1/shop?sslmode=disable');
  assert.match(refused ?? '', /^sluice classify: 127\.0\.0\.1:1\/shop: .*ECONNREFUSED/);
  assert.ok(!refused?.includes('hunter2'));
  assert.match(
    (await bad('--upstream', urlOf('nowhere'))) ?? '',
    /^sluice classify: 127\.0\.0\.1:\d+\/nowhere: database "nowhere" does not exist$/,
  );
});
