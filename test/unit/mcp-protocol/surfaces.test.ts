import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isFault, readMessage } from '../../../protocols/mcp/message.ts';
import type { Method } from '../../../protocols/mcp/methods.ts';
import { surfacesOf } from '../../../protocols/mcp/surfaces.ts';
import { CANONICAL_JSON, isRefused, scanJson } from '../../../src/json/index.ts';

/** Pointers of what is found, from the member that it stands in. */
function found(method: Method, rest: Readonly<Record<string, unknown>>) {
  const source = Buffer.from(JSON.stringify({ jsonrpc: '2.0', ...rest }));
  const document = scanJson(source, 0, source.length, CANONICAL_JSON);
  assert.ok(!isRefused(document));
  const message = readMessage(document, document.root);
  assert.ok(!isFault(message), isFault(message) ? message.fault : '');
  const { values, texts, blobs, tokens } = surfacesOf(document, message, method);
  const at = (nodes: readonly number[]) => nodes.map((node) => document.pointerOf(node));
  return {
    values: at(values),
    texts: at(texts),
    blobs: blobs.map(({ node, mimeType }) => `${document.pointerOf(node)} ${mimeType}`),
    tokens: at(tokens),
  };
}

test("a tool's result: content of every type, structured content, tokens of _meta", () => {
  const result = {
    content: [
      { type: 'text', text: 't' },
      { type: 'image', data: 'AAAA', mimeType: 'image/png' },
      { type: 'resource', resource: { uri: 'file:///a', text: 'r' } },
      { type: 'resource', resource: { uri: 'file:///b', blob: 'AAAA', mimeType: 'text/csv' } },
      { type: 'resource_link', uri: 'file:///c', name: 'c' },
    ],
    structuredContent: { rows: [] },
    _meta: { progressToken: 'p', 'io.modelcontextprotocol/related-task': { taskId: 'x' } },
  };
  assert.deepEqual(found('tools/call', { id: 1, result }), {
    values: ['/result/structuredContent'],
    texts: ['/result/content/0/text', '/result/content/2/resource/text'],
    blobs: ['/result/content/1/data image/png', '/result/content/3/resource/blob text/csv'],
    tokens: ['/result/_meta/progressToken', '/result/_meta/io.modelcontextprotocol~1related-task/taskId'],
  });
});

test('what a server asks in a result of 2026-07-28 is looked at as when it asks by itself', () => {
  const result = {
    resultType: 'input_required',
    requestState: 'opaque',
    inputRequests: {
      a: { method: 'elicitation/create', params: { message: 'Who?', requestedSchema: {} } },
      b: {
        method: 'sampling/createMessage',
        params: { systemPrompt: 's', messages: [{ role: 'user', content: { type: 'text', text: 'm' } }] },
      },
    },
  };
  assert.deepEqual(found('tools/call', { id: 1, result }), {
    values: [],
    texts: [
      '/result/inputRequests/a/params/message',
      '/result/inputRequests/b/params/messages/0/content/text',
      '/result/inputRequests/b/params/systemPrompt',
    ],
    blobs: [],
    tokens: ['/result/requestState'],
  });
});

test('errors, log messages, progress, prompts, completions, resources', () => {
  assert.deepEqual(found('tools/call', { id: 1, error: { code: 1, message: 'm', data: { a: 1 } } }), {
    values: ['/error/data'],
    texts: ['/error/message'],
    blobs: [],
    tokens: [],
  });
  const log = { method: 'notifications/message', params: { level: 'info', data: 'd' } };
  assert.deepEqual(found('notifications/message', log).values, ['/params/data']);
  const progress = { method: 'notifications/progress', params: { progressToken: 1, message: 'm' } };
  assert.deepEqual(found('notifications/progress', progress), {
    values: [],
    texts: ['/params/message'],
    blobs: [],
    tokens: ['/params/progressToken'],
  });
  const prompt = { description: 'd', messages: [{ role: 'user', content: { type: 'text', text: 'x' } }] };
  assert.deepEqual(found('prompts/get', { id: 1, result: prompt }).texts, [
    '/result/messages/0/content/text',
    '/result/description',
  ]);
  const completion = { completion: { values: ['a', 'b'] } };
  assert.deepEqual(found('completion/complete', { id: 1, result: completion }).texts, [
    '/result/completion/values/0',
    '/result/completion/values/1',
  ]);
  const contents = { contents: [{ uri: 'a', text: '{"a":1}' }], nextCursor: 'c' };
  assert.deepEqual(found('resources/read', { id: 1, result: contents }), {
    values: [],
    texts: ['/result/contents/0/text'],
    blobs: [],
    tokens: ['/result/nextCursor'],
  });
});
