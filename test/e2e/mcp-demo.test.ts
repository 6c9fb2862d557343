/** `npm start -- --mcp`: an MCP client, Sluice, dbhub, Sluice, Postgres, as the README's first page has it. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startProcess } from '../support/process.ts';

const MAIN = join(fileURLToPath(new URL('../..', import.meta.url)), 'src', 'main.ts');

test('the MCP demo shows a masked answer, a denial that says what to do, and an approval, and cleans up', async () => {
  const running = startProcess(process.execPath, [MAIN, 'demo', '--mcp', '--once', '--port', '0']);
  // The first time dbhub is fetched.
  assert.equal(await running.ended, 0, running.errors());
  const story = running.output();
  const policy = /policy +(\S+)\n/.exec(story)?.[1] ?? '';
  for (const line of [
    /MCP +http:\/\/127\.0\.0\.1:\d+\/mcp/,
    /finds the tools execute_sql, search_objects/,
    /3 +│ Robin Jensen │ \*\*\*-\*\*-2250 │ r\*\*\*@example\.org/,
    /\*\*\*-\*\*-6413 │ \[redacted\]/,
    /SELECT \* FROM shop\.orders\n +✗ denied by rule "bounded-selects": add a LIMIT\n(.*\n)+ +The SQL was not run\. Change it/,
    /LIMIT 3\n(.*\n){5} +✓ passed/,
    /COMMIT; DROP TABLE shop\.orders\n +✗ denied by rule "no-destruction"/,
    /WHERE id = 1\n +✓ dba looks at request [a-z0-9-]+ in the console and approves it: "the spring sale"\n +✓ passed/,
    /✓ 3000 customers, 8000 orders, 0 products at price 0/,
    /✓ \d+ records hold together/,
  ])
    assert.match(story, line);
  assert.doesNotMatch(story, /\d{3}-\d{2}-\d{4}/);
  assert.equal(running.errors(), '');
  assert.ok(!existsSync(dirname(policy)));
});
