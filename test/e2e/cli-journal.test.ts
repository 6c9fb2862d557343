/** What an auditor sees of sessions that went through Sluice: listed, replayed, verified, with Sluice still running. */
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { Client } from 'pg';
import { isArray, isObject, type Json, type JsonObject, parseJson } from '../../src/core/json.ts';
import { type PostgresServer, startPostgres } from '../../src/demo/postgres-server.ts';
import { createShop } from '../../src/demo/shop.ts';
import { decide } from '../support/approvals.ts';
import { sluice as command } from '../support/command-line.ts';
import { type Sluice, startSluice } from '../support/sluice.ts';

const POLICY = `
default: allow
rules:
  - { name: no-destruction, when: { effects: [destroy] }, then: deny }
  - { name: no-secrets, when: { tables: [shop.vault, shop.secrets] }, then: deny, message: not for agents }
  - { name: bounded-selects, when: { unbounded: { over: 5000 }, groups: [agents] }, then: deny, message: add a LIMIT }
  - { name: whole-tables, when: { unfiltered: true }, then: deny }
  - { name: one-at-a-time, when: { batch: true, users: [dba] }, then: deny }
  - { name: big-results, when: { groups: [agents] }, then: { limit: { rows: 100 } } }
`;

let postgres: PostgresServer;
let sluice: Sluice;
let scratch: string;

before(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'sluice-audit-'));
  postgres = await startPostgres();
  await createShop(postgres.url);
  sluice = await startSluice({ upstream: postgres.url('shop'), policy: POLICY });
});

after(async () => {
  await sluice?.stop();
  await postgres?.stop();
  rmSync(scratch, { recursive: true, force: true });
});

/** What came of a statement: `passed`, or the error's code and message. */
async function outcome(client: Client, sql: string, parameters?: readonly string[]): Promise<string> {
  return client.query(sql, parameters === undefined ? undefined : [...parameters]).then(
    () => 'passed',
    (error: Error & { code?: string }) => `${error.code} ${error.message}`,
  );
}

async function session<Result>(user: string, run: (client: Client) => Promise<Result>): Promise<Result> {
  const client = new Client({ connectionString: sluice.url(user), application_name: 'audit\x1b[2J' });
  await client.connect();
  try {
    return await run(client);
  } finally {
    await client.end();
  }
}

function objectsIn(text: string): readonly JsonObject[] {
  const value: Json = parseJson(text);
  assert.ok(isArray(value));
  return value.filter(isObject);
}

/** Sessions of a user that have ended, newest first. */
async function endedSessions(user: string, ...options: readonly string[]): Promise<readonly JsonObject[]> {
  const args = ['sessions', sluice.journalDirectory, '--json', '--user', user, ...options];
  for (const deadline = Date.now() + 5_000; ; await turn()) {
    const { code, out, error } = await command(args);
    assert.equal(code, 0, error);
    const sessions = objectsIn(out);
    if (sessions.every(({ ended }) => ended !== null) || Date.now() > deadline) return sessions;
  }
}

