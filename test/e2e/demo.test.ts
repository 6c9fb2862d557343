/** The demo as `npm start` plays it: it is the first thing that anybody sees of Sluice. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { type RunningProcess, startProcess } from '../support/process.ts';
import { until } from '../support/until.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MAIN = join(ROOT, 'src', 'main.ts');

function demo(...args: readonly string[]): RunningProcess {
  return startProcess(process.execPath, [MAIN, 'demo', '--port', '0', ...args]);
}

/** The temporary folder and the port of a demo that has got as far as telling them. */
async function placeOf(running: RunningProcess): Promise<{ folder: string; port: number; url: string }> {
  const [, url = '', port] = await running.printed(/connect +(postgres:\/\/agent@127\.0\.0\.1:(\d+)\/shop)/);
  const [, policy = ''] = await running.printed(/policy +(\S+)\n/);
  return { folder: dirname(policy), port: Number(port), url };
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

async function refusal(client: Client, sql: string): Promise<string> {
  return client.query(sql).then(
    () => 'passed',
    (error: Error) => error.message,
  );
}

test('the demo shows what passes, what is denied, what is cut and what the journal proves, and cleans up', async () => {
  const running = demo('--once');
  const { folder, port } = await placeOf(running);
  assert.equal(await running.ended, 0, running.errors());
  const story = running.output();
  for (const line of [
    /SELECT id, name, city FROM shop\.customers .* LIMIT 5\n(.*\n){7} +✓ passed · 5 rows/,
    /DROP TABLE shop\.orders\n +✗ ERROR 42501: denied by rule "no-destruction"/,
    /SELECT \* FROM shop\.customers\n +✗ ERROR 42501: denied by rule "bounded-selects"/,
    /LIMIT ALL\n +✗ ERROR 42501: denied by rule "bounded-selects"/,
    /COPY shop\.customers TO STDOUT\n +✗ ERROR 42501: denied by rule "no-bulk-export"/,
    /EXPLAIN ANALYZE DELETE FROM shop\.payments\n +✗ ERROR 42501: denied by rule "writes-need-a-where"/,
    /END \$\$\n +✗ ERROR 42501: denied by rule "baseline\/dynamic-sql"/,
    /… 500 rows arrived, then:\n +✗ ERROR 54000: result truncated by rule "big-results"/,
    /BEGIN\n +✓ passed\n(.*\n)+ +✗ ERROR 42501(.*\n)+ +17 +│ \w+ +│ seen by the agent *\n(.*\n)+.*COMMIT\n +✓ passed/,
    /✓ 3000 customers, 8000 orders, 0 products at price 0/,
    /3 +│ Robin Jensen │ \*\*\*-\*\*-2250 │ r\*\*\*@example\.org/,
    /ssn LIKE '25%'\n +✗ ERROR 42501: denied by rule "mask shop\.customers\.ssn/,
    /✓ \d+ records hold together: 9 statements passed, 13 were denied/,
    /✗ journal-000001\.jsonl:\d+: record \d+ has been changed/,
    /✗ journal-000001\.jsonl:\d+: .* its tail has been cut off/,
  ]) {
    assert.match(story, line);
  }
  assert.ok(!story.includes('\x1b'), 'colours, though this is no terminal');
  assert.equal(running.errors(), '');
  assert.ok(!existsSync(folder));
  assert.equal(await isListening(port), false);
});

test('the demo stays up for its reader, takes a changed policy at once, and stops on Ctrl-C', async () => {
  const running = demo();
  const { folder, port, url } = await placeOf(running);
  await running.printed(/Ctrl-C stops everything/);
  const client = new Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  const { rows } = await client.query('SELECT id FROM shop.products ORDER BY id LIMIT 2');
  assert.deepEqual(rows, [{ id: '1' }, { id: '2' }]);

  // What the reader is told to try next has to work as it is written.
  const commands = [...running.output().matchAll(/^ +node_modules\/\.bin\/node (src\/main\.ts .*)$/gm)];
  assert.equal(commands.length, 4);
  for (const [, command = ''] of commands) {
    const tried = startProcess('/bin/sh', ['-c', `"$0" ${command}`, process.execPath], { cwd: ROOT });
    assert.equal(await tried.ended, 0, `${command}\n${tried.errors()}`);
    assert.match(tried.output(), /agent|DELETE|intact/);
  }

  const policyFile = join(folder, 'policy.yaml');
  const policy = readFileSync(policyFile, 'utf8');
  writeFileSync(policyFile, policy.replace('then: deny', 'then: denied'));
  await running.printed(/✗ .*policy\.yaml:\d+:\d+/);
  assert.match(await refusal(client, 'DELETE FROM shop.order_items'), /writes-need-a-where/);

  const rule = '  - { name: products-are-closed, when: { tables: [shop.products] }, then: deny }\n';
  writeFileSync(policyFile, policy.replace('\nmasks:', `\n${rule}\nmasks:`));
  await running.printed(/✓ a new policy is in force/);
  assert.match(await refusal(client, 'SELECT id FROM shop.products LIMIT 2'), /products-are-closed/);

  running.child.kill('SIGINT');
  assert.equal(await running.ended, 0, running.errors());
  assert.equal(running.errors(), '');
  assert.ok(!existsSync(folder));
  assert.equal(await isListening(port), false);
});

test('a demo that is killed leaves no Postgres behind', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-demo-test-'));
  try {
    const running = demo('--dir', folder);
    await placeOf(running);
    const upstream = /upstream: .*127\.0\.0\.1:(\d+)/.exec(readFileSync(join(folder, 'sluice.yaml'), 'utf8'));
    const port = Number(upstream?.[1]);
    assert.equal(await isListening(port), true);
    running.child.kill('SIGKILL');
    assert.equal(await running.ended, 'SIGKILL');
    await until(async () => !(await isListening(port)), 'Postgres to be gone');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('arguments that make no sense are named, and nothing is started', async () => {
  for (const [args, message] of [
    [['--port', 'many'], /--port takes a number up to 65535, not "many"/],
    [['now'], /demo takes no argument "now"/],
    [['--twice'], /--twice/],
  ] as const) {
    const running = startProcess(process.execPath, [MAIN, 'demo', ...args]);
    assert.equal(await running.ended, 2);
    assert.match(running.errors(), message);
    assert.equal(running.output(), '');
  }
});
