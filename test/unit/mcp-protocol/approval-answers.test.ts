import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  heldProgress,
  offersTasks,
  opensPages,
  pageOutcome,
  taskAsked,
  taskResult,
  withoutState,
} from '../../../protocols/mcp/approval-answers.ts';
import { CANONICAL_JSON, isRefused, type JsonDocument, scanJson } from '../../../src/json/index.ts';

function read(text: string): JsonDocument {
  const bytes = Buffer.from(text);
  const document = scanJson(bytes, 0, bytes.length, CANONICAL_JSON);
  assert.ok(!isRefused(document));
  return document;
}

const ID = { key: 'n7', written: '7' };

test('the result of a task is that of the call to the byte, but for its id and the task', () => {
  const cases = [
    [
      '{"jsonrpc":"2.0","id":"sluice-1","result":{"content":[],"n":1.0,"big":9007199254740993}}',
      '{"jsonrpc":"2.0","id":7,"result":{"content":[],"n":1.0,"big":9007199254740993,"_meta":{"io.modelcontextprotocol/related-task":{"taskId":"t"}}}}',
    ],
    [
      '{"jsonrpc":"2.0","id":1,"result":{"_meta":{"x":1,"io.modelcontextprotocol/related-task":{"taskId":"server"}}}}',
      '{"jsonrpc":"2.0","id":7,"result":{"_meta":{"x":1,"io.modelcontextprotocol/related-task":{"taskId":"t"}}}}',
    ],
    [
      '{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"no"}}',
      '{"jsonrpc":"2.0","id":7,"error":{"code":1,"message":"no"}}',
    ],
  ] as const;
  for (const [call, task] of cases) assert.equal(taskResult(ID, read(call), 't').toString(), task);
});

test('a call that comes again is the call as it was sent at first', () => {
  const document = read(
    '{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"a","inputResponses":{"dev.sluice/approval":{"action":"accept"}},"arguments":{"n":1.0},"requestState":"s"}}',
  );
  const params = document.at('/params');
  assert.equal(
    withoutState(document, params).toString(),
    '{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"a","arguments":{"n":1.0}}}',
  );
  assert.equal(pageOutcome(document, params), 'opened');
  for (const action of ['decline', 'cancel'])
    assert.equal(
      pageOutcome(read(`{"inputResponses":{"dev.sluice/approval":{"action":"${action}"}}}`), 0),
      'declined',
    );
});

test('what a client says it can do', () => {
  const able = (capabilities: string) =>
    opensPages(read(`{"_meta":{"io.modelcontextprotocol/clientCapabilities":${capabilities}}}`), 0);
  assert.ok(able('{"elicitation":{"url":{}}}'));
  for (const less of [
    '{}',
    '{"elicitation":{}}',
    '{"elicitation":{"form":{}}}',
    '{"elicitation":{"url":true}}',
  ])
    assert.ok(!able(less), less);
  assert.equal(taskAsked(read('{"task":{"ttl":5}}'), 0), 5);
  assert.equal(taskAsked(read('{"task":{}}'), 0), null);
  assert.equal(taskAsked(read('{"task":true}'), 0), 'none');
  assert.ok(
    offersTasks(Buffer.from('{"result":{"capabilities":{"tasks":{"requests":{"tools":{"call":{}}}}}}}')),
  );
  assert.ok(!offersTasks(Buffer.from('{"result":{"capabilities":{"tasks":{"list":{}}}}}')));
  assert.equal(heldProgress(read('{"_meta":{}}'), 0, 'waits'), null);
  assert.equal(
    heldProgress(read('{"_meta":{"progressToken":3}}'), 0, 'a "b"')?.toString(),
    '{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":3,"progress":0,"message":"a \\"b\\""}}',
  );
});
