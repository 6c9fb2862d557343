/** The index of a journal says what the segments say: as they grow, after it was lost, when some are moved away. */
import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { INDEX_FILE, JournalIndex } from '../../../src/recordings/journal-index.ts';
import type { SessionQuery } from '../../../src/recordings/questions.ts';

const ALL: SessionQuery = {
  user: null,
  listener: null,
  id: null,
  rule: null,
  table: null,
  sinceMs: null,
  untilMs: null,
  deniedOnly: false,
  text: null,
  before: null,
  limit: 50,
};
const BEGUN_MS = Date.now() - 60_000;

let directory: string;
let n = 0;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sluice-index-'));
  n = 0;
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function line(type: string, members: Readonly<Record<string, unknown>>): string {
  const at = new Date(BEGUN_MS + n * 10).toISOString();
  return `${JSON.stringify({ n: ++n, at, type, ...members, prev: '0'.repeat(64) })}\n`;
}

/** A session of as many statements, each with a result of two rows; every third is denied. */
function session(id: string, principal: string, statements: number, table = 'shop.orders'): string {
  const lines = [
    line('session-start', {
      session: id,
      listener: 'shop',
      principal,
      groups: ['agents'],
      client: '::1',
      application: null,
    }),
  ];
  for (let number = 1; number <= statements; number++) {
    const judged = { session: id, number, via: 'query', text: `SELECT ${number}`, tables: [table] };
    if (number % 3 === 0) {
      lines.push(line('denied', { ...judged, verdict: 'deny', rule: 'no', rules: ['no'] }));
      continue;
    }
    lines.push(line('statement', { ...judged, verdict: 'allow', rule: null, rules: ['big'] }));
    lines.push(
      line('results', { of: [{ session: id, number, tag: 'SELECT 2', rows: 2, bytes: 20, ms: 1 }] }),
    );
  }
  lines.push(line('session-end', { session: id, reason: 'client left' }));
  return lines.join('');
}

function segment(number: number): string {
  return join(directory, `journal-${String(number).padStart(6, '0')}.jsonl`);
}

function opened(): JournalIndex {
  const index = new JournalIndex(directory);
  while (index.advance() > 0);
  return index;
}

test('sessions, their sums and what went out by whom and from where', () => {
  writeFileSync(segment(1), session('aaaa', 'agent', 4) + session('bbbb', 'dana', 2, 'shop.customers'));
  const index = opened();
  const { sessions, total } = index.sessions(ALL);
  assert.equal(total, 2);
  assert.deepEqual(
    sessions.map(({ id, user, statements, denied, rows, bytes, ended }) => ({
      id,
      user,
      statements,
      denied,
      rows,
      bytes,
      ended,
    })),
    [
      { id: 'bbbb', user: 'dana', statements: 2, denied: 0, rows: 4, bytes: 40, ended: 'client left' },
      { id: 'aaaa', user: 'agent', statements: 4, denied: 1, rows: 6, bytes: 60, ended: 'client left' },
    ],
  );
  const ids = (query: Partial<SessionQuery>) =>
    index.sessions({ ...ALL, ...query }).sessions.map(({ id }) => id);
  assert.deepEqual(ids({ user: 'agent' }), ['aaaa']);
  assert.deepEqual(ids({ rule: 'no' }), ['aaaa']);
  assert.deepEqual(ids({ table: 'shop.c*' }), ['bbbb']);
  assert.deepEqual(ids({ table: 'shop.?ustomers' }), []);
  assert.deepEqual(ids({ deniedOnly: true }), ['aaaa']);
  assert.deepEqual(ids({ id: 'bb' }), ['bbbb']);
  assert.deepEqual(ids({ text: 'select 4' }), ['aaaa']);
  assert.deepEqual(ids({ text: 'elect 1', user: 'dana' }), ['bbbb']);
  assert.deepEqual(ids({ text: 'SELECT 9' }), []);
  const first = index.sessions({ ...ALL, text: 'SELECT 1', limit: 1 });
  assert.deepEqual(
    first.sessions.map(({ id }) => id),
    ['bbbb'],
  );
  assert.deepEqual(ids({ text: 'SELECT 1', limit: 1, before: first.next }), ['aaaa']);
  assert.deepEqual(ids({ untilMs: BEGUN_MS - 1 }), []);
  const { points } = index.traffic({ sinceMs: BEGUN_MS - 60_000, untilMs: Date.now() });
  const sums = new Map<string, number>();
  for (const { kind, name, rows } of points)
    sums.set(`${kind} ${name}`, (sums.get(`${kind} ${name}`) ?? 0) + rows);
  assert.deepEqual([...sums].toSorted(), [
    ['principal agent', 6],
    ['principal dana', 4],
    ['table shop.customers', 4],
    ['table shop.orders', 6],
  ]);
  index.close();
});

test('a torn line is left until it is whole; what follows is taken up from there', () => {
  const text = session('aaaa', 'agent', 5);
  writeFileSync(segment(1), text.slice(0, -100));
  const index = opened();
  assert.equal(index.session('aaaa')?.ended, null);
  appendFileSync(segment(1), text.slice(-100) + session('bbbb', 'dana', 1));
  while (index.advance() > 0);
  assert.equal(index.session('aaaa')?.ended, 'client left');
  assert.equal(index.session('aaaa')?.statements, 5);
  assert.equal(index.session('bbbb')?.rows, 2);
  index.close();
});

