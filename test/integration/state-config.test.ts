/** `state:` in sluice.yaml: what `sluice check` and the start say of it, and that Sluice serves without it. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Client } from 'pg';
import { type PostgresServer, startPostgres } from '../../src/demo/postgres-server.ts';
import { MIGRATIONS } from '../../src/state/migrations.ts';
import { sluice } from '../support/command-line.ts';
import { startSluice } from '../support/sluice.ts';
import { asSuperuser, openStore } from '../support/state-stores.ts';
import { until } from '../support/until.ts';

let postgres: PostgresServer;
let directory: string;

before(async () => {
  postgres = await startPostgres();
  directory = mkdtempSync(join(tmpdir(), 'sluice-state-config-'));
  await asSuperuser(postgres.url(), 'CREATE DATABASE state', 'CREATE ROLE poor LOGIN');
  writeFileSync(join(directory, 'policy.yaml'), 'default: allow\n');
});

after(async () => {
  await postgres?.stop();
  rmSync(directory, { recursive: true, force: true });
});

async function checked(state: string): Promise<string> {
  const file = join(directory, 'sluice.yaml');
  const lines = [
    'listeners:',
    `  - { name: shop, protocol: postgres, listen: "127.0.0.1:0", upstream: "${postgres.url()}", auth: [trust] }`,
    'policy: policy.yaml',
    'journal: { dir: ./journal }',
    state,
  ];
  writeFileSync(file, `${lines.join('\n')}\n`);
  const { code, out, error } = await sluice(['check', '--config', file]);
  return `${code} ${out}${error}`;
}

test('a store that can be used or made is no problem, and check makes nothing', async () => {
  for (const state of [
    '',
    'state: { url: "sqlite:./sluice.db" }',
    'state: { url: "sqlite::memory:" }',
    `state: { url: "${postgres.url('state')}" }`,
  ]) {
    assert.match(await checked(state), /^0 /);
  }
  assert.equal(existsSync(join(directory, 'sluice.db')), false);
  const store = openStore(`sqlite:${directory}/used.db`);
  await store.now();
  assert.match(await checked('state: { url: "sqlite:used.db" }'), /^0 /);
  await store.close();
  assert.match(await checked('state: { url: "sqlite:used.db" }'), /^0 /);
});

test('what is wrong with it is told where it stands', async () => {
  writeFileSync(join(directory, 'text.db'), 'no database\n'.repeat(200));
  const newer = openStore(`sqlite:${directory}/newer.db`, {
    migrations: [...MIGRATIONS, ['CREATE TABLE sluice.later (a text)']],
  });
  await newer.now();
  await newer.close();
  const poor = postgres.url('state').replace('postgres@', 'poor@');
  const wrong: readonly (readonly [string, RegExp])[] = [
    ['state: { url: "sqlite:missing/sluice.db" }', /state\.url: .*there is no such directory/],
    ['state: { url: "sqlite:text.db" }', /state\.url: .*it is no SQLite database/],
    ['state: { url: "sqlite:newer.db" }', /state\.url: .*made by a newer Sluice/],
    ['state: { url: "sqlite:." }', /state\.url: .*cannot be/],
    ['state: { url: "sqlite:///sluice.db" }', /state\.url: .*without \/\//],
    ['state: { url: "redis://x" }', /state\.url: expected sqlite:FILE/],
    ['state: { url: 3 }', /state\.url: expected sqlite:FILE or postgres/],
    ['state: { uri: "sqlite:x" }', /unknown key "uri"/],
    [`state: { url: "${poor}" }`, /state\.url: .*needs the right to make the schema sluice/],
    [`state: { url: "${postgres.url('nowhere')}" }`, /state\.url: .*database "nowhere" does not exist/],
    [
      `state: { url: "${postgres.url('state')}?sslmode=verify-ca&sslrootcert=none.pem" }`,
      /state\.url: sslrootcert: there is no file/,
    ],
  ];
  for (const [state, pattern] of wrong) {
    const said = await checked(state);
    assert.match(said, /^2 /, state);
    assert.match(said, pattern);
    assert.match(said, /sluice\.yaml:5:/);
  }
});

test('a server that does not answer is a note', async () => {
  const said = await checked('state: { url: "postgres://sluice:secret-word@127.0.0.1:1/state" }');
  assert.match(said, /^0 /);
  assert.match(said, /note: the store 127\.0\.0\.1:1\/state cannot be used: .*ECONNREFUSED/);
  assert.doesNotMatch(said, /secret-word/);
});

test('Sluice serves what does not need the store while it is away, and says when it is back', async () => {
  const running = await startSluice({
    upstream: postgres.url(),
    config: `state: { url: "${postgres.url('later')}" }`,
  });
  try {
    await until(() => running.log().includes('the state store cannot be used'), 'the log to tell of it');
    assert.match(running.log(), /database \\"later\\" does not exist/);
    const client = new Client({ connectionString: running.url() });
    await client.connect();
    assert.deepEqual((await client.query('SELECT 1 AS one')).rows, [{ one: 1 }]);
    await client.end();
  } finally {
    await running.stop();
  }
});

test('the file is beside the configuration unless told otherwise, for nobody else', async () => {
  const running = await startSluice({ upstream: postgres.url() });
  const file = join(running.directory, 'sluice.db');
  try {
    await until(() => existsSync(file), 'the store');
    assert.equal(statSync(file).mode & 0o777, 0o600);
  } finally {
    await running.stop();
  }
});
