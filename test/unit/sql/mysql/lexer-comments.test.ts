/** Expected values are what MySQL 9.7 and MariaDB 10.11 have shown. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Lexer } from '../../../../src/sql/mysql/lexer.ts';
import { parseStatements, UnreadableSyntax } from '../../../../src/sql/mysql/parser/index.ts';
import type { LexerMode } from '../../../../src/sql/mysql/token.ts';
import { MARIADB, MYSQL, tokensOf } from '../../../support/mysql-tokens.ts';

const BOTH = [MYSQL, MARIADB];
const MYSQL_84: LexerMode = { ...MYSQL, version: 80_406 };

/** The texts of the tokens, with spaces between them; or why the text is not read. */
function read(text: string, mode: LexerMode): string {
  const tokens = tokensOf(text, mode);
  return typeof tokens === 'string' ? tokens : tokens.map((token) => token.replace(/^\w+:/, '')).join(' ');
}

function bothRead(text: string, expected: string): void {
  for (const mode of BOTH) assert.equal(read(text, mode), expected, text);
}

function bothRefuse(text: string, why: RegExp): void {
  for (const mode of BOTH) assert.match(read(text, mode), why, text);
}

test('two minus signs begin a comment before space, a control character or the end', () => {
  bothRead('1 -- a\n+1', '1 + 1');
  bothRead('1 --\t', '1');
  bothRead('1 --\x01 a', '1');
  bothRead('1 --\x7f a', '1');
  bothRead('1 --', '1');
  bothRead('1 --1', '1 - - 1');
  bothRead('1 --/**/1', '1 - - 1');
  bothRead('1 --\u00a0a', '1 - - \u00a0a');
  bothRead('1 # a\r+1\n+2', '1 + 2');
  bothRead("1 #'\n+'a'", '1 + a');
});

test('comments do not nest, and must end', () => {
  bothRead('1 /* /* */ +1', '1 + 1');
  bothRead('1/**/+/* * / */1', '1 + 1');
  bothRead("1 /* ' */ + 1", '1 + 1');
  bothRead('1 /*/ + */ 1', '1 1');
  bothRefuse('1 /*', /a comment has no end: close it with \*\/ \(byte 3 of the text\)/);
  bothRefuse('1 /*/', /a comment has no end/);
  bothRead('\'/* a */ -- b\' `/*` "#"', '/* a */ -- b /* #');
  bothRead('1*/1', '1 * / 1');
});

test('executable comments without a version are SQL', () => {
  bothRead('select /*! 1 + */ 1', 'select 1 + 1');
  bothRead('/*!select*/1', 'select 1');
  bothRead('sel/*!ect*/', 'sel ect');
  bothRead('1 /*!*/', '1');
  bothRead('1 /*!5000 */', '1 5000');
  bothRead("/*! '*/' */ 1", '*/ 1');
  bothRead('/*! `*/` */', '*/');
  bothRead('/*! -- a */\n1 */', '1');
  bothRead('/*! 1 /* a */ + 1 */', '1 + 1');
  bothRefuse('1 /*! +1', /an executable comment has no end/);
  bothRefuse("1 /*! 'a */", /a string has no end/);
  bothRefuse('1 /*! # a */', /an executable comment has no end/);
});

test('one end mark closes executable comments in one another', () => {
  bothRead('1 /*!+1 /*!+1*/', '1 + 1 + 1');
  bothRead('1 /*!+1 /*!+1*/ */', '1 + 1 + 1 * /');
});

test('executable comments ask for a version', () => {
  bothRead('1 /*!50000+1*/', '1 + 1');
  bothRead('1 /*!50699+1*/', '1 + 1');
  bothRead('1 /*!99999+1*/', '1');
  bothRead('1 /*!99999 /* */ +1*/', '1');
  bothRead('1 /*!99999 /*!50000 +1 */ +1 */', '1');
  bothRead("1 /*!99999 '*/", '1');
  bothRefuse('1 /*!99999 /* */', /a comment has no end/);
  bothRefuse("1 /*!99999 '*/' */", /a string has no end/);
  bothRead('1 /*! +1 /*!99999 a /* b */ */ +1 */', '1 + 1 + 1');
});