test('an index that is lost, or is of another journal, is made again', () => {
  writeFileSync(segment(1), session('aaaa', 'agent', 4) + session('bbbb', 'dana', 2));
  opened().close();
  for (const end of ['', '-wal', '-shm']) rmSync(join(directory, INDEX_FILE + end), { force: true });
  const made = opened();
  assert.equal(made.session('aaaa')?.rows, 6);
  made.close();
  truncateSync(segment(1), 0);
  appendFileSync(segment(1), session('cccc', 'agent', 1));
  const other = opened();
  while (other.advance() > 0);
  assert.deepEqual(
    other.sessions(ALL).sessions.map(({ id }) => id),
    ['cccc'],
  );
  other.close();
});

test('sessions of a segment that was moved away are gone; those that go on elsewhere stay', () => {
  const text = session('aaaa', 'agent', 4);
  const cut = text.indexOf('\n', text.length / 2) + 1;
  writeFileSync(segment(1), session('bbbb', 'dana', 2) + text.slice(0, cut));
  writeFileSync(segment(2), text.slice(cut));
  const index = opened();
  rmSync(segment(1));
  while (index.advance() > 0);
  index.advance();
  assert.deepEqual(
    index.sessions(ALL).sessions.map(({ id }) => id),
    ['aaaa'],
  );
  index.close();
});

test('a long session is read by pages, each statement once and with its result', () => {
  // Others' records in between spread it over many places.
  const long = session('aaaa', 'agent', 2_000).split('\n');
  const text = long.map((one, at) =>
    at % 40 === 0
      ? `${one}\n${line('statement', { session: 'xxxx', number: at, text: 'x'.repeat(4_000) })}`
      : `${one}\n`,
  );
  writeFileSync(segment(1), text.join('').replace(/\n+/g, '\n'));
  const index = opened();
  const numbers: number[] = [];
  let from = 0;
  for (let pages = 0; pages < 50; pages++) {
    const page = index.records('aaaa', from, 300);
    assert.ok(page !== null);
    for (const { type, number } of page.records)
      if (type === 'statement' || type === 'denied') numbers.push(Number(number));
    const results = page.records.filter(({ type }) => type === 'result').length;
    const allowed = page.records.filter(({ type }) => type === 'statement').length;
    assert.equal(results, allowed);
    if (page.nextNumber === null) break;
    from = page.nextNumber;
  }
  assert.deepEqual(
    numbers,
    Array.from({ length: 2_000 }, (_, at) => at + 1),
  );
  index.close();
});

test('a page has the SQL that ran for its requests, in whichever sessions and segments it stands', () => {
  const caused = (own: string, number: number, calls: readonly number[], type = 'statement') =>
    line(type, {
      session: own,
      number,
      text: `SELECT ${number}`,
      cause: { session: 'mmmm', calls: calls.map((call) => ({ number: call, method: 'tools/call' })) },
    });
  writeFileSync(
    segment(1),
    `${session('mmmm', 'agent', 4)}${session('ssss', 'agent', 1)}${caused('ssss', 2, [1])}${caused('tttt', 1, [4])}`,
  );
  writeFileSync(segment(2), caused('tttt', 2, [2, 3], 'denied') + caused('tttt', 3, []));
  const index = opened();
  const textsFrom = (from: number, limit: number) =>
    index
      .records('mmmm', from, limit)
      ?.caused.map((one) => `${String(one['session'])} ${String(one['number'])}`);
  assert.deepEqual(textsFrom(0, 50), ['ssss 2', 'tttt 1', 'tttt 2']);
  assert.deepEqual(textsFrom(0, 2), ['ssss 2', 'tttt 2']);
  assert.deepEqual(textsFrom(3, 50), ['tttt 1', 'tttt 2']);
  assert.deepEqual(index.records('ssss', 0, 50)?.caused, []);
  index.close();
});

test('a page has its statements’ responses, and of very large ones the beginning and how much is left out', () => {
  const filling = 'x'.repeat(64 * 1024);
  const parts = (number: number, count: number) =>
    Array.from({ length: count }, (_, part) =>
      line('response', { session: 'cccc', number, result: 0, part: part + 1, rows: [[filling]] }),
    );
  const statement = (number: number) =>
    line('statement', { session: 'cccc', number, via: 'query', text: `SELECT ${number}`, tables: [] });
  const lines = [
    line('session-start', { session: 'cccc', principal: 'agent', groups: [] }),
    statement(1),
    ...parts(1, 2),
    statement(2),
    ...parts(2, 60),
    statement(3),
  ];
  writeFileSync(join(directory, 'journal-000001.jsonl'), lines.join(''));
  const index = new JournalIndex(directory);
  while (index.advance() > 0);
  const page = index.records('cccc', 0, 2);
  assert.deepEqual(
    page?.records.filter(({ type }) => type === 'statement').map(({ number }) => number),
    [1, 2],
  );
  assert.equal(page?.nextNumber, 3);
  const responses = page?.records.filter(({ type }) => type === 'response') ?? [];
  assert.equal(responses.length, 62);
  const whole = responses.filter(({ rows }) => rows !== undefined);
  assert.ok(whole.length >= 30 && whole.length < 34, `${whole.length}`);
  assert.ok(responses.every(({ rows, leftOut }) => (rows === undefined) !== (leftOut === undefined)));
  index.close();
});
