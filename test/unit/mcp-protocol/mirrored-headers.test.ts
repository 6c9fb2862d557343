import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  decodedHeader,
  encodedHeader,
  headerMismatch,
  type MirroredValue,
  mirroredName,
} from '../../../protocols/mcp/mirrored-headers.ts';
import { CANONICAL_JSON, isRefused, scanJson } from '../../../src/json/index.ts';

test('Mcp-Name is what the body calls by name, by URI, or by the id of a task', () => {
  const bytes = Buffer.from('{"name":"n","uri":"a:b","taskId":"t"}');
  const document = scanJson(bytes, 0, bytes.length, CANONICAL_JSON);
  assert.ok(!isRefused(document));
  for (const [method, name] of [
    ['tools/call', 'n'],
    ['prompts/get', 'n'],
    ['resources/read', 'a:b'],
    ['tasks/get', 't'],
    ['tasks/update', 't'],
    ['tasks/cancel', 't'],
    ['tools/list', null],
    ['completion/complete', null],
  ] as const)
    assert.equal(mirroredName(document, 0, method), name, method);
});

/** The examples of MCP 2026-07-28, streamable HTTP, value encoding. */
const EXAMPLES: readonly (readonly [string, string])[] = [
  ['us-west1', 'us-west1'],
  ['Hello, 世界', '=?base64?SGVsbG8sIOS4lueVjA==?='],
  [' padded ', '=?base64?IHBhZGRlZCA=?='],
  ['line1\nline2', '=?base64?bGluZTEKbGluZTI=?='],
  ['=?base64?literal?=', '=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?='],
];

test("the specification's examples are written and read", () => {
  for (const [value, header] of EXAMPLES) {
    assert.equal(encodedHeader(value), header);
    assert.equal(decodedHeader(header), value);
  }
  assert.equal(encodedHeader(42), '42');
  assert.equal(encodedHeader(true), 'true');
});

test('what is neither plain nor Base64 is not read', () => {
  for (const header of ['', ' a', 'a ', 'a\u0000b', 'ä', '=?base64?%%?=', '=?base64?YQ?=', '=?base64?/w==?='])
    assert.equal(decodedHeader(header), null, header);
});

const HEADERS: Readonly<Record<string, string>> = {
  'mcp-protocol-version': '2026-07-28',
  'mcp-method': 'tools/call',
  'mcp-name': 'execute_sql',
  'mcp-param-region': 'us-west1',
  'mcp-param-count': '42.0',
};

const PARAMETERS: readonly (readonly [string, MirroredValue | null])[] = [
  ['region', 'us-west1'],
  ['count', 42],
  ['absent', null],
];

function mismatch(changes: Readonly<Record<string, string | null>>): string | null {
  const headers: Readonly<Record<string, string | null>> = { ...HEADERS, ...changes };
  return headerMismatch((name) => headers[name] ?? null, {
    revision: '2026-07-28',
    method: 'tools/call',
    name: 'execute_sql',
    parameters: new Map(PARAMETERS),
  });
}

test('headers say what the body says, or the request is refused', () => {
  assert.equal(mismatch({}), null);
  assert.equal(mismatch({ 'mcp-name': '=?base64?ZXhlY3V0ZV9zcWw=?=' }), null);
  for (const [name, value] of [
    ['mcp-protocol-version', null],
    ['mcp-protocol-version', '2025-11-25'],
    ['mcp-method', null],
    ['mcp-method', 'tools/list'],
    ['mcp-method', 'Tools/Call'],
    ['mcp-name', null],
    ['mcp-name', 'harmless'],
    ['mcp-param-region', null],
    ['mcp-param-region', 'eu-west1'],
    ['mcp-param-count', '43'],
    ['mcp-param-count', '0x2a'],
    ['mcp-param-absent', 'x'],
  ] as const)
    assert.notEqual(mismatch({ [name]: value }), null, `${name}: ${value}`);
});
