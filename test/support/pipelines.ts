/** Random pipelines of frontend messages, as data that fast-check can make smaller. */
import fc from 'fast-check';
import {
  bind,
  close,
  copyData,
  copyDone,
  copyFail,
  describe,
  execute,
  flush,
  parse,
  query,
  sync,
} from './frontend.ts';

export type Step =
  | { readonly step: 'query'; readonly sql: string }
  | { readonly step: 'parse'; readonly name: string; readonly sql: string }
  | {
      readonly step: 'bind';
      readonly portal: string;
      readonly name: string;
      readonly values: readonly (string | null)[];
      readonly binary: boolean;
    }
  | { readonly step: 'describe' | 'close'; readonly kind: 'S' | 'P'; readonly name: string }
  | { readonly step: 'execute'; readonly portal: string; readonly rows: number }
  | { readonly step: 'flush' | 'sync' }
  /** COPY FROM STDIN with everything that belongs to it, in one of the two protocols. */
  | {
      readonly step: 'copy';
      readonly extended: boolean;
      readonly table: string;
      readonly lines: readonly string[];
      readonly fail: boolean;
    };

export const PIPELINE_SCHEMA = `
CREATE SCHEMA other;
CREATE TABLE t (id int PRIMARY KEY, note text, n int NOT NULL DEFAULT 0 CHECK (n < 1000));
CREATE TABLE other.t (id int PRIMARY KEY, elsewhere text);
CREATE TABLE d (id int PRIMARY KEY, CONSTRAINT d_late UNIQUE (id) DEFERRABLE INITIALLY DEFERRED);
CREATE VIEW v AS SELECT id, note FROM t WHERE id < 4;
`;

export const PIPELINE_RESET = `
TRUNCATE t, other.t, d;
INSERT INTO t SELECT n, 'note ' || n, n FROM generate_series(1, 9) n;
INSERT INTO other.t VALUES (1, 'elsewhere');
INSERT INTO d VALUES (1), (2);
`;