const CASES: readonly { readonly sql: string; readonly parameters?: readonly string[] }[] = [
  { sql: 'SELECT 1' },
  { sql: 'DROP TABLE shop.orders' },
  { sql: 'SELECT * FROM shop.customers' },
  { sql: 'SELECT * FROM shop.customers LIMIT 50' },
  { sql: 'SELECT * FROM shop.customers LIMIT $1', parameters: ['50'] },
  { sql: 'SELECT * FROM shop.customers LIMIT $1', parameters: ['50000'] },
  { sql: 'SELECT name FROM shop.customers WHERE id = $1', parameters: ['7'] },
  { sql: 'SELECT value FROM shop.vault LIMIT 1' },
  { sql: "UPDATE shop.orders SET note = 'x'" },
  { sql: "UPDATE shop.orders SET note = 'x' WHERE id = id" },
  { sql: 'UPDATE shop.orders SET note = note WHERE id = $1', parameters: ['3'] },
  { sql: 'SELECT shop.wipe()' },
  { sql: 'SELECT 1; SELECT 2' },
  { sql: 'SELECT 1; DROP TABLE shop.orders' },
  { sql: 'SELEC 1' },
  { sql: 'SET standard_conforming_strings = off' },
  { sql: 'SET ROLE postgres' },
  { sql: 'SELECT * FROM pg_stats LIMIT 1' },
  { sql: "COPY (SELECT 1) TO PROGRAM 'id'" },
  { sql: 'EXECUTE nothing(1)' },
  { sql: 'PREPARE ten AS SELECT id FROM shop.orders LIMIT $1; EXECUTE ten(10)' },
  { sql: 'PREPARE all_of_it AS SELECT id FROM shop.orders LIMIT $1; EXECUTE all_of_it(NULL)' },
  { sql: "DO $$ BEGIN EXECUTE 'DROP TABLE shop.orders'; END $$" },
  { sql: 'EXPLAIN ANALYZE DELETE FROM shop.orders' },
  { sql: 'WITH gone AS (DELETE FROM shop.orders RETURNING id) SELECT count(*) FROM gone' },
  { sql: 'SELECT count(*) FROM customers' },
];

for (const user of ['agent', 'dba']) {
  test(`explain says what the gate does, for ${user}`, async () => {
    for (const { sql, parameters } of CASES) {
      const seen = await session(user, (client) => outcome(client, sql, parameters));
      const options = (parameters ?? []).map((value) => `--param=${value}`);
      const { code, out, error } = await command([
        'explain',
        '--config',
        sluice.configFile,
        '--user',
        user,
        '--json',
        ...options,
        sql,
      ]);
      assert.equal(code, 0, error);
      const explanation = parseJson(out);
      assert.ok(isObject(explanation));
      const { verdict, message, sqlstate } = explanation;
      // What passes the gate may still fail at the server, which explain does not ask.
      const isGates = seen.startsWith('42501') || seen.startsWith('26000') || seen.startsWith('42601');
      assert.equal(verdict === 'deny' ? `${sqlstate} ${message}` : 'passed', isGates ? seen : 'passed', sql);
    }
  });
}

test('a session is listed and replayed: statements, verdicts, rows, what was cut', async () => {
  await session('auditee', async (client) => {
    await outcome(client, 'SELECT id FROM shop.customers ORDER BY id LIMIT 3');
    await outcome(client, 'DROP TABLE shop.orders');
    await outcome(client, 'SELECT name FROM shop.customers WHERE id = $1', ['7']);
  });
  const [listed, ...others] = await endedSessions('auditee');
  assert.deepEqual(others, []);
  assert.deepEqual(
    [
      listed?.['user'],
      listed?.['listener'],
      listed?.['client'],
      listed?.['statements'],
      listed?.['denied'],
      listed?.['rows'],
    ],
    ['auditee', 'shop', '127.0.0.1', 3, 1, 4],
  );
  const id = String(listed?.['id']);
  const { code, out } = await command(['replay', id.slice(0, 8), sluice.journalDirectory]);
  assert.equal(code, 0);
  assert.ok(!out.includes('\x1b'), 'what a client says must not act on the terminal');
  const lines = out
    .replaceAll(/\+\d+\.\d+ s/g, '+0 s')
    .replaceAll(/, \d[\d.]* (?:µs|ms|s)\b/g, '')
    .split('\n')
    .map((line) => line.trimEnd());
  assert.match(lines[0] ?? '', new RegExp(`^session ${id} {2}auditee from 127\\.0\\.0\\.1 on shop, audit`));
  assert.deepEqual(
    lines.slice(3, 10).map((line) => line.trim()),
    [
      '+0 s  allow  SELECT id FROM shop.customers ORDER BY id LIMIT 3',
      '→ SELECT 3, 3 rows, 36 B',
      '+0 s  DENY   DROP TABLE shop.orders',
      'denied by rule "no-destruction"',
      '+0 s  allow  SELECT name FROM shop.customers WHERE id = $1',
      "$1 = '7'",
      lines[9]?.trim() ?? '',
    ],
  );
  assert.match(lines[9] ?? '', /→ SELECT 1, 1 row, \d+ B$/);
  assert.match(out, /client left: 3 statements, 1 denied, 4 rows, /);
  const json = parseJson((await command(['replay', id, '--config', sluice.configFile, '--json'])).out);
  assert.ok(isObject(json) && isArray(json['statements']));
  assert.equal(json['statements'].length, 3);
  const cast = (await command(['replay', id, sluice.journalDirectory, '--format', 'asciicast'])).out
    .trim()
    .split('\n');
  const [header, ...events] = cast.map((line) => parseJson(line));
  assert.ok(header !== undefined && isObject(header));
  assert.deepEqual([header['version'], header['title'], events.length], [2, `session ${id}`, 5]);
  const times = events.map((event) => (isArray(event) ? Number(event[0]) : Number.NaN));
  assert.deepEqual(
    times,
    times.toSorted((left, right) => left - right),
  );
  assert.ok(!JSON.stringify(events).includes('\\u001b[2J'), 'nor what a client says on a player’s');
});

