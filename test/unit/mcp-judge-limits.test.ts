import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { judgeBench } from '../support/mcp-judge.ts';

const TOOL = '{"tools":[{"name":"query","inputSchema":{"type":"object"}}]}';

interface Result {
  readonly content: readonly { readonly type: string; readonly text: string }[];
  readonly structuredContent?: { readonly rows: readonly unknown[] };
  readonly isError?: boolean;
  readonly _meta?: { readonly 'dev.sluice/cut'?: unknown };
}

async function cut(then: string, result: unknown): Promise<{ result: Result; records: readonly unknown[] }> {
  const bench = judgeBench({
    policy: `default: allow\nrules:\n  - { name: few, when: { tools: [query] }, then: { limit: { ${then} } } }\n`,
  });
  try {
    const client = bench.session();
    client.answers = { 'tools/list': TOOL, 'tools/call': JSON.stringify(result) };
    const answer = JSON.parse(await client.ask('tools/call', { name: 'query', arguments: {} }));
    return { result: answer.result, records: bench.records() };
  } finally {
    await bench.close();
  }
}

const rows = (n: number) => Array.from({ length: n }, (_, id) => ({ id, name: `row ${id}` }));

test('promise 5: rows of a result are counted, and it is cut, marked and still valid', async () => {
  const whole = {
    content: [{ type: 'text', text: JSON.stringify(rows(50)) }],
    structuredContent: { rows: rows(50) },
  };
  const { result, records } = await cut('rows: 10', whole);
  assert.deepEqual(result.structuredContent?.rows, rows(10));
  assert.deepEqual(JSON.parse(result.content[0]?.text ?? ''), rows(10));
  assert.match(result.content[1]?.text ?? '', /the first 10 of 50 rows are shown, since rule "few"/);
  assert.deepEqual(result._meta?.['dev.sluice/cut'], { rule: 'few', rows: { shown: 10, of: 50 } });
  assert.notEqual(result.isError, true);
  assert.ok(JSON.stringify(records).includes('"truncatedBy":"few"'));
  const { result: within } = await cut('rows: 50', whole);
  assert.deepEqual(within, whole);
});

test('promise 5: rows count however they are spread: blocks, lines, tables, objects by key', async () => {
  const block = (text: string) => ({ type: 'text', text });
  const table = ['id,name', ...rows(30).map(({ id, name }) => `${id},${name}`)].join('\n');
  const markdown = [
    '| id | name |',
    '|---|---|',
    ...rows(30).map(({ id, name }) => `| ${id} | ${name} |`),
  ].join('\n');
  const lines = rows(30)
    .map((row) => JSON.stringify(row))
    .join('\n');
  const byKey = Object.fromEntries(rows(30).map((row) => [`k${row.id}`, row]));
  for (const content of [
    [block(table)],
    [block(markdown)],
    [block(lines)],
    [block(JSON.stringify({ a: { b: byKey } }))],
    [block(JSON.stringify(rows(15))), block(JSON.stringify(rows(15)))],
  ]) {
    const { result } = await cut('rows: 5', { content });
    const text = JSON.stringify(result);
    assert.ok(result._meta?.['dev.sluice/cut'] !== undefined, text);
    assert.ok(!text.includes('row 12'), text);
  }
});

test('bytes of a result are cut at a bound, texts and rows alike; what cannot be cut is withheld in words', async () => {
  const { result } = await cut('bytes: 2KiB', { content: [{ type: 'text', text: 'ä'.repeat(100_000) }] });
  assert.ok(Buffer.byteLength(JSON.stringify(result)) < 2048);
  assert.match(result.content[0]?.text ?? '', /^ä+…$/);
  const { result: list } = await cut('bytes: 4KiB', {
    content: [],
    structuredContent: { rows: rows(5000) },
  });
  const kept = list.structuredContent?.rows ?? [];
  assert.ok(kept.length > 20);
  assert.deepEqual(kept, rows(kept.length));
  const { result: none } = await cut('bytes: 1KiB', {
    content: [],
    structuredContent: { secretValue: 'z'.repeat(10_000) },
  });
  assert.equal(none.isError, true);
  assert.match(none.content[0]?.text ?? '', /longer than rule "few" allows/);
  assert.ok(!JSON.stringify(none).includes('zzz'));
});

test('promise 9: a message of the server that is too long, or no JSON, is told as a failure of its request', async () => {
  const bench = judgeBench();
  after(() => bench.close());
  const client = bench.session();
  client.answers = {
    'tools/list': TOOL,
    'tools/call': `{"content":[{"type":"text","text":"${'x'.repeat(1 << 24)}"}]}`,
  };
  assert.match(
    await client.ask('tools/call', { name: 'query', arguments: {} }),
    /JSON is larger than it may be/,
  );
  client.answers = { ...client.answers, 'tools/call': '{"a":1,"a":2}' };
  assert.match(await client.ask('tools/call', { name: 'query', arguments: {} }), /the same name twice/);
  assert.equal(client.judge.pending, 0);
  assert.match(
    await client.exchange(
      Buffer.from(`{"jsonrpc":"2.0","id":1,"method":"tools/list","pad":"${'x'.repeat(1 << 20)}"}`),
    ),
    /larger than it may be/,
  );
});

test('a call that is cancelled is over: its answer goes nowhere, and the server hears of it once it was asked', async () => {
  const bench = judgeBench();
  after(() => bench.close());
  const client = bench.session();
  client.answers = { 'tools/list': TOOL };
  const bytes = Buffer.from('{"jsonrpc":"2.0","id":9,"method":"tools/call","params":{"name":"query"}}');
  const { request } = await client.sent(bytes);
  assert.ok(request !== null);
  const cancel = Buffer.from('{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":9}}');
  await client.sent(cancel);
  assert.match(client.arrived.at(-1) ?? '', /cancelled/);
  assert.match(await client.answer(request, '"result":{"content":[]}'), /^dropped/);
  assert.equal(client.judge.pending, 0);
});