test('MariaDB leaves out what asks for MySQL 5.7 to 9, and has comments of its own', () => {
  const maria = (text: string) => read(text, MARIADB);
  assert.equal(maria('1 /*!50700+1*/'), '1');
  assert.equal(maria('1 /*!80000+1*/'), '1');
  assert.equal(maria('1 /*!99998+1*/'), '1');
  assert.equal(maria('1 /*!100000+1*/'), '1 + 1');
  assert.equal(maria('1 /*!101119+1*/'), '1 + 1');
  assert.equal(maria('1 /*!101120+1*/'), '1');
  assert.equal(maria('1 /*!050000+1*/'), '1 + 1');
  assert.equal(maria('1 /*!080000+1*/'), '1');
  assert.equal(maria('1 /*M!+1*/'), '1 + 1');
  assert.equal(maria('1 /*M!50701+1*/'), '1 + 1');
  assert.equal(maria('1 /*M!100101+1*/'), '1 + 1');
  assert.equal(maria('1 /*M!101120+1*/'), '1');
  assert.equal(maria('1 /*m!+1*/'), '1');
  assert.equal(maria('1 /*M +1*/'), '1');
  assert.match(maria('1 /*!99997+1*/'), /run by Galera nodes only: leave it out/);
});

test('MySQL reads a sixth digit as part of the version only before space', () => {
  const mysql = (text: string) => read(text, MYSQL);
  assert.equal(mysql('1 /*!50701+1*/'), '1 + 1');
  assert.equal(mysql('1 /*!90704+1*/'), '1 + 1');
  assert.equal(mysql('1 /*!90705+1*/'), '1');
  assert.equal(mysql('1 /*!090700 +1*/'), '1 + 1');
  assert.equal(mysql('1 /*!090800 +1*/'), '1');
  assert.equal(mysql('1 /*!100101 +1*/'), '1');
  assert.equal(mysql('1 /*!100101+1*/'), '1 1 + 1');
  assert.equal(mysql('1 /*!500001+1*/'), '1 1 + 1');
  assert.equal(mysql('1 /*M!+1*/'), '1');
  assert.equal(read('1 /*!80406+1*/', MYSQL_84), '1 + 1');
  assert.equal(read('1 /*!80407+1*/', MYSQL_84), '1');
  assert.match(read('1 /*!080000 +1*/', MYSQL_84), /servers differ in executable comments of six digits/);
});

function scanned(text: string, mode: LexerMode): Lexer {
  const lexer = new Lexer();
  const bytes = Buffer.from(text);
  assert.deepEqual(lexer.scan(bytes, 0, bytes.length, mode), { outcome: 'ok' });
  return lexer;
}

test('tokens in executable comments say so', () => {
  const lexer = scanned('a /*! b ; */ c', MARIADB);
  assert.deepEqual(
    [0, 1, 2, 3, 4].map((n) => lexer.opened(n)),
    [false, true, true, false, false],
  );
  assert.deepEqual(
    [0, 1, 2, 3].map((n) => lexer.spaced(n)),
    [false, true, true, true],
  );
});

test('an executable comment does not go on behind the end of a statement', () => {
  for (const mode of BOTH) {
    const parse = (text: string) => parseStatements(scanned(text, mode), mode).length;
    assert.equal(parse('/*!40101 SELECT 1 */; SELECT 2'), 2);
    for (const text of ['/*! SELECT 1; SELECT 2 */', '/*! SELECT 1; */', 'SELECT 1 /*!; SELECT */ 2']) {
      assert.throws(() => parse(text), UnreadableSyntax, text);
    }
  }
});

test('optimizer hints stand right behind the word that takes them', () => {
  const hintsOf = (text: string, mode: LexerMode = MYSQL) => {
    const lexer = scanned(text, mode);
    return Array.from({ length: lexer.count }, (_, n) => lexer.hint(n)).filter((hint) => hint !== null);
  };
  const hint = "/*+ SET_VAR(sql_mode='') */";
  for (const word of ['select', 'INSERT', 'update', 'delete', 'replace']) {
    assert.deepEqual(hintsOf(`${word}${hint} 1`), [" SET_VAR(sql_mode='') "]);
    assert.deepEqual(hintsOf(`${word}\n ${hint} 1`), [" SET_VAR(sql_mode='') "]);
  }
  assert.deepEqual(hintsOf(`/*!50000 select ${hint} */ 1`), [" SET_VAR(sql_mode='') "]);
  assert.deepEqual(hintsOf(`select 1 ${hint}`), []);
  assert.deepEqual(hintsOf(`select /**/ ${hint} 1`), []);
  assert.deepEqual(hintsOf(`\`select\` ${hint}`), []);
  assert.deepEqual(hintsOf(`a.select ${hint}`), []);
  assert.deepEqual(hintsOf(`select /*+ a */ (select /*+ b */ 1)`), [' a ', ' b ']);
  assert.deepEqual(hintsOf(`select ${hint} 1`, MARIADB), []);
  assert.deepEqual(hintsOf(`select ${hint} 1`, { ...MARIADB, version: 120_100 }).length, 1);
  assert.match(
    read("select /*+ SET_VAR(x='*/ drop') */ 1", MYSQL),
    /an optimizer hint holds the mark of a comment/,
  );
  assert.match(read('select /*+ /* */ 1', MYSQL), /an optimizer hint holds the mark of a comment/);
});