test('sessions are found by rule, table, denial and time', async () => {
  await session('finder', (client) => outcome(client, 'SELECT value FROM shop.secrets LIMIT 1'));
  assert.equal((await endedSessions('finder', '--rule', 'no-secrets')).length, 1);
  assert.equal((await endedSessions('finder', '--table', 'shop.secrets', '--denied')).length, 1);
  assert.equal((await endedSessions('finder', '--table', 'billing.*')).length, 0);
  assert.equal((await endedSessions('finder', '--text', 'VALUE from Shop.secrets')).length, 1);
  assert.equal((await endedSessions('finder', '--text', 'nobody said this')).length, 0);
  assert.equal((await endedSessions('finder', '--since', '1h')).length, 1);
  assert.equal((await endedSessions('finder', '--until', '1h')).length, 0);
});

test('a limit that cut a result shows in the list and in the replay', async () => {
  await session('agent', (client) => outcome(client, 'SELECT id FROM shop.orders LIMIT 4000'));
  const [newest] = await endedSessions('agent', '--rule', 'big-results', '--limit', '1');
  assert.equal(newest?.['truncated'], 1);
  const { out } = await command(['replay', String(newest?.['id']), sluice.journalDirectory]);
  assert.match(out, /100 rows, .* cut by rule "big-results"/);
});

test('promise 8: a journal verifies while it is written, and a change, a removal and a cut tail are found', async () => {
  const checkpoint = join(scratch, 'checkpoint.json');
  const intact = await command(['verify', sluice.journalDirectory, '--export-checkpoint', checkpoint]);
  assert.equal(intact.code, 0, intact.out + intact.error);
  assert.match(intact.out, /^intact .* records in 1 segment, up to record \d+\n/);
  assert.match(intact.out, /open {4}the last \d+ records: chained, not signed yet/);
  assert.equal(
    (await command(['verify', '--config', sluice.configFile, '--checkpoint', checkpoint])).code,
    0,
  );

  const name = 'journal-000001.jsonl';
  const lines = readFileSync(join(sluice.journalDirectory, name), 'utf8').split('\n');
  const damaged = (what: string, text: string) => {
    const copy = join(scratch, what);
    cpSync(sluice.journalDirectory, copy, { recursive: true, filter: (path) => !path.endsWith('.lock') });
    writeFileSync(join(copy, name), text);
    return copy;
  };
  const changed = damaged(
    'changed',
    lines.map((line, n) => (n === 6 ? line.replace('"type"', '"tipe"') : line)).join('\n'),
  );
  const change = await command(['verify', changed]);
  assert.equal(change.code, 1);
  assert.match(change.out, /damaged {2}.*journal-000001\.jsonl:7 \(record 7\): record 7 has been changed/);

  const removed = damaged('removed', lines.toSpliced(6, 1).join('\n'));
  const removal = parseJson((await command(['verify', removed, '--json'])).out);
  assert.ok(isObject(removal) && isArray(removal['problems']));
  assert.equal(removal['ok'], false);
  const [problem] = removal['problems'];
  assert.ok(isObject(problem));
  assert.deepEqual([problem['segment'], problem['line'], problem['record']], [name, 7, 8]);

  const cut = damaged('cut', `${lines.slice(0, 5).join('\n')}\n`);
  assert.equal((await command(['verify', cut])).code, 0);
  const tail = await command(['verify', cut, '--checkpoint', checkpoint]);
  assert.equal(tail.code, 1);
  assert.match(tail.out, /its tail has been cut off/);
});

