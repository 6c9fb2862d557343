/** Rules that can have no effect on any listener, or not on one that they name. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { sluice } from '../../support/command-line.ts';

let directory: string;

before(() => {
  directory = mkdtempSync(join(tmpdir(), 'sluice-idle-'));
});

after(() => rmSync(directory, { recursive: true, force: true }));

const LISTENERS = {
  api: '{ name: api, protocol: http, listen: "127.0.0.1:0", upstream: "http://127.0.0.1:1", auth: [trust] }',
  tools:
    '{ name: tools, protocol: mcp, listen: "127.0.0.1:0", upstream: "http://127.0.0.1:1/mcp", auth: [trust] }',
} as const;

/** Warnings about the policy, without its file's name. */
async function warnings(
  listeners: readonly (keyof typeof LISTENERS)[],
  policy: string,
): Promise<readonly string[]> {
  const config = join(directory, 'sluice.yaml');
  writeFileSync(join(directory, 'policy.yaml'), `default: allow\n${policy}`);
  const lines = listeners.map((name) => `  - ${LISTENERS[name]}\n`).join('');
  writeFileSync(config, `listeners:\n${lines}policy: policy.yaml\njournal: { dir: ./journal }\n`);
  const { out } = await sluice(['check', '--config', config, '--json']);
  const report: { warnings: readonly { file: string; key: string; message: string }[] } = JSON.parse(out);
  return report.warnings
    .filter(({ file }) => file.endsWith('policy.yaml'))
    .map(({ key, message }) => `${key}: ${message}`);
}

test('a rule that asks of what no listener carries is warned of, whatever it then does', async () => {
  const rules = `rules:
  - { name: a, when: { tables: [orders] }, then: { record: { responses: whole } } }
  - { name: b, when: { tools: [query] }, then: { record: { responses: whole } } }
  - { name: c, when: { paths: ["/x"] }, then: { limit: { rows: 5, items: "$.a[*]" } } }
  - { name: d, when: { groups: [] }, then: { limit: { rows: 5 } } }
`.replace('groups: []', 'users: [ann]');
  assert.deepEqual(await warnings(['api'], rules), [
    'rules[0].when: asks of SQL, which no listener carries: it has no effect',
    'rules[1].when: asks of MCP calls, which no listener carries: it has an effect under sluice stdio alone',
  ]);
  assert.deepEqual(await warnings(['api', 'tools'], rules), [
    'rules[0].when: asks of SQL, which no listener carries: it has no effect',
  ]);
});

test('a listener that is named and carries something else is told by its place', async () => {
  const rules = `rules:
  - { name: a, when: { tools: [query], listeners: [tools, api] }, then: deny }
  - { name: b, when: { paths: ["/x"], listeners: [tools] }, then: { record: { responses: whole } } }
`;
  assert.deepEqual(await warnings(['api', 'tools'], rules), [
    'rules[0].when.listeners[1]: listener "api" carries HTTP requests, and the rule asks of MCP calls: it has no effect there',
    'rules[1].when: asks of HTTP requests, which none of the listeners that it names carries: it has no effect',
  ]);
});

test('what a rule says for one protocol alone, masks and alerts are looked at in the same way', async () => {
  const policy = `rules:
  - { name: a, when: { tools: [query] }, then: { limit: { rows: 5, over: truncate } } }
  - { name: b, when: { users: [ann] }, then: { budget: { per: table, window: 1h, rows: 5 } } }
masks:
  - { columns: [shop.customers.ssn], with: redact }
  - { json: ["$..ssn"], with: redact }
alerts:
  - { name: x, on: masked-table }
  - { name: y, on: definition }
`;
  assert.deepEqual(await warnings(['tools'], policy), [
    'rules[0].then.limit.over: is about HTTP requests alone, and the rule reaches none: it has no effect',
    'rules[1].then.budget.per: is about SQL alone, and the rule reaches none: it has no effect',
    'masks[0].columns: no listener that the mask is for carries SQL: it has no effect',
    'alerts[0].on: asks of SQL, which no listener carries: it has no effect',
  ]);
});
