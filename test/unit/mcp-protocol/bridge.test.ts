import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  initializeAnswer,
  inputRequired,
  legacyClient,
  legacyResult,
  modernRequest,
  requestToClient,
  retriedRequest,
} from '../../../protocols/mcp/bridge/legacy-to-modern.ts';
import {
  answerToServer,
  discoverAnswer,
  initializeFor,
  inputRequiredAnswer,
  legacyRequest,
  modernClient,
  modernResult,
  retryOf,
} from '../../../protocols/mcp/bridge/modern-to-legacy.ts';
import { CANONICAL_JSON, isRefused, type JsonDocument, scanJson } from '../../../src/json/index.ts';

function documentOf(text: string | Buffer): JsonDocument {
  const source = Buffer.from(text);
  const read = scanJson(source, 0, source.length, CANONICAL_JSON);
  assert.ok(!isRefused(read), text.toString());
  return read;
}

const ID = { key: 'n1', written: '1' };

function messageIn(document: JsonDocument) {
  return { node: document.root, params: document.member(document.root, 'params') };
}

test('a legacy request carries what its client said once, and nothing else of it changes', () => {
  const initialize = documentOf(
    '{"protocolVersion":"2025-06-18","clientInfo":{"name":"c","version":"1"},"capabilities":{"roots":{"listChanged":true},"elicitation":{},"tasks":{}}}',
  );
  const client = legacyClient(initialize, initialize.root);
  assert.equal(client.revision, '2025-06-18');
  const own =
    '"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{"roots":{},"elicitation":{"form":{}}},"io.modelcontextprotocol/clientInfo":{"name":"c","version":"1"}';
  const modern = (text: string, level: string | null = null) => {
    const document = documentOf(text);
    return modernRequest(document, messageIn(document), client, level).toString();
  };
  assert.equal(
    modern('{"jsonrpc":"2.0","id":1,"method":"tools/list"}'),
    `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{${own}}}}`,
  );
  assert.equal(
    modern('{ "params" : {"name":"q","arguments":{"n":1.0}} , "jsonrpc":"2.0","id":1,"method":"tools/call"}'),
    `{ "params" : {"name":"q","arguments":{"n":1.0},"_meta":{${own}}} , "jsonrpc":"2.0","id":1,"method":"tools/call"}`,
  );
  assert.equal(
    modern(
      '{"params":{"_meta":{"progressToken":1,"io.modelcontextprotocol/logLevel":"debug"}},"id":1}',
      'error',
    ),
    `{"params":{"_meta":{"progressToken":1,${own},"io.modelcontextprotocol/logLevel":"error"}},"id":1}`,
  );
});

test('a modern answer loses what only modern ones have', () => {
  const document = documentOf(
    '{"jsonrpc":"2.0","id":1,"result":{"resultType":"complete","tools":[],"ttlMs":5,"cacheScope":"public"}}',
  );
  assert.equal(
    legacyResult(document, document.root, document.member(document.root, 'result')).toString(),
    '{"jsonrpc":"2.0","id":1,"result":{"tools":[]}}',
  );
});

test('discovery of a modern server is the handshake of a legacy one, and the other way round', () => {
  const discovered = documentOf(
    '{"supportedVersions":["2026-07-28"],"capabilities":{"tools":{}},"instructions":"i","_meta":{"io.modelcontextprotocol/serverInfo":{"name":"s","version":"2"}}}',
  );
  const answer = initializeAnswer(ID, discovered, discovered.root, '2025-06-18').toString();
  assert.deepEqual(JSON.parse(answer).result, {
    protocolVersion: '2025-06-18',
    capabilities: { tools: {} },
    serverInfo: { name: 's', version: '2' },
    instructions: 'i',
  });
  const initialized = documentOf(answer);
  const back = discoverAnswer(ID, initialized, initialized.member(initialized.root, 'result')).toString();
  assert.deepEqual(JSON.parse(back).result, {
    resultType: 'complete',
    supportedVersions: ['2026-07-28'],
    capabilities: { tools: {} },
    instructions: 'i',
    ttlMs: 0,
    cacheScope: 'private',
    _meta: { 'io.modelcontextprotocol/serverInfo': { name: 's', version: '2' } },
  });
});

