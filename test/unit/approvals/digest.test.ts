/** Promise 7: an approval covers exactly what was shown. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ApprovalAsk, canonical, digestOf, reasonIn, shownOf } from '../../../src/approvals/ask.ts';

const ASK: ApprovalAsk = {
  principal: { name: 'agent', groups: ['agents', 'etl'] },
  aliases: ['name:agent'],
  listener: 'shop',
  upstream: '127.0.0.1:5432/shop',
  path: ['pg_catalog', 'public'],
  mode: null,
  policyVersion: 'sha256:1',
  duty: {
    rule: 'second-person',
    by: ['dba'],
    approvers: 1,
    withinMs: 60_000,
    windowMs: null,
    needsReason: false,
    waitMs: null,
  },
  statement: {
    text: Buffer.from('UPDATE t SET a = $1'),
    runs: null,
    kinds: ['UPDATE'],
    effects: ['write'],
    tables: ['public.t'],
    parameters: [{ bytes: Buffer.from('1'), binary: false }],
    types: [23],
    hidesParameters: false,
  },
  request: null,
  shownBody: null,
  result: null,
};

const digest = (ask: ApprovalAsk) => digestOf(ask, shownOf(ask));
const statement = (part: Partial<ApprovalAsk['statement']>): ApprovalAsk => ({
  ...ASK,
  statement: { ...ASK.statement, ...part },
});
const duty = (part: Partial<ApprovalAsk['duty']>): ApprovalAsk => ({
  ...ASK,
  duty: { ...ASK.duty, ...part },
});
const value = (bytes: Buffer | null, binary = false) => [{ bytes, binary }];

const CHANGES: readonly (readonly [string, ApprovalAsk])[] = [
  ['principal', { ...ASK, principal: { name: 'other', groups: ['agents', 'etl'] } }],
  ['groups', { ...ASK, principal: { name: 'agent', groups: ['agents'] } }],
  ['listener', { ...ASK, listener: 'other' }],
  ['upstream', { ...ASK, upstream: '127.0.0.1:5432/other' }],
  ['search path', { ...ASK, path: ['public'] }],
  ['unknown path', { ...ASK, path: null }],
  ['sql_mode', { ...ASK, mode: 'ANSI_QUOTES' }],
  ['policy version', { ...ASK, policyVersion: 'sha256:2' }],
  ['rule', duty({ rule: 'another' })],
  ['who decides', duty({ by: ['security'] })],
  ['how many decide', duty({ approvers: 2 })],
  ['how long there is', duty({ withinMs: 60_001 })],
  ['window', duty({ windowMs: 1 })],
  ['text', statement({ text: Buffer.from('UPDATE t SET a = $1 ') })],
  [
    'text, where it is too long to show',
    statement({ text: Buffer.concat([Buffer.alloc(70_000, 'x'), Buffer.from('1')]) }),
  ],
  [
    'text, there, by its last byte',
    statement({ text: Buffer.concat([Buffer.alloc(70_000, 'x'), Buffer.from('2')]) }),
  ],
  ['bytes that are no UTF-8', statement({ text: Buffer.from([0xff]) })],
  ['other bytes that are no UTF-8', statement({ text: Buffer.from([0xfe]) })],
  ['what a name stands for', statement({ runs: Buffer.from('DELETE FROM t') })],
  ['tables', statement({ tables: ['temp.t'] })],
  ['value', statement({ parameters: value(Buffer.from('2')) })],
  ['NULL', statement({ parameters: value(null) })],
  ['empty value', statement({ parameters: value(Buffer.alloc(0)) })],
  ['format of a value', statement({ parameters: value(Buffer.from('1'), true) })],
  ['long value', statement({ parameters: value(Buffer.alloc(5000, 'a')) })],
  [
    'long value, by its last byte',
    statement({ parameters: value(Buffer.concat([Buffer.alloc(4999, 'a'), Buffer.from('b')])) }),
  ],
  ['one more value', statement({ parameters: [...ASK.statement.parameters, ...value(Buffer.from('1'))] })],
  ['type of a value', statement({ types: [25] })],
  ['hidden value', statement({ hidesParameters: true })],
  [
    'hidden value of the same length',
    statement({ hidesParameters: true, parameters: value(Buffer.from('2')) }),
  ],
  [
    'result',
    { ...ASK, result: { session: 's', number: 1, unit: 'rows', max: 5, rows: 5, bytes: 50, held: false } },
  ],
  [
    'how far a result is',
    { ...ASK, result: { session: 's', number: 1, unit: 'rows', max: 5, rows: 5, bytes: 51, held: false } },
  ],
];

test('promise 7: the same has the same digest, whatever the order of its groups', () => {
  assert.equal(digest(ASK), digest({ ...ASK, principal: { name: 'agent', groups: ['etl', 'agents'] } }));
  assert.match(digest(ASK), /^[0-9a-f]{64}$/);
});

test('promise 7: whatever is changed, the digest is another one', () => {
  const seen = new Map([[digest(ASK), 'nothing']]);
  for (const [what, ask] of CHANGES) {
    const own = digest(ask);
    assert.equal(seen.get(own), undefined, `${what} has the digest of ${seen.get(own)}`);
    seen.set(own, what);
  }
});

test('values that may be of a masked column are not shown, in no form', () => {
  const shown = JSON.stringify(
    shownOf(statement({ hidesParameters: true, parameters: value(Buffer.from('078-05-1120')) })),
  );
  assert.doesNotMatch(shown, /078|1120|[0-9a-f]{64}/);
  assert.match(shown, /"masked":true,"bytes":11/);
});

test('canonical JSON: keys in order, members that are undefined left out', () => {
  assert.equal(
    canonical({ b: [1, null, 'x'], a: { d: true, c: undefined } }),
    '{"a":{"d":true},"b":[1,null,"x"]}',
  );
});

test('a reason is read from a comment of either kind', () => {
  const cases: readonly (readonly [string, string | null])[] = [
    ['/* reason: ticket 4711 */ SELECT 1', 'ticket 4711'],
    ['SELECT 1 -- Reason: because', 'because'],
    ['SELECT 1 # reason: mysql\nFROM t', 'mysql'],
    ['SELECT 1', null],
    ['SELECT 1 -- reason:  ', null],
    ['/* reason: \u0007bell */', 'bell'],
  ];
  for (const [text, reason] of cases) assert.equal(reasonIn(Buffer.from(text)), reason, text);
});
