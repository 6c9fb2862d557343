/**
 * What clients say in the golden transcripts, in rounds: the next begins when the one before is answered. Nothing in
 * here depends on the clock, so that a server's answers can be recorded once and compared byte by byte.
 */
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
} from '../support/frontend.ts';

export const GOLDEN_SCHEMA = `
CREATE TABLE t (id int PRIMARY KEY, note text, n numeric, b bytea);
CREATE TABLE late (id int PRIMARY KEY, CONSTRAINT late_unique UNIQUE (id) DEFERRABLE INITIALLY DEFERRED);
CREATE SCHEMA other;
CREATE TABLE other.t (id int PRIMARY KEY, elsewhere text);
`;
const FILL = `INSERT INTO t SELECT n, 'note ' || n, n / 3.0, decode(repeat('00ff', n), 'hex') FROM generate_series(1, 20) n`;

export interface Script {
  readonly name: string;
  readonly rounds: readonly (readonly Buffer[])[];
}

const unit = (sql: string, values: readonly (string | null)[] = [], rows = 0) => [
  parse('', sql),
  bind('', '', values),
  describe('P', ''),
  execute('', rows),
];

export const SCRIPTS: readonly Script[] = [
  {
    name: 'simple',
    rounds: [
      [query(FILL)],
      [query('SELECT * FROM t ORDER BY id')],
      [query('')],
      [query('SELECT 1; SELECT id, note FROM t WHERE id < 3; UPDATE t SET n = 0 WHERE id = 1')],
      [query('SELECT nope FROM t')],
      [query('SELECT 1; SELECT 1/0; SELECT 2')],
      [query('SELECT NULL, $$$$, repeat($$é$$, 3000)')],
    ],
  },
  {
    name: 'extended',
    rounds: [
      [...unit('SELECT id, note, n, b FROM t WHERE id = $1', ['7']), sync()],
      [parse('s', 'SELECT id, n, b FROM t WHERE id < $1::int ORDER BY id', [23]), describe('S', 's'), sync()],
      [
        bind('', 's', ['5'], { results: [1] }),
        execute(),
        bind('', 's', [null]),
        execute(),
        bind('', 's', ['3']),
        execute(),
        sync(),
      ],
      [bind('', 's', ['x']), execute(), sync()],
      [parse('', ''), bind('', ''), describe('P', ''), execute(), sync()],
      [close('S', 's'), close('P', 'none'), describe('S', 's'), sync()],
      [parse('', 'SELECT 1; SELECT 2'), sync()],
    ],
  },
  {
    name: 'pipelines',
    rounds: [
      [
        ...unit('SELECT 1'),
        sync(),
        ...unit('SELECT 1/0'),
        ...unit('SELECT 2'),
        sync(),
        ...unit('SELECT 3'),
        sync(),
        query('SELECT 4'),
      ],
      [
        ...unit('INSERT INTO t (id) VALUES (100)'),
        ...unit('INSERT INTO t (id) VALUES (1)'),
        sync(),
        query('SELECT count(*) FROM t'),
      ],
      [...unit('BEGIN'), ...unit('INSERT INTO t (id) VALUES (101)'), sync(), ...unit('ROLLBACK'), sync()],
      [
        query('BEGIN'),
        query('SELECT 1/0'),
        ...unit('SELECT 1'),
        sync(),
        query('ROLLBACK'),
        ...unit('SELECT $1::int', ['12']),
        flush(),
        sync(),
      ],
    ],
  },
  {
    name: 'portals',
    rounds: [
      [query('BEGIN')],
      [
        parse('', 'SELECT id FROM t ORDER BY id'),
        bind('p', ''),
        describe('P', 'p'),
        execute('p', 3),
        execute('p', 3),
        sync(),
      ],
      [execute('p', 3), query('FETCH 2 FROM p'), execute('p', 0), sync()],
      [
        query(
          'DECLARE c CURSOR FOR SELECT note FROM t ORDER BY id; FETCH 2 FROM c; MOVE 3 IN c; FETCH c; CLOSE c',
        ),
      ],
      [query('FETCH c')],
      [execute('p', 1), sync(), query('ROLLBACK')],
      [
        query('PREPARE q (int) AS SELECT $1 * 2; EXECUTE q (21)'),
        bind('', 'q', ['4']),
        execute(),
        sync(),
        query('DEALLOCATE q'),
      ],
    ],
  },
  {
    name: 'copy',
    rounds: [
      [
        query('COPY t (id, note) FROM STDIN'),
        copyData('50\tfifty\n51\t'),
        copyData('\\N\n'),
        copyDone(),
        query('SELECT count(*) FROM t'),
      ],
      [query('COPY t TO STDOUT')],
      [query('COPY (SELECT id, note FROM t ORDER BY id) TO STDOUT (FORMAT binary)')],
      [query('COPY t (id) FROM STDIN'), copyData('60\n'), copyFail('enough')],
      [query('COPY t (id) FROM STDIN'), copyData('sixty\n'), copyData('61\n'), copyDone()],
      [parse('', 'COPY t (id) FROM STDIN'), bind('', ''), execute(), copyData('62\n'), copyDone(), sync()],
      [
        query('COPY t (id) FROM STDIN; SELECT 1; COPY t (id) FROM STDIN'),
        copyData('63\n'),
        copyDone(),
        copyData('64\n'),
        copyDone(),
      ],
    ],
  },
  {
    name: 'session-state',
    rounds: [
      [query('SET search_path = other, public'), query('SELECT * FROM t')],
      [
        ...unit('SET LOCAL search_path = public'),
        ...unit('SELECT count(*) FROM t'),
        sync(),
        query('SELECT * FROM t'),
      ],
      [query('BEGIN; RESET search_path; ROLLBACK; SHOW search_path')],
      [query("SET application_name = 'golden'"), query('RESET ALL'), query('SELECT count(*) FROM t')],
      [query('BEGIN; INSERT INTO late VALUES (1), (1); COMMIT')],
      [...unit('INSERT INTO late VALUES (2), (2)'), sync()],
      [
        query('CREATE TEMP TABLE scratch (a int)'),
        query('INSERT INTO scratch VALUES (1) RETURNING a'),
        query('DISCARD ALL'),
      ],
    ],
  },
];
