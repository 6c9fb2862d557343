/** The demo as `npm start -- --mysql` plays it. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import pino from 'pino';
import { styleFor } from '../../src/cli/style.ts';
import { buildStage } from '../../src/demo/stage.ts';
import { tellStory } from '../../src/demo/story.ts';
import { Terminal } from '../../src/demo/terminal.ts';
import { FLAVOURS } from '../support/mysql-servers.ts';
import { startProcess } from '../support/process.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

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

for (const flavour of FLAVOURS) {
  test(`on ${flavour} everything comes as the demo promises`, async (context) => {
    const { signal } = new AbortController();
    let told = '';
    const stage = await buildStage({
      protocol: 'mysql',
      flavour,
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
}
