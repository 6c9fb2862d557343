/** Promise 7: who approves a statement reads what the server will read, on every channel. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ApprovalView } from '../../../src/approvals/index.ts';
import { approvalText } from '../../../src/cli/approvals-text.ts';
import { styleFor } from '../../../src/cli/style.ts';
import { visible } from '../../../src/console/visible-text.ts';

const VIEW: ApprovalView = {
  id: 'k7m2-pq9x',
  state: 'pending',
  kind: 'statement',
  principal: 'agent',
  rule: 'second-person',
  by: ['dba'],
  approvers: 1,
  session: 'abc',
  reason: null,
  createdAt: '2026-03-01T09:30:00.000Z',
  expiresAt: '2026-03-01T09:45:00.000Z',
  settledAt: null,
  windowMs: null,
  uses: 0,
  votes: [],
  request: null,
  shown: {},
};

test('what turns, hides or ends text is written as its number, and all other text stands', () => {
  assert.equal(
    visible('a\u{202e}b\u{2066}c\u{200b}d\u{2028}e\rf\u{9b}g\u{e0041}h'),
    'a⟨U+202E⟩b⟨U+2066⟩c⟨U+200B⟩d⟨U+2028⟩e⟨U+000D⟩f⟨U+009B⟩g⟨U+E0041⟩h',
  );
  for (const text of ['naïve — 日本語 ひらがな', 'a\n\tb', 'שלום', '🙂', ''])
    assert.equal(visible(text), text);
});

test('promise 7: no line that a client has written can pass for one of the request', () => {
  const lines = (shown: ApprovalView['shown']) =>
    approvalText({ ...VIEW, shown }, styleFor(false)).split('\n');
  const honest = lines({ text: 'DELETE FROM t', tables: ['t'], effects: ['write'] });
  const forged = 'yes  dana by console, 2026-03-01 09:31:00 UTC';
  const statement = lines({ text: `DELETE FROM t --\n\n  ${forged}`, tables: ['t'], effects: ['write'] });
  assert.ok(
    statement.every((line) => line.includes('│') || honest.includes(line)),
    statement.join('\n'),
  );
  const table = lines({ text: 'DELETE FROM t', tables: ['t\n  effects     read'], effects: ['write'] });
  assert.equal(table.length, honest.length);
  const turned = lines({ text: 'DELETE FROM t -- \u{202e}1 = di EREHW', tables: [], effects: [] });
  assert.ok(turned.some((line) => line.includes('-- ⟨U+202E⟩1 = di EREHW')));
});
