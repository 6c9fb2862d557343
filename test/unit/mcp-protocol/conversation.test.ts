import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  Conversation,
  META_CAPABILITIES,
  META_VERSION,
  type Reading,
} from '../../../protocols/mcp/conversation.ts';
import type { Side } from '../../../protocols/mcp/methods.ts';
import type { Revision } from '../../../protocols/mcp/revisions.ts';
import { CANONICAL_JSON, isRefused, scanJson } from '../../../src/json/index.ts';

type Rest = Readonly<Record<string, unknown>>;

/** What a conversation makes of messages, one after the other. */
function talk(conversation: Conversation, from: Side, rest: Rest): Reading {
  const source = Buffer.from(JSON.stringify({ jsonrpc: '2.0', ...rest }));
  const document = scanJson(source, 0, source.length, CANONICAL_JSON);
  assert.ok(!isRefused(document));
  return from === 'client'
    ? conversation.fromClient(document, document.root)
    : conversation.fromServer(document, document.root);
}

function begun(revision: Revision = '2025-11-25'): Conversation {
  const conversation = new Conversation();
  talk(conversation, 'client', { id: 0, method: 'initialize', params: { protocolVersion: revision } });
  talk(conversation, 'server', { id: 0, result: { protocolVersion: revision } });
  assert.equal(conversation.revision, revision);
  return conversation;
}

function modern(rest: Rest = {}, meta: Rest = {}): Rest {
  return { params: { ...rest, _meta: { [META_VERSION]: '2026-07-28', [META_CAPABILITIES]: {}, ...meta } } };
}

function why(reading: Reading): string {
  assert.ok(reading.reading === 'refused' || reading.reading === 'dropped', reading.reading);
  return reading.why;
}

test('a legacy session begins with initialize, once, and has the revision that the server agrees to', () => {
  const conversation = new Conversation();
  const list = { id: 1, method: 'tools/list' };
  assert.match(why(talk(conversation, 'client', list)), /send initialize/);
  assert.equal(talk(conversation, 'client', { id: 2, method: 'ping' }).reading, 'request');
  const initialize = { id: 3, method: 'initialize', params: { protocolVersion: '2099-01-01' } };
  assert.equal(talk(conversation, 'client', initialize).reading, 'request');
  assert.match(why(talk(conversation, 'client', list)), /has not answered/);
  assert.match(why(talk(conversation, 'client', { ...initialize, id: 4 })), /once/);
  assert.equal(
    talk(conversation, 'server', { id: 3, result: { protocolVersion: '2025-06-18' } }).reading,
    'answer',
  );
  assert.equal(conversation.revision, '2025-06-18');
  assert.equal(talk(conversation, 'client', list).reading, 'request');
});

test('a revision that Sluice does not speak is no session', () => {
  for (const protocolVersion of ['2024-10-07', '2026-07-28', '', null]) {
    const conversation = new Conversation();
    talk(conversation, 'client', { id: 0, method: 'initialize', params: { protocolVersion: '2025-11-25' } });
    const reading = talk(conversation, 'server', { id: 0, result: { protocolVersion } });
    assert.match(why(reading), /does not speak/);
    assert.equal(conversation.revision, null);
  }
});

test('a modern request says its revision and capabilities itself', () => {
  const conversation = new Conversation();
  const call = (rest: Rest) => talk(conversation, 'client', { id: 1, method: 'tools/list', ...rest });
  const reading = call(modern());
  assert.ok(reading.reading === 'request' && reading.revision === '2026-07-28');
  const refusals: readonly (readonly [Rest, number])[] = [
    [modern({}, { [META_VERSION]: '1900-01-01' }), -32022],
    [modern({}, { [META_VERSION]: '2025-11-25' }), -32022],
    [modern({}, { [META_VERSION]: 20260728 }), -32602],
    [modern({}, { [META_CAPABILITIES]: null }), -32602],
  ];
  for (const [rest, code] of refusals) {
    const refused = call(rest);
    assert.ok(refused.reading === 'refused');
    assert.equal(refused.code, code, JSON.stringify(rest));
    assert.equal(refused.id?.written, '1');
  }
});

test('an answer is one to a question that waits, once', () => {
  const conversation = begun();
  talk(conversation, 'client', { id: 1, method: 'tools/call', params: { name: 'query', arguments: {} } });
  const answer = { id: 1, result: { content: [] } };
  assert.match(why(talk(conversation, 'server', { ...answer, id: '1' })), /nothing that was asked/);
  const reading = talk(conversation, 'server', answer);
  assert.ok(
    reading.reading === 'answer' && reading.to.method === 'tools/call' && reading.to.name === 'query',
  );
  assert.match(why(talk(conversation, 'server', answer)), /nothing that was asked/);
  // What the client asked is not for the client to answer.
  talk(conversation, 'client', { id: 2, method: 'tools/list' });
  assert.match(why(talk(conversation, 'client', { id: 2, result: {} })), /nothing that was asked/);
});

test('an id or a progressToken is used once at a time', () => {
  const conversation = begun();
  const list = (id: number, progressToken: unknown) =>
    talk(conversation, 'client', { id, method: 'tools/list', params: { _meta: { progressToken } } });
  assert.equal(list(1, 'a').reading, 'request');
  assert.match(why(list(1, 'b')), /same id/);
  assert.match(why(list(2, 'a')), /same progressToken/);
  assert.match(why(list(3, 1.5)), /progressToken has to be/);
  assert.equal(list(4, 'b').reading, 'request');
});

test('progress and cancellation are about requests that wait', () => {
  const conversation = begun();
  const call = { name: 'slow', _meta: { progressToken: 7 } };
  talk(conversation, 'client', { id: 1, method: 'tools/call', params: call });
  const progress = (progressToken: unknown) =>
    talk(conversation, 'server', {
      method: 'notifications/progress',
      params: { progressToken, progress: 1 },
    });
  const told = progress(7);
  assert.ok(told.reading === 'notification' && told.about?.name === 'slow');
  assert.match(why(progress('7')), /does not wait/);
  const cancel = (requestId: unknown) =>
    talk(conversation, 'client', { method: 'notifications/cancelled', params: { requestId } });
  assert.match(why(cancel(2)), /does not wait/);
  assert.equal(cancel(1).reading, 'notification');
});

test('promise 1: what is not in the table of methods goes nowhere, in either direction', () => {
  const conversation = begun();
  for (const [from, rest, text] of [
    ['client', { id: 1, method: 'tools/drop' }, /not a method/],
    ['client', { id: 1, method: 'sampling/createMessage', params: {} }, /for the other side/],
    ['client', { id: 1, method: 'server/discover' }, /not part of revision/],
    ['client', { method: 'tools/call', params: { name: 'a' } }, /without as a notification/],
    ['client', { id: 1, method: 'tools/call', params: { name: 7 } }, /what it is about/],
    ['client', { id: 1, method: 'tools/call', params: { name: 'a', arguments: [] } }, /what it is about/],
    ['client', { method: 'notifications/message', params: {} }, /for the other side/],
    ['server', { id: 1, method: 'tools/call', params: { name: 'a' } }, /for the other side/],
    ['server', { id: 1, method: 'shell/exec' }, /not a method/],
    ['server', { method: 'notifications/unknown' }, /not a method/],
    ['server', { method: 'notifications/subscriptions/acknowledged' }, /not part of revision/],
  ] as const)
    assert.match(why(talk(conversation, from, rest)), text, JSON.stringify(rest));
});