const READS = [
  'SELECT 1',
  'SELECT id, note FROM t ORDER BY id',
  'SELECT * FROM t ORDER BY 1',
  'SELECT * FROM v ORDER BY id LIMIT 2',
  'VALUES (1, $$a$$), (2, NULL)',
  'SELECT count(*) FROM t',
  'EXPLAIN (COSTS OFF) SELECT 1',
  'SHOW search_path',
  "SELECT current_setting('search_path')",
];
const WITH_PARAMETERS = [
  'SELECT $1::int + 1',
  'SELECT id, note FROM t WHERE id < $1::int ORDER BY id',
  'INSERT INTO t (id, note) VALUES ($1::int, $$new$$) RETURNING id',
  'SELECT id FROM t ORDER BY id LIMIT $1::int',
];
const WRITES = [
  'INSERT INTO t (id, note) VALUES (10, $$ten$$) RETURNING id, note',
  'UPDATE t SET n = n + 1 WHERE id < 3',
  'DELETE FROM t WHERE id = 2 RETURNING *',
  'WITH x AS (DELETE FROM t WHERE id = 3 RETURNING id) SELECT * FROM x',
  'CREATE TEMP TABLE scratch AS SELECT 1 AS a',
  'SELECT * FROM scratch',
  'TRUNCATE t',
];
const FAILURES = [
  'SELECT 1/0',
  'SELECT nope FROM t',
  'SELECT * FROM nowhere',
  'INSERT INTO t (id) VALUES (1)',
  'UPDATE t SET n = 5000',
  'INSERT INTO d VALUES (1)',
  'SELECT 1/(id - 5) FROM t ORDER BY id',
];
const TRANSACTIONS = [
  'BEGIN',
  'COMMIT',
  'ROLLBACK',
  'SAVEPOINT a',
  'ROLLBACK TO a',
  'RELEASE a',
  'START TRANSACTION READ ONLY',
  'COMMIT AND CHAIN',
  'SET CONSTRAINTS ALL IMMEDIATE',
];
const NAMES = [
  'DECLARE c CURSOR FOR SELECT id FROM t ORDER BY id',
  'DECLARE h CURSOR WITH HOLD FOR SELECT id FROM t ORDER BY id',
  'DECLARE p1 CURSOR FOR SELECT note FROM t ORDER BY id',
  'FETCH 2 FROM c',
  'FETCH ALL FROM h',
  'FETCH p1',
  'MOVE 1 IN c',
  'CLOSE c',
  'CLOSE h',
  'PREPARE s1 AS SELECT id FROM t ORDER BY id LIMIT 2',
  'PREPARE s2 (int) AS SELECT $1 + 1',
  'EXECUTE s1',
  'EXECUTE s2 (4)',
  'EXPLAIN (COSTS OFF) EXECUTE s1',
  'DEALLOCATE s1',
  'DEALLOCATE ALL',
  'DISCARD ALL',
];
const SESSION = [
  'SET search_path = other, public',
  'SET LOCAL search_path = other',
  'RESET search_path',
  "SET application_name = 'someone'",
  'SET TRANSACTION ISOLATION LEVEL SERIALIZABLE',
  'LISTEN heard',
  'NOTIFY heard, $$news$$',
  'UNLISTEN *',
  'DROP TABLE IF EXISTS nowhere',
  'LOCK TABLE t IN ACCESS SHARE MODE',
  'COPY t TO STDOUT',
  'COPY (SELECT id FROM t ORDER BY id) TO STDOUT (FORMAT csv, HEADER)',
];
/** For Query alone. What Parse names s3 is never an EXECUTE of s3: one that runs itself is nothing to imitate. */
const BATCHES = [
  'CLOSE ALL',
  'EXECUTE s3',
  'DEALLOCATE s3',
  '',
  ';;',
  'SELECT 1; SELECT 2',
  'SELECT 1; SELECT 1/0; SELECT 3',
  'BEGIN; UPDATE t SET n = 7 WHERE id = 1; COMMIT; SELECT n FROM t WHERE id = 1',
  'BEGIN; SELECT 1/0; COMMIT',
  'INSERT INTO t (id) VALUES (20); SELECT 1/0',
  'PREPARE s1 AS SELECT 1; EXECUTE s1; DEALLOCATE s1',
  'DECLARE c CURSOR FOR VALUES (1), (2); FETCH ALL FROM c; CLOSE c',
];

const sql = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...READS) },
  { weight: 3, arbitrary: fc.constantFrom(...WRITES) },
  { weight: 3, arbitrary: fc.constantFrom(...FAILURES) },
  { weight: 5, arbitrary: fc.constantFrom(...TRANSACTIONS) },
  { weight: 5, arbitrary: fc.constantFrom(...NAMES) },
  { weight: 3, arbitrary: fc.constantFrom(...SESSION) },
);
const querySql = fc.oneof(
  { weight: 3, arbitrary: sql },
  { weight: 1, arbitrary: fc.constantFrom(...BATCHES) },
);
const parseSql = fc.oneof(
  { weight: 4, arbitrary: sql },
  { weight: 3, arbitrary: fc.constantFrom(...WITH_PARAMETERS) },
  { weight: 1, arbitrary: fc.constantFrom('', 'SELECT 1; SELECT 2') },
);
const parseName = fc.constantFrom('', '', 's3', 's4');
const statementName = fc.constantFrom('', '', 's1', 's3', 's4');
const boundName = fc.constantFrom('', '', 'p1', 'p2');
const portalName = fc.constantFrom('', '', 'p1', 'p2', 'c', 'h');
const values = fc.oneof(
  { weight: 3, arbitrary: fc.constant([]) },
  { weight: 3, arbitrary: fc.constantFrom(['4'], [null], ['x'], ['1', '2']) },
);

