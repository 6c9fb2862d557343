import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isFault, type Message, type MessageFault, readMessage } from '../../../protocols/mcp/message.ts';
import { methodFor } from '../../../protocols/mcp/methods.ts';
import { PendingRequests } from '../../../protocols/mcp/pending.ts';
import { CANONICAL_JSON, isRefused, type JsonDocument, scanJson } from '../../../src/json/index.ts';

function documentOf(text: string): JsonDocument {
  const source = Buffer.from(text);
  const read = scanJson(source, 0, source.length, CANONICAL_JSON);
  assert.ok(!isRefused(read), `${text} is JSON`);
  return read;
}

function read(text: string): Message | MessageFault {
  const document = documentOf(text);
  return readMessage(document, document.root);
}

test('messages are told apart by their members', () => {
  const kinds: readonly (readonly [string, string])[] = [
    ['{"jsonrpc":"2.0","id":1,"method":"tools/list"}', 'request'],
    ['{"method":"tools/call","params":{},"id":"a","jsonrpc":"2.0"}', 'request'],
    ['{"jsonrpc":"2.0","method":"notifications/initialized"}', 'notification'],
    ['{"jsonrpc":"2.0","id":1,"result":{}}', 'result'],
    ['{"jsonrpc":"2.0","id":1,"error":{"code":-1,"message":"no"}}', 'error'],
    ['{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"no"}}', 'error'],
    ['{"jsonrpc":"2.0","error":{"code":-32700,"message":"no"}}', 'error'],
  ];
  for (const [text, kind] of kinds) {
    const message = read(text);
    assert.equal(isFault(message) ? message.fault : message.kind, kind, text);
  }
});

test('what is no message has a fault, and the id of the request that it tried to be', () => {
  const faults: readonly (readonly [string, RegExp, string | null])[] = [
    ['[]', /JSON object/, null],
    ['{"id":7,"method":"ping"}', /"jsonrpc": "2.0"/, '7'],
    ['{"jsonrpc":2.0,"id":7,"method":"ping"}', /"jsonrpc": "2.0"/, '7'],
    ['{"jsonrpc":"2.0","id":7,"method":7}', /string/, '7'],
    ['{"jsonrpc":"2.0","id":7,"method":"ping","params":[1]}', /object/, '7'],
    ['{"jsonrpc":"2.0","id":7,"method":"ping","result":{}}', /either/, '7'],
    ['{"jsonrpc":"2.0","id":7,"result":{},"error":{"code":1,"message":""}}', /one of/, '7'],
    ['{"jsonrpc":"2.0","id":7}', /one of/, '7'],
    ['{"jsonrpc":"2.0","id":7,"result":[]}', /object/, '7'],
    ['{"jsonrpc":"2.0","id":7,"error":{"message":"no code"}}', /code and a message/, '7'],
    ['{"jsonrpc":"2.0","id":null,"method":"ping"}', /id has to be/, null],
    ['{"jsonrpc":"2.0","id":1.0,"method":"ping"}', /id has to be/, null],
    ['{"jsonrpc":"2.0","id":1e3,"method":"ping"}', /id has to be/, null],
    ['{"jsonrpc":"2.0","id":9007199254740993,"method":"ping"}', /id has to be/, null],
    ['{"jsonrpc":"2.0","id":{},"method":"ping"}', /id has to be/, null],
    ['{"jsonrpc":"2.0","id":null,"result":{}}', /id has to be/, null],
    ['{"jsonrpc":"2.0","id":7,"method":"ping","extra":1}', /does not know/, null],
  ];
  for (const [text, why, id] of faults) {
    const message = read(text);
    assert.ok(isFault(message), text);
    assert.match(message.fault, why, text);
    assert.equal(message.id?.written ?? null, id, text);
  }
});

test('an id is a number or a text, and the two are never the same', () => {
  const [number, text] = [
    read('{"jsonrpc":"2.0","id":1,"result":{}}'),
    read('{"jsonrpc":"2.0","id":"1","result":{}}'),
  ];
  assert.ok(!isFault(number) && number.kind === 'result' && !isFault(text) && text.kind === 'result');
  const pending = new PendingRequests(2);
  const request = { method: 'tools/list', name: null, progressToken: null, revision: '2025-11-25' } as const;
  assert.equal(pending.add({ ...request, id: number.id }), null);
  assert.equal(pending.add({ ...request, id: number.id }), 'duplicate-id');
  assert.equal(pending.get(text.id), null);
  assert.equal(pending.add({ ...request, id: text.id, progressToken: 's1' }), null);
  assert.equal(pending.withToken('s1')?.id.key, 's1');
  assert.equal(pending.add({ ...request, id: { key: 's2', written: '"2"' } }), 'too-many');
  assert.equal(pending.take(text.id)?.id.key, 's1');
  assert.equal(pending.take(text.id), null);
  assert.equal(pending.withToken('s1'), null);
});

test('promise 1: a method that no revision has, or not this one, or not of this side, is not known', () => {
  const answerOf = (...call: Parameters<typeof methodFor>) => methodFor(...call).answer;
  assert.equal(answerOf('tools/call', 'request', 'client', '2024-11-05'), 'known');
  assert.equal(answerOf('tools/call', 'request', 'client', '2026-07-28'), 'known');
  assert.equal(answerOf('tools/call', 'notification', 'client', '2025-11-25'), 'wrong-kind');
  assert.equal(answerOf('tools/call', 'request', 'server', '2025-11-25'), 'wrong-side');
  assert.equal(answerOf('tools/drop', 'request', 'client', '2025-11-25'), 'unknown');
  assert.equal(answerOf('constructor', 'request', 'client', '2025-11-25'), 'unknown');
  assert.equal(answerOf('initialize', 'request', 'client', '2025-11-25'), 'known');
  assert.equal(answerOf('initialize', 'request', 'client', '2026-07-28'), 'wrong-revision');
  assert.equal(answerOf('elicitation/create', 'request', 'server', '2025-03-26'), 'wrong-revision');
  assert.equal(answerOf('elicitation/create', 'request', 'server', '2025-06-18'), 'known');
  assert.equal(answerOf('sampling/createMessage', 'request', 'server', '2026-07-28'), 'wrong-revision');
  assert.equal(answerOf('server/discover', 'request', 'client', '2025-11-25'), 'wrong-revision');
  assert.equal(answerOf('subscriptions/listen', 'request', 'client', '2026-07-28'), 'known');
});
