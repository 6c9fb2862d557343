/** Which requests of MCP are behind SQL. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sessionIdFrom, statementNumber } from '../../../src/core/ids.ts';
import { isObject, parseJson } from '../../../src/core/json.ts';
import type { Identity } from '../../../src/core/principal.ts';
import type { CallFacts } from '../../../src/core/requests.ts';
import { Causes, type SessionCause, traceOf } from '../../../src/engine/causes.ts';

const SESSION = sessionIdFrom(Buffer.alloc(14, 1));
const TRACES = ['0af7651916cd43dd8448eb211c80319c', '1af7651916cd43dd8448eb211c80319c'];

function tool(name: string): CallFacts {
  const nothing = { resource: null, prompt: null, arguments: { kind: 'none' } } as const;
  return { about: 'mcp', method: 'tools/call', tool: name, ...nothing };
}

function by(credential: string | null): Identity {
  const proof = { via: 'session', expiresAtMs: null, credential, issuer: null, subject: null } as const;
  return { principal: { name: 'agent', groups: [] }, proof };
}

function causeOf(cause: SessionCause, text: string): unknown {
  const written = cause.statementMember(Buffer.from(text));
  if (written === '') return null;
  const read = parseJson(`{${written.slice(1)}}`);
  return isObject(read) ? read['cause'] : null;
}

test('a statement of a linked login is for the call that is under way', () => {
  const causes = new Causes();
  const calls = causes.callsOf(SESSION, 'claude 1.0');
  const unlink = causes.link('c-1', calls);
  const cause = causes.behind(by('c-1'));
  assert.equal(cause.isUnexplained, true);
  assert.deepEqual(causeOf(cause, 'SELECT 1'), {
    session: SESSION,
    agent: 'claude 1.0',
    by: 'credential',
    calls: [],
  });
  calls.begin(statementNumber(3), tool('execute_sql'), { request: '7' });
  assert.equal(cause.isUnexplained, false);
  const call = { number: 3, method: 'tools/call', about: 'execute_sql', request: '7' };
  assert.deepEqual(causeOf(cause, 'SELECT 1'), {
    session: SESSION,
    agent: 'claude 1.0',
    by: 'credential',
    calls: [call],
  });
  calls.end(statementNumber(3));
  assert.equal(cause.isUnexplained, true);
  assert.deepEqual(causeOf(cause, 'ROLLBACK'), {
    session: SESSION,
    agent: 'claude 1.0',
    by: 'credential',
    calls: [],
    after: call,
  });
  assert.equal(cause.sessionMember, `,"behind":{"session":"${SESSION}","agent":"claude 1.0"}`);
  unlink();
  assert.equal(causes.behind(by('c-1')).sessionMember, '');
});

test('of several calls all are named, or those of the trace that the statement carries', () => {
  const causes = new Causes();
  const calls = causes.callsOf(SESSION, null);
  causes.link('c-1', calls);
  for (const [n, trace] of TRACES.entries())
    calls.begin(statementNumber(n + 1), tool(`t${n + 1}`), { trace });
  const cause = causes.behind(by('c-1'));
  const numbers = (text: string) =>
    [...JSON.stringify(causeOf(cause, text)).matchAll(/"number":(\d+)/g)].map(([, number]) => number);
  assert.deepEqual(numbers('SELECT 1'), ['1', '2']);
  assert.deepEqual(numbers(`SELECT 1 /*traceparent='00-${TRACES[1]}-b7ad6b7169203331-01'*/`), ['2']);
  // A trace that is nobody's narrows nothing.
  assert.deepEqual(numbers(`SELECT 1 /*traceparent='00-${'a'.repeat(32)}-b7ad6b7169203331-01'*/`), [
    '1',
    '2',
  ]);
});

test('a login of its own is linked by trace alone, as long as the call is under way', () => {
  const causes = new Causes();
  const calls = causes.callsOf(SESSION, 'cursor');
  const [trace = ''] = TRACES;
  const text = `SELECT 1 /*traceparent='00-${trace}-b7ad6b7169203331-01'*/`;
  const cause = causes.behind(by(null));
  assert.equal(causeOf(cause, text), null);
  calls.begin(statementNumber(1), tool('query'), { trace });
  assert.deepEqual(causeOf(cause, text), {
    session: SESSION,
    agent: 'cursor',
    by: 'trace',
    calls: [{ number: 1, method: 'tools/call', about: 'query' }],
  });
  assert.equal(causeOf(cause, 'SELECT 1'), null);
  calls.end(statementNumber(1));
  assert.equal(causeOf(cause, text), null);
  assert.equal(cause.isUnexplained, false);
});

test('traces are those of W3C trace context', () => {
  assert.equal(traceOf(`00-${TRACES[0]}-b7ad6b7169203331-01`), TRACES[0]);
  for (const parent of ['', `00-${'0'.repeat(32)}-b7ad6b7169203331-01`, `${TRACES[0]}`, '00-xyz-1-01'])
    assert.equal(traceOf(parent), null);
});
