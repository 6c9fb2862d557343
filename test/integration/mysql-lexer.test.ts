/**
 * The servers read what the lexer has read, written anew from its tokens, as they read the statement itself. Over
 * MariaDB's whole test suite: test/regress/mysql-lexer.ts.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createConnection } from 'mysql2';
import { Lexer } from '../../src/sql/mysql/lexer.ts';
import { emitted } from '../support/mysql-emit.ts';
import { prepared, setMode } from '../support/mysql-prepare.ts';
import { FLAVOURS, type MysqlPair, startMysqlPair } from '../support/mysql-servers.ts';

const MODES = [
  '',
  'ANSI_QUOTES',
  'NO_BACKSLASH_ESCAPES',
  'IGNORE_SPACE',
  'ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT',
];

/** Each stands in SELECT …; the server accepts it or names what is wrong with it. */
const FORMS = [
  ...[
    "'a'",
    "'it''s'",
    "'a\\'",
    "'a\\'' '",
    '"a"',
    '"a""b"',
    "n'a'",
    "N'\\\\'",
    "'a' 'b'",
    '\'a\' "b"',
    "'\\%\\_\\n'",
  ],
  ...[
    '1',
    '1.5',
    '.5',
    '1.',
    '1e5',
    '1e5x',
    '1.e3',
    '1a',
    '1e',
    '1e+x',
    '1..2',
    '18446744073709551616',
    '1.5.5',
  ],
  ...["x'41'", "x'4'", 'x', "x '41'", '0x41', '0x', '0xg', '0X41', "b'01'", "b'2'", '0b01', '0b', '0B01'],
  ...[
    'a.select',
    'select.5',
    'a . b',
    'a .b',
    '`a`.5',
    '`a``b`',
    '``',
    'a$b',
    '$a',
    'a.1b',
    'é',
    '1 a.b',
    '1 x.`y`',
  ],
  ...[
    '@v',
    '@`v`',
    "@'v'",
    '@"v"',
    '@',
    '@ v',
    '@v.5',
    '@é',
    '@@version',
    '@@`version`',
    '@@global.sql_mode',
    '@@ x',
  ],
  ...[
    '1=!1',
    '!1',
    '!!1',
    '2<!1',
    '1<=>1',
    '1<=>!1',
    '1<>1',
    '1 != 1',
    '1||2',
    '1&&2',
    '1<<2',
    '@v:=1',
    '1|2',
    '~1',
  ],
  ...[
    '1--1',
    '1 -- 1',
    '1 --',
    '1 --\x01 1',
    '1 # 1',
    '1 /* /* */',
    '1 /*',
    '1*/1',
    '1 /*!+1*/',
    '1 /*!+1',
    '-/**/- 1',
  ],
  ...[
    '1 /*!50000+1*/',
    '1 /*!50701+1*/',
    '1 /*!99999+1*/',
    '1 /*!99999 /* */ */',
    '1 /*!100101+1*/',
    '1 /*!100101 +1*/',
  ],
  ...[
    '1 /*M!+1*/',
    '1 /*M!100101+1*/',
    '1 /*!999999 (',
    '1 /*!+1 /*!+1*/',
    '1 /*!+1 /*!+1*/ */',
    "/*! '*/' */",
    '1 /*!5000 1*/',
  ],
  ...[
    'count(1)',
    'count (1)',
    'count/**/(1)',
    'count /**/ (1)',
    'now ()',
    "_utf8'é'",
    "_latin1'é'",
    "_foo 'x'",
    "_utf8 x'41'",
  ],
  ...[
    '\\N',
    '1 + ?',
    '?',
    '? x',
    '{d "2026-01-01"}',
    "'1'->'$.a'",
    '1;',
    '1;2',
    '[1]',
    '1 as `select`',
    "1 'select'",
    '1 x y',
  ],
];

/** Texts that a server accepts and that are refused all the same: it swallows part of them. */
const SWALLOWED = new Set(['!!1']);

let servers: MysqlPair;

before(async () => {
  servers = await startMysqlPair({ shop: false });
});

after(async () => {
  await servers.stop();
});

for (const flavour of FLAVOURS) {
  test(`promise 3: ${flavour} prepares what was read as it prepares what was written, in every mode`, async () => {
    const connection = createConnection({ uri: servers[flavour].url(), flags: ['-IGNORE_SPACE'] });
    const lexer = new Lexer();
    let accepted = 0;
    try {
      for (const sqlMode of MODES) {
        const mode = await setMode(connection, sqlMode);
        for (const form of FORMS) {
          const statement = `SELECT ${form}`;
          const bytes = Buffer.from(statement);
          const original = await prepared(connection, statement, mode);
          const scanned = lexer.scan(bytes, 0, bytes.length, mode);
          if (scanned.outcome === 'unreadable') {
            if (SWALLOWED.has(form)) continue;
            assert.notEqual(original, 'ok', `${statement} in '${sqlMode}': ${scanned.reason}`);
            continue;
          }
          const anew = emitted(lexer, mode.sqlMode.has('NO_BACKSLASH_ESCAPES'));
          assert.equal(
            await prepared(connection, anew, mode),
            original,
            `${statement} in '${sqlMode}': ${anew}`,
          );
          if (original === 'ok') accepted++;
        }
      }
    } finally {
      connection.destroy();
    }
    assert.ok(accepted > 250, `only ${accepted} are accepted`);
  });
}