test('input that a modern server asks for is asked of a legacy client, and goes back with the same request', () => {
  const document = documentOf(
    '{"resultType":"input_required","inputRequests":{"who":{"method":"elicitation/create","params":{"message":"?"}},"roots":{"method":"roots/list"}},"requestState":"s\\u0041"}',
  );
  const required = inputRequired(document, document.root);
  assert.deepEqual(
    required?.requests.map((request) => requestToClient(`x-${request.key}`, request).toString()),
    [
      '{"jsonrpc":"2.0","id":"x-who","method":"elicitation/create","params":{"message":"?"}}',
      '{"jsonrpc":"2.0","id":"x-roots","method":"roots/list"}',
    ],
  );
  const call = documentOf('{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"q"}}');
  const answers = new Map([['who', Buffer.from('{"action":"accept"}')]]);
  assert.equal(
    retriedRequest(call, messageIn(call), answers, required?.state ?? null).toString(),
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"q","inputResponses":{"who":{"action":"accept"}},"requestState":"s\\u0041"}}',
  );
  const complete = documentOf('{"resultType":"complete"}');
  assert.equal(inputRequired(complete, complete.root), null);
});

test('a modern request is a legacy one without what it says of itself', () => {
  const text =
    '{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{"sampling":{}},"progressToken":"p"}}}';
  const document = documentOf(text);
  assert.equal(
    legacyRequest(document, messageIn(document)).toString(),
    '{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{"progressToken":"p"}}}',
  );
  const client = modernClient(document, messageIn(document).params);
  assert.deepEqual(JSON.parse(initializeFor('i', client).toString()).params, {
    protocolVersion: '2025-11-25',
    capabilities: { sampling: {} },
    clientInfo: { name: 'unnamed', version: '0' },
  });
  const bare = documentOf(text.replace(',"progressToken":"p"', ''));
  assert.equal(
    legacyRequest(bare, messageIn(bare)).toString(),
    '{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{}}',
  );
});

test('a legacy answer says what a modern one has to', () => {
  const document = documentOf('{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"a"}]}}');
  const server = Buffer.from('{"name":"s","version":"1"}');
  const answer = (method: 'tools/list' | 'tools/call') =>
    modernResult(
      document,
      document.root,
      document.member(document.root, 'result'),
      method,
      server,
    ).toString();
  assert.equal(
    answer('tools/list'),
    '{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"a"}],"resultType":"complete","ttlMs":0,"cacheScope":"private","_meta":{"io.modelcontextprotocol/serverInfo":{"name":"s","version":"1"}}}}',
  );
  assert.equal(
    answer('tools/call'),
    '{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"a"}],"resultType":"complete","_meta":{"io.modelcontextprotocol/serverInfo":{"name":"s","version":"1"}}}}',
  );
});

test('what a legacy server asks in the middle is a result, and the answers come with the retry', () => {
  const asked = new Map([['k', { method: 'elicitation/create', params: Buffer.from('{"message":"?"}') }]]);
  assert.equal(
    inputRequiredAnswer(ID, asked, 'token').toString(),
    '{"jsonrpc":"2.0","id":1,"result":{"resultType":"input_required","inputRequests":{"k":{"method":"elicitation/create","params":{"message":"?"}}},"requestState":"token"}}',
  );
  const retry = documentOf('{"inputResponses":{"k":{"action":"accept"}},"requestState":"token"}');
  const read = retryOf(retry, retry.root);
  assert.equal(read?.state, 'token');
  const answer = read?.answers.get('k');
  assert.ok(answer !== undefined);
  assert.equal(
    answerToServer(ID, answer).toString(),
    '{"jsonrpc":"2.0","id":1,"result":{"action":"accept"}}',
  );
  const plain = documentOf('{"name":"q"}');
  assert.equal(retryOf(plain, plain.root), null);
});