test('places and ids that are none', async () => {
  for (const [args, expected] of [
    [['verify', scratch], /there is no journal in .*: it has no files named journal-000001\.jsonl/],
    [['verify', join(scratch, 'none')], /there is no directory/],
    [['verify', sluice.policyFile], /expected the journal's directory, and .* is a file/],
    [
      ['verify', sluice.journalDirectory, '--checkpoint', sluice.policyFile],
      /policy\.yaml: the checkpoint is not JSON/,
    ],
    [
      ['sessions', sluice.journalDirectory, '--since', 'yesterday'],
      /expected a time such as .* or a span such as 2h for --since, not "yesterday"/,
    ],
    [['sessions', sluice.journalDirectory, '--limit', '0'], /expected a number above 0 for --limit, not "0"/],
    [['replay'], /expected the id of a session/],
    [
      ['replay', 'no-such-id', sluice.journalDirectory],
      /no session in .* has an id that begins with "no-such-id"/,
    ],
    [
      ['replay', 'ab', sluice.journalDirectory, '--speed', 'fast'],
      /expected a number such as 2x for --speed, or 0 for all at once, not "fast"/,
    ],
  ] as const) {
    const { code, error } = await command(args);
    assert.equal(code, 2, args.join(' '));
    assert.match(error, expected);
  }
});

test('try: what a stricter and a laxer policy would have said of the same statements', async () => {
  const own = await startSluice({ upstream: postgres.url('shop'), policy: POLICY });
  try {
    const client = new Client({ connectionString: own.url('agent') });
    await client.connect();
    await client.query('SELECT id FROM shop.orders ORDER BY id LIMIT 20');
    await client.query('SELECT id FROM shop.orders ORDER BY id LIMIT $1', [30]);
    await client.query('SELECT name FROM shop.customers WHERE id = 1');
    await outcome(client, 'DROP TABLE shop.orders');
    await client.end();
    const policy = join(scratch, 'tried.yaml');
    const tried = async (text: string, ...more: readonly string[]) => {
      writeFileSync(policy, text);
      return await command(['try', '--policy', policy, '--config', own.configFile, ...more]);
    };
    const same = await tried(POLICY);
    assert.deepEqual([same.code, same.error], [0, '']);
    assert.match(same.out, /nothing would change/);
    const other = `
default: allow
rules:
  - { name: no-people, when: { tables: [shop.customers] }, then: deny }
  - { name: few, when: { groups: [agents] }, then: { limit: { rows: 25 } } }
`;
    const report = await tried(other, '--json');
    assert.equal(report.code, 1);
    const { changes } = parseObject(report.out);
    assert.deepEqual(
      arrayOf(changes)
        .map((change) => [
          change['text'],
          objectOf(change['after'])['outcome'],
          objectOf(change['after'])['rule'],
        ])
        .toSorted(),
      [
        ['DROP TABLE shop.orders', 'allow', null],
        ['SELECT id FROM shop.orders ORDER BY id LIMIT $1', 'cut', 'few'],
        ['SELECT name FROM shop.customers WHERE id = 1', 'deny', 'no-people'],
      ],
    );
    const shown = (await tried(other)).out;
    assert.match(shown, /^4 statements of 1 session/);
    assert.match(
      shown,
      /would be denied\n {2}1 × {2}SELECT name FROM shop\.customers WHERE id = 1\n +by rule "no-people"/,
    );
    assert.match(
      shown,
      /would be cut[\s\S]*30 rows came, and 25 may[\s\S]*would pass[\s\S]*was denied by rule "no-destruction"/,
    );
  } finally {
    await own.stop();
  }
});

test('try: a statement that people agreed to waits for them under the same policy, and passes under one that asks nobody', async () => {
  const asking = `
default: allow
rules:
  - { name: second-person, when: { effects: [write] }, then: { approve: { by: [dba], within: 1m } } }
`;
  const users = '[ { name: agent, groups: [agents] }, { name: dana, groups: [dba] } ]';
  const own = await startSluice({ upstream: postgres.url('shop'), policy: asking, users });
  try {
    const client = new Client({ connectionString: own.url('agent') });
    await client.connect();
    const ran = client.query('UPDATE shop.orders SET note = note WHERE id = 1');
    await decide(own, 'approve');
    await ran;
    await client.end();
    const policy = join(scratch, 'asking.yaml');
    const tried = async (text: string) => {
      writeFileSync(policy, text);
      return (await command(['try', '--policy', policy, '--config', own.configFile])).out;
    };
    assert.match(await tried(asking), /nothing would change/);
    assert.match(await tried('default: allow\n'), /would pass\n {2}1 × {2}UPDATE shop\.orders/);
  } finally {
    await own.stop();
  }
});

function objectOf(value: Json | undefined): JsonObject {
  assert.ok(value !== undefined && isObject(value));
  return value;
}

function arrayOf(value: Json | undefined): readonly JsonObject[] {
  assert.ok(value !== undefined && isArray(value));
  return value.map(objectOf);
}

function parseObject(text: string): JsonObject {
  return objectOf(parseJson(text));
}

test('listeners in front of one database: its tables are counted once, and explain needs not be told which is meant', async () => {
  const upstream = JSON.stringify(postgres.url('shop'));
  const policy = join(scratch, 'shared.yaml');
  const config = join(scratch, 'shared-listeners.yaml');
  const listener = (name: string) =>
    `  - { name: ${name}, protocol: postgres, listen: "127.0.0.1:0", upstream: ${upstream}, auth: [trust] }\n`;
  const write = (names: readonly string[], rule: string) => {
    writeFileSync(policy, `default: allow\nrules:\n  - ${rule}\n`);
    writeFileSync(
      config,
      `listeners:\n${names.map(listener).join('')}identity: { users: [ { name: agent } ] }\npolicy: shared.yaml\njournal: { dir: ./shared-journal }\n`,
    );
  };
  const tables = async () =>
    /held against (\d+) tables/.exec((await command(['check', '--config', config])).out)?.[1];
  const rule = '{ name: no-drop, when: { statements: [drop] }, then: deny }';
  write(['one'], rule);
  const once = await tables();
  write(['one', 'two'], rule);
  assert.ok(once !== undefined && (await tables()) === once);
  const explained = await command(['explain', '--config', config, 'DROP TABLE shop.orders']);
  assert.equal(explained.code, 0, explained.error);
  assert.match(explained.out, /DENY +by rule "no-drop"/);
  write(['one', 'two'], '{ name: no-drop, when: { statements: [drop], listeners: [two] }, then: deny }');
  const asked = await command(['explain', '--config', config, 'DROP TABLE shop.orders']);
  assert.equal(asked.code, 2);
  assert.match(asked.error, /expected --listener, one of one, two/);
});
