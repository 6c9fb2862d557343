/** The demo as `npm start -- --mysql` plays it. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import pino from 'pino';
import { styleFor } from '../../src/cli/style.ts';
import { buildStage } from '../../src/demo/stage.ts';
import { tellStory } from '../../src/demo/story.ts';
import { Terminal } from '../../src/demo/terminal.ts';
import { startProcess } from '../support/process.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MAIN = join(ROOT, 'src', 'main.ts');

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

test('the demo shows on MariaDB or MySQL what passes, what is denied, what is cut and what the journal proves', async () => {
  const running = startProcess(process.execPath, [MAIN, 'demo', '--mysql', '--port', '0', '--once']);
  const [, port] = await running.printed(/connect +mysql:\/\/agent@127\.0\.0\.1:(\d+)\/shop/);
  const [, policy = ''] = await running.printed(/policy +(\S+)\n/);
  assert.equal(await running.ended, 0, running.errors());
  const story = running.output();
  for (const line of [
    /Starting (MariaDB|MySQL) [\d.]+ …/,
    /SELECT id, name, city FROM shop\.customers .* LIMIT 5\n(.*\n){7} +✓ passed · 5 rows/,
    /status = \? +\? = 'paid'\n(.*\n){3} +✓ passed · 1 row/,
    /DROP TABLE shop\.orders\n +✗ ERROR \d+ \(\w{5}\): denied by rule "no-destruction"/,
    /\/\*!50000 DROP TABLE shop\.orders \*\/\n +✗ ERROR .*denied by rule "no-destruction"/,
    /SELECT \* FROM shop\.customers\n +✗ ERROR .*denied by rule "bounded-selects"/,
    /INTO OUTFILE '\/tmp\/customers'\n +✗ ERROR .*denied by rule "baseline\/server-files"/,
    /PREPARE tidy_up FROM @statement\n +✗ ERROR .*denied by rule "baseline\/dynamic-sql"/,
    /PROCESSLIST LIMIT 10\n +✗ ERROR .*denied by rule "baseline\/leak-catalogs/,
    /SELECT 1; DROP TABLE shop\.customers\n +✗ ERROR .*denied by rule "no-destruction"/,
    /\d +│ Donald Lindqvist │ \*\*\*-\*\*-1854 │ d\*\*\*@example\.net/,
    /ssn LIKE '25%'\n +✗ ERROR .*denied by rule "mask shop\.customers\.ssn/,
    /… 500 rows arrived, then:\n +✗ ERROR .*truncated by rule "big-results"/,
    /BEGIN\n +✓ passed\n(.*\n)+ +17 +│ \w+ +│ seen by the agent *\n(.*\n)+.*COMMIT\n +✓ passed/,
    /✓ 3000 customers, 8000 orders, 0 products at price 0/,
    /✓ \d+ records hold together: 10 statements passed, 13 were denied/,
  ]) {
    assert.match(story, line);
  }
  assert.equal(running.errors(), '');
  assert.equal(existsSync(join(dirname(policy), 'sluice.yaml')), false);
  assert.equal(await isListening(Number(port)), false);
});

test('it stays up for its reader: what is told to try next works, and a changed policy is in force at once', async () => {
  const running = startProcess(process.execPath, [MAIN, 'demo', '--mysql', '--port', '0']);
  const [, url = ''] = await running.printed(/connect +(mysql:\/\/\S+)/);
  const [, policyFile = ''] = await running.printed(/policy +(\S+)\n/);
  await running.printed(/Ctrl-C stops everything/);
  const commands = [...running.output().matchAll(/^ +node_modules\/\.bin\/node (src\/main\.ts .*)$/gm)];
  assert.equal(commands.length, 4);
  for (const [, command = ''] of commands) {
    const tried = startProcess('/bin/sh', ['-c', `"$0" ${command}`, process.execPath], { cwd: ROOT });
    assert.equal(await tried.ended, 0, `${command}\n${tried.errors()}`);
    assert.match(tried.output(), /agent|DELETE|intact/);
  }
  const client = await createConnection(url);
  const [rows] = await client.query<RowDataPacket[]>('SELECT id FROM shop.products ORDER BY id LIMIT 2');
  assert.deepEqual(rows, [{ id: 1 }, { id: 2 }]);
  const rule = '  - { name: products-are-closed, when: { tables: [shop.products] }, then: deny }\n';
  writeFileSync(policyFile, readFileSync(policyFile, 'utf8').replace('\nmasks:', `\n${rule}\nmasks:`));
  await running.printed(/✓ a new policy is in force/);
  await assert.rejects(client.query('SELECT id FROM shop.products LIMIT 2'), /products-are-closed/);
  client.destroy();
  running.child.kill('SIGINT');
  assert.equal(await running.ended, 0, running.errors());
});

test('on MySQL, too, everything comes as the demo promises', async (context) => {
  const { signal } = new AbortController();
  let told = '';
  const stage = await buildStage({
    protocol: 'mysql',
    flavour: 'mysql',
    port: 0,
    directory: null,
    log: pino({ level: 'silent' }),
    signal,
    onStep() {},
  });
  context.after(() => stage.stop());
  const terminal = new Terminal(styleFor(false), (text) => {
    told += text;
  });
  assert.deepEqual(await tellStory(stage, terminal, signal), [], told);
});
