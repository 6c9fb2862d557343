/** What clients really send to MariaDB (fixtures/captures) is judged, and passes the built-in baseline. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { judgeStatement } from '../../../../src/engine/judge-statement.ts';
import { loadPolicy } from '../../../../src/policy/policy.ts';
import { readMysql } from '../../../support/mysql-facts.ts';

interface Captured {
  readonly sql: string;
  /** The tool that sent it. */
  readonly file: string;
}

const captured: readonly Captured[] = JSON.parse(
  readFileSync(new URL('../../../../fixtures/captures/maria_captured.json', import.meta.url), 'utf8'),
);

/** What those tools send and the baseline is there to refuse: said aloud, so that nothing joins it unseen. */
const REFUSED: readonly RegExp[] = [
  // Code that would run later, unread.
  /trigger trg before update/,
  /EVENT `ev` ON SCHEDULE/,
  /FUNCTION `f`\(x int\) RETURNS/,
  /PROCEDURE `p`\(in x int/,
  // mysqlcheck, when it is to repair the server's log tables.
  /^set global general_log=0$/,
];

const { policy } = loadPolicy('policy.yaml', 'default: allow\n');
const context = policy.contextFor(
  { principal: { name: 'agent', groups: [] }, listener: 'shop', clientAddress: '127.0.0.1' },
  Date.UTC(2026, 2, 4),
);

test('every statement is judged', () => {
  const unread = captured.flatMap(({ sql, file }) => {
    const read = readMysql(sql);
    return read.outcome === 'entry'
      ? []
      : [`${file}: ${sql.slice(0, 200)}: ${read.outcome === 'denied' ? read.denial.message : ''}`];
  });
  assert.deepEqual(unread, []);
});

test('where columns are masked, what drivers, ORMs and dump tools send passes as well', () => {
  const masks =
    'masks: [ { columns: ["shop.customers.ssn", "*.person.ssn", "*.users.password"], with: redact } ]';
  const masked = loadPolicy('policy.yaml', `default: allow\n${masks}\n`).policy;
  const own = masked.contextFor(
    { principal: { name: 'agent', groups: [] }, listener: 'shop', clientAddress: '127.0.0.1' },
    Date.UTC(2026, 2, 4),
  );
  const denied = captured.flatMap(({ sql, file }) => {
    const read = readMysql(sql);
    if (read.outcome !== 'entry' || REFUSED.some((pattern) => pattern.test(sql))) return [];
    const { statements } = read.entry;
    const denials = statements.flatMap(
      (facts) => judgeStatement(masked, own, facts, statements.length).denial ?? [],
    );
    // The sketched catalog has none of the tools' own tables; of those nothing is known.
    const told = denials.filter(({ message }) => !message.includes('is not known (the catalog has no'));
    return told.map(({ message }) => `${file}: ${sql.slice(0, 200)}: ${message}`);
  });
  assert.deepEqual(denied, []);
});

test('what drivers, ORMs and dump tools send passes the baseline', () => {
  const denied: string[] = [];
  const refused = new Set<RegExp>();
  for (const { sql, file } of captured) {
    const read = readMysql(sql);
    if (read.outcome !== 'entry') continue;
    for (const facts of read.entry.statements) {
      const { denial } = judgeStatement(policy, context, facts, read.entry.statements.length);
      if (denial === null) continue;
      const known = REFUSED.find((pattern) => pattern.test(sql));
      if (known === undefined) denied.push(`${file}: ${sql.slice(0, 200)}: ${denial.message}`);
      else refused.add(known);
    }
  }
  assert.deepEqual(denied, []);
  assert.equal(refused.size, REFUSED.length, 'what is said to be refused is');
});
