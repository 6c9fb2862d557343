import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonicalBytes, mirroredParameters, offersOf } from '../../../protocols/mcp/definitions.ts';
import { hiddenCharacterIn, nameProblem, skeletonOf } from '../../../protocols/mcp/names.ts';
import { CANONICAL_JSON, isRefused, type JsonDocument, scanJson } from '../../../src/json/index.ts';

function documentOf(value: unknown): JsonDocument {
  const source = Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
  const read = scanJson(source, 0, source.length, CANONICAL_JSON);
  assert.ok(!isRefused(read));
  return read;
}

test('names with hidden characters, or with such as look like others, are no names of tools', () => {
  assert.equal(nameProblem('tool', 'execute_sql'), null);
  assert.equal(nameProblem('tool', 'shop.orders/list-all'), null);
  for (const name of [
    '',
    'execute\u200bsql',
    'exeсute_sql',
    'execute sql',
    'a\u202eb',
    'a\u00a0b',
    'x'.repeat(129),
  ])
    assert.notEqual(nameProblem('tool', name), null, JSON.stringify(name));
  assert.equal(nameProblem('other', 'Résumé der Bestellungen'), null);
  for (const name of ['a\u{e0041}', 'a\ufe0f', 'a\u3164', 'tab\tname', '\u2066x'])
    assert.notEqual(nameProblem('other', name), null, JSON.stringify(name));
});

test('names that look alike have one skeleton', () => {
  for (const [one, other] of [
    ['list_files', '1ist_files'],
    ['list_files', 'listFiles'],
    ['send_email', 'send_ernail'],
    ['view_order', 'vievv_order'],
    ['execute_sql', 'еxecute_sql'],
    ['get_info', 'get_lnfo'],
    ['to', 't0'],
  ] as const)
    assert.equal(skeletonOf(one), skeletonOf(other), `${one} and ${other}`);
  assert.notEqual(skeletonOf('read_file'), skeletonOf('read_files'));
});

test('text for people may join letters and emoji, and hide nothing', () => {
  assert.equal(hiddenCharacterIn('Reads a file. Familie: 👨‍👩‍👧, Persisch: می‌خواهم\n'), null);
  assert.equal(hiddenCharacterIn('Reads a file\u{e0069}\u{e0067}'), 'U+E0069');
  assert.equal(hiddenCharacterIn('Reads \u202eelif a'), 'U+202E');
  assert.equal(hiddenCharacterIn('zero\u200bwidth'), 'U+200B');
  assert.equal(hiddenCharacterIn('\u001b[8mhidden\u001b[0m'), 'U+001B');
});

test('a list shows what is wrong with each of its tools', () => {
  const document = documentOf({
    tools: [
      { name: 'fine', description: 'ok', inputSchema: { type: 'object' } },
      { name: 'hid\u200bden', inputSchema: {} },
      { name: 'told', description: 'Adds. \u{e0049}gnore', inputSchema: {} },
      { name: 'below', inputSchema: { properties: { a: { description: '\u2066x' } } } },
      { name: 'far', inputSchema: { $ref: 'https://example.com/schema' } },
      { inputSchema: {} },
    ],
  });
  const offers = offersOf(document, document.root, 'tools/list') ?? [];
  assert.deepEqual(
    offers.map(({ name, problem }) => [name, problem]),
    [
      ['fine', null],
      ['hid\u200bden', 'has a character that is not seen (U+200B)'],
      ['told', 'has a hidden character (U+E0049) at /description'],
      ['below', 'has a hidden character (U+2066) at /inputSchema/properties/a/description'],
      ['far', 'has an inputSchema that refers to another document'],
      ['', 'is empty'],
    ],
  );
  assert.equal(offersOf(document, document.root, 'prompts/list'), null);
  assert.equal(offersOf(document, document.root, 'tools/call'), null);
});

test('the order of members and white space make no other definition; every other difference does', () => {
  const bytesOf = (text: string) => {
    const document = documentOf(text);
    return canonicalBytes(document, document.root).toString();
  };
  const base = '{"name":"a","inputSchema":{"type":"object","maximum":1.0},"description":"x"}';
  assert.equal(
    bytesOf(base),
    bytesOf('{ "description": "\\u0078", "inputSchema": {"maximum":1.0, "type":"object"}, "name":"a" }'),
  );
  for (const other of [
    '{"name":"a","inputSchema":{"type":"object","maximum":1},"description":"x"}',
    '{"name":"a","inputSchema":{"type":"object","maximum":1.0},"description":"x "}',
    '{"name":"a","inputSchema":{"type":"object","maximum":1.0},"description":"x","title":""}',
    '{"name":"a","inputSchema":{"type":["object"],"maximum":1.0},"description":"x"}',
  ])
    assert.notEqual(bytesOf(base), bytesOf(other), other);
  assert.equal(
    bytesOf('{"name":"a","_meta":{"io.modelcontextprotocol/serverInfo":{"version":"1"}}}'),
    bytesOf('{"name":"a","_meta":{"io.modelcontextprotocol/serverInfo":{"version":"2"}}}'),
  );
});

test('parameters that headers repeat are found at any depth of properties', () => {
  const document = documentOf({
    inputSchema: {
      type: 'object',
      properties: {
        region: { type: 'string', 'x-mcp-header': 'Region' },
        'a/b': { properties: { n: { type: 'integer', 'x-mcp-header': 'Tenant-Id' } } },
        plain: { type: 'string' },
      },
    },
  });
  assert.deepEqual(
    [...mirroredParameters(document, document.root)],
    [
      ['region', '/region'],
      ['tenant-id', '/a~1b/n'],
    ],
  );
});

test('a tool that asks for headers which no client could send is not shown (2026-07-28, x-mcp-header)', () => {
  const problemOf = (...headers: readonly string[]) => {
    const properties = Object.fromEntries(headers.map((header, n) => [`p${n}`, { 'x-mcp-header': header }]));
    const tool = { name: 'a', inputSchema: { type: 'object', properties } };
    const document = documentOf({ tools: [tool] });
    return offersOf(document, document.root, 'tools/list')?.[0]?.problem;
  };
  assert.equal(problemOf('Region', 'Tenant-Id'), null);
  for (const bad of ['', 'A: x', 'A\r\nX-Evil', 'ä', 'a b'])
    assert.match(problemOf(bad) ?? '', /no name for one/, bad);
  assert.match(problemOf('Region', 'region') ?? '', /one header twice/);
  const named = documentOf({
    tools: [{ name: 'a', inputSchema: { properties: { 'x-mcp-header': { type: 'string' } } } }],
  });
  assert.equal(offersOf(named, named.root, 'tools/list')?.[0]?.problem, null);
});
