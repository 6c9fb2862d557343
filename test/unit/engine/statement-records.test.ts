/** What the journal says of a statement whose text passes, and which is denied by what it comes to when it runs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Denial } from '../../../src/core/decision.ts';
import { sessionIdFrom } from '../../../src/core/ids.ts';
import { Meter } from '../../../src/core/meter.ts';
import { StatementRecords } from '../../../src/engine/statement-records.ts';

const DENIAL: Denial = {
  sqlstate: '42501',
  message: 'denied by rule "bounded-selects": add a LIMIT',
  detail: null,
  hint: null,
  position: null,
  rule: 'bounded-selects',
  native: false,
};

function recordOf(journalMembers: string, denial: Denial = DENIAL): unknown {
  const written: string[] = [];
  const records = new StatementRecords(
    sessionIdFrom(Buffer.alloc(14)),
    {
      meter: new Meter(),
      record: (type, members) => written.push(`{"type":"${type}",${members}}`),
      recordResult: () => {},
    },
    null,
  );
  const text = Buffer.from('SELECT id FROM shop.orders LIMIT $1');
  const parameters = [{ bytes: null, binary: false }];
  records.refuse(
    denial,
    journalMembers,
    { via: 'bind', text, parameters, hidesParameters: false },
    `sha256:${'b'.repeat(64)}`,
  );
  assert.equal(written.length, 1);
  return JSON.parse(written[0] ?? '');
}

test('a denial at Bind keeps what the statement is, and names its rule and the policy of now', () => {
  const record = recordOf(
    `"kinds":["SELECT"],"effects":["read"],"tables":["shop.orders"],"verdict":"allow","rule":null,"rules":["big-results"],"policy":"sha256:${'a'.repeat(16)}"`,
  );
  assert.deepEqual(record, {
    type: 'denied',
    session: '22222222222222',
    number: 1,
    via: 'bind',
    text: 'SELECT id FROM shop.orders LIMIT $1',
    parameters: [null],
    kinds: ['SELECT'],
    effects: ['read'],
    tables: ['shop.orders'],
    verdict: 'deny',
    rule: 'bounded-selects',
    rules: ['big-results', 'bounded-selects'],
    policy: `sha256:${'b'.repeat(16)}`,
    sqlstate: '42501',
    message: DENIAL.message,
  });
});

test('a denial of a name that is not there has the rule alone', () => {
  const rule = 'sluice/unknown-name';
  assert.partialDeepStrictEqual(recordOf('', { ...DENIAL, rule }), { verdict: 'deny', rule, rules: [] });
});

test('a text that was denied as such is recorded as it was judged', () => {
  const members = '"kinds":["DROP TABLE"],"verdict":"deny","rule":"r","rules":["r"],"policy":"sha256:cc"';
  assert.partialDeepStrictEqual(recordOf(members), { kinds: ['DROP TABLE'], rule: 'r', policy: 'sha256:cc' });
});