const copy = fc.record({
  step: fc.constant('copy' as const),
  extended: fc.boolean(),
  table: fc.constantFrom('t (id, note)', 'nowhere', 't'),
  lines: fc.array(fc.constantFrom('30\thello\n', '31\t\\N\n', 'bad\tx\n', '1\tagain\n', '32'), {
    maxLength: 4,
  }),
  fail: fc.boolean(),
});

/** One unit of the extended protocol as drivers send it. */
const usual = fc
  .record({
    sql: parseSql,
    statement: parseName,
    portal: boundName,
    values,
    rows: fc.constantFrom(0, 0, 1, 2),
  })
  .map(({ sql: text, statement, portal, values: bound, rows }): readonly Step[] => [
    { step: 'parse', name: statement, sql: text },
    {
      step: 'bind',
      portal,
      name: statement,
      values: /\$1/.test(text) && bound.length === 0 ? ['3'] : bound,
      binary: false,
    },
    { step: 'describe', kind: 'P', name: portal },
    { step: 'execute', portal, rows },
  ]);

const single = fc.oneof(
  { weight: 6, arbitrary: fc.record({ step: fc.constant('query' as const), sql: querySql }) },
  {
    weight: 3,
    arbitrary: fc.record({ step: fc.constant('parse' as const), name: parseName, sql: parseSql }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      step: fc.constant('bind' as const),
      portal: boundName,
      name: statementName,
      values,
      binary: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      step: fc.constantFrom('describe' as const, 'close' as const),
      kind: fc.constantFrom('S' as const, 'P' as const),
      name: fc.oneof(statementName, portalName),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      step: fc.constant('execute' as const),
      portal: portalName,
      rows: fc.constantFrom(0, 1, 2, 5),
    }),
  },
  { weight: 4, arbitrary: fc.record({ step: fc.constant('sync' as const) }) },
  { weight: 1, arbitrary: fc.record({ step: fc.constant('flush' as const) }) },
  { weight: 1, arbitrary: copy },
);

export const pipeline: fc.Arbitrary<readonly Step[]> = fc
  .array(
    fc.oneof(
      { weight: 5, arbitrary: single.map((step): readonly Step[] => [step]) },
      { weight: 3, arbitrary: usual },
    ),
    { minLength: 1, maxLength: 14 },
  )
  .map((groups) => groups.flat());

/**
 * The messages of a pipeline. An empty Query behind messages without Sync brings the server's own transaction state
 * into disorder ("StartTransactionCommand: unexpected state STARTED"), which is not for us to imitate: where there is
 * one, every Query has a Sync before it.
 */
export function messagesOf(steps: readonly Step[]): readonly Buffer[] {
  const isEmpty = (step: Step) => step.step === 'query' && /^;*$/.test(step.sql);
  if (!steps.some(isEmpty)) return steps.map(bytesOf);
  return steps.flatMap((step) => (step.step === 'query' ? [sync(), bytesOf(step)] : [bytesOf(step)]));
}

function bytesOf(step: Step): Buffer {
  switch (step.step) {
    case 'query':
      return query(step.sql);
    case 'parse':
      return parse(step.name, step.sql);
    case 'bind':
      return bind(step.portal, step.name, step.values, { results: step.binary ? [1] : [] });
    case 'describe':
      return describe(step.kind, step.name);
    case 'close':
      return close(step.kind, step.name);
    case 'execute':
      return execute(step.portal, step.rows);
    case 'flush':
      return flush();
    case 'sync':
      return sync();
    case 'copy':
      return copyBytes(step);
  }
}

function copyBytes({ extended, table, lines, fail }: Extract<Step, { step: 'copy' }>): Buffer {
  const text = `COPY ${table} FROM STDIN`;
  return Buffer.concat([
    ...(extended ? [parse('', text), bind('', ''), execute()] : [query(text)]),
    ...lines.map(copyData),
    fail ? copyFail('the client has thought better of it') : copyDone(),
    ...(extended ? [sync()] : []),
  ]);
}

/** A step as a line that a person can read in a failure. */
export function shown(step: Step): string {
  const { step: what, ...rest } = step;
  return `${what} ${JSON.stringify(rest)}`;
}
