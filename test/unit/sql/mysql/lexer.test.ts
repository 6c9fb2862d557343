/** Expected values are what MySQL 9.7 and MariaDB 10.11 have shown. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Lexer } from '../../../../src/sql/mysql/lexer.ts';
import type { LexerMode } from '../../../../src/sql/mysql/token.ts';
import { MARIADB, MYSQL, tokensOf, withModes } from '../../../support/mysql-tokens.ts';

const BOTH = [MYSQL, MARIADB];

function reads(text: string | Buffer, mode: LexerMode, ...tokens: readonly string[]): void {
  assert.deepEqual(tokensOf(text, mode), tokens, String(text));
}

function bothRead(text: string | Buffer, ...tokens: readonly string[]): void {
  for (const mode of BOTH) reads(text, mode, ...tokens);
}

function refuses(text: string | Buffer, mode: LexerMode, why: RegExp): void {
  const read = tokensOf(text, mode);
  assert.equal(typeof read, 'string', `${text} is read as ${read}`);
  assert.match(String(read), why);
}

function bothRefuse(text: string | Buffer, why: RegExp): void {
  for (const mode of BOTH) refuses(text, mode, why);
}

test('strings: escapes, doubled quotes, both quotes', () => {
  bothRead(
    String.raw`'a\0\b\n\r\t\Z\\\'\"\%\_\q' "it's" 'it''s' "a""b" '' """"`,
    'string:a\0\b\n\r\t\x1a\\\'"\\%\\_q',
    "string:it's",
    "string:it's",
    'string:a"b',
    'string:',
    'string:"',
  );
  bothRead("'é\\é😀'", 'string:éé😀');
  bothRead("'a' 'b'", 'string:a', 'string:b');
  bothRead("'\0'", 'string:\0');
  bothRead("n'x' N'it''s'", 'string:x', "string:it's");
});

test('strings without backslash escapes', () => {
  for (const mode of BOTH.map((one) => withModes(one, 'NO_BACKSLASH_ESCAPES'))) {
    reads(String.raw`'\' 'a\n' "\" """"`, mode, 'string:\\', 'string:a\\n', 'string:\\', 'string:"');
  }
  bothRefuse(String.raw`'\'`, /a string has no end.*byte 1 /);
});

test('double quotes name things under ANSI_QUOTES', () => {
  for (const mode of BOTH.map((one) => withModes(one, 'ANSI_QUOTES'))) {
    reads('"a""b\\" \'x\' @"v"', mode, 'name:a"b\\', 'string:x', 'variable:v');
  }
  bothRead('"a" @"v"', 'string:a', 'variable:v');
});

test('hexadecimal and bits', () => {
  bothRead(
    "x'4aF1' X'' b'01' B'' 0x4aF1 0b01",
    "hex:x'4aF1'",
    "hex:X''",
    "bit:b'01'",
    "bit:B''",
    'hex:0x4aF1',
    'bit:0b01',
  );
  bothRead('0x 0xg 0X41 0b 0b2 0B1', 'name:0x', 'name:0xg', 'name:0X41', 'name:0b', 'name:0b2', 'name:0B1');
  bothRead("x '41' xx'41'", 'word:x', 'string:41', 'word:xx', 'string:41');
  bothRefuse("x'4'", /even number of hexadecimal digits/);
  bothRefuse("x'4g'", /even number of hexadecimal digits/);
  bothRefuse("b'12'", /zeros and ones/);
});

test('numbers, and names that begin like them', () => {
  bothRead(
    '1 007 1.5 .5 1. 1e5 1E-5 1.e3 .5e+1',
    'integer:1',
    'integer:007',
    'decimal:1.5',
    'decimal:.5',
    'decimal:1.',
    'float:1e5',
    'float:1E-5',
    'float:1.e3',
    'float:.5e+1',
  );
  bothRead(
    '1a 1e 1e5x 1e+x 1_0',
    'name:1a',
    'name:1e',
    'float:1e5',
    'word:x',
    'name:1e',
    'operator:+',
    'word:x',
    'name:1_0',
  );
  bothRead(
    '18446744073709551615 18446744073709551616 0018446744073709551615 100000000000000000000',
    'integer:18446744073709551615',
    'decimal:18446744073709551616',
    'integer:0018446744073709551615',
    'decimal:100000000000000000000',
  );
  bothRead('1-1', 'integer:1', 'operator:-', 'integer:1');
  reads('1..2', MYSQL, 'decimal:1.', 'decimal:.2');
  reads('1..2', MARIADB, 'integer:1', 'operator:..', 'integer:2');
  // MySQL swallows `1.e` here, so that a name could hide in front of a parenthesis.
  bothRefuse('1.e(1)', /exponent without digits/);
  bothRefuse('.5ex', /exponent without digits/);
});

test('names: what touches a dot is one, keyword or not', () => {
  bothRead(
    'a.select select.b a.5 a.1b',
    'name:a',
    'operator:.',
    'name:select',
    'name:select',
    'operator:.',
    'name:b',
    'name:a',
    'operator:.',
    'name:5',
    'name:a',
    'operator:.',
    'name:1b',
  );
  bothRead('a . select', 'word:a', 'operator:.', 'word:select');
  bothRead('a .select', 'word:a', 'operator:.', 'name:select');
  bothRead(
    '`a`.5 `a`.b `a`.`b`',
    'name:a',
    'decimal:.5',
    'name:a',
    'operator:.',
    'name:b',
    'name:a',
    'operator:.',
    'name:b',
  );
  bothRead(
    "a.x'41' a.n'x' a._utf8'x'",
    'name:a',
    'operator:.',
    'name:x',
    'string:41',
    'name:a',
    'operator:.',
    'name:n',
    'string:x',
    'name:a',
    'operator:.',
    'name:_utf8',
    'string:x',
  );
  bothRead(
    '1a.b t.* a.b.c',
    'name:1a',
    'operator:.',
    'name:b',
    'word:t',
    'operator:.',
    'operator:*',
    'name:a',
    'operator:.',
    'name:b',
    'operator:.',
    'name:c',
  );
});

test('names: backticks, dollars, letters beyond ASCII', () => {
  bothRead('`a``b` `\\n` `` é_ñ a$b $a', 'name:a`b', 'name:\\n', 'name:', 'word:é_ñ', 'word:a$b', 'word:$a');
  bothRead('select\u00a01', 'word:select\u00a01');
  reads('$a$ a.$b$', MARIADB, 'word:$a$', 'name:a', 'operator:.', 'name:$b$');
  refuses('$a$', MYSQL, /put the name in backticks/);
  refuses('select $$drop$$', MYSQL, /put the name in backticks/);
  for (const text of ['a😀', '`a😀`', 'x.😀', '@😀', '@`😀`', "@'😀'", '1😀', '@@😀']) {
    bothRefuse(text, /beyond U\+FFFF, for which servers put a question mark/);
  }
  bothRefuse('`a', /a quoted name has no end/);
  bothRefuse('`a\0`', /NUL byte/);
});

test('words are in upper case by ASCII alone', () => {
  const lexer = new Lexer();
  const bytes = Buffer.from('Select ſelect kın \u212a \\N `select` a.select');
  assert.equal(lexer.scan(bytes, 0, bytes.length, MARIADB).outcome, 'ok');
  const words = Array.from({ length: lexer.count }, (_, n) => lexer.word(n));
  assert.deepEqual(words, ['SELECT', 'ſELECT', 'KıN', '\u212a', 'NULL', '', '', '', '']);
  assert.equal(lexer.kind(lexer.count), 'end');
  assert.equal(lexer.start(lexer.count), bytes.length);
});

test('variables', () => {
  bothRead(
    "@v @`a``b` @'it''s' @1a.b$ @é:=5",
    'variable:v',
    'variable:a`b',
    "variable:it's",
    'variable:1a.b$',
    'variable:é',
    'operator::=',
    'integer:5',
  );
  bothRead("'u'@'h' u@10.0.0.1", 'string:u', 'variable:h', 'word:u', 'variable:10.0.0.1');
  bothRead(
    '@@x @@global.y @@`z` @@a.b.c',
    'system:@@',
    'word:x',
    'system:@@',
    'word:global',
    'operator:.',
    'name:y',
    'system:@@',
    'name:z',
    'system:@@',
    'word:a',
    'operator:.',
    'name:b',
    'operator:.',
    'name:c',
  );
  bothRead('u@ @+1', 'word:u', 'variable:', 'variable:', 'operator:+', 'integer:1');
  for (const text of ['@@', '@@ x', '@@"x"', "@@'x'"]) bothRefuse(text, /no name directly behind them/);
});

test('operators, the longest that the server takes', () => {
  bothRead(
    'a<=>b<<c>>d<>e!=f<=g>=h||i&&j:=k',
    'word:a',
    'operator:<=>',
    'word:b',
    'operator:<<',
    'word:c',
    'operator:>>',
    'word:d',
    'operator:<>',
    'word:e',
    'operator:!=',
    'word:f',
    'operator:<=',
    'word:g',
    'operator:>=',
    'word:h',
    'operator:||',
    'word:i',
    'operator:&&',
    'word:j',
    'operator::=',
    'word:k',
  );
  bothRead('|&^~%{}(),;:! =', ...[...'|&^~%{}(),;:!='].map((mark) => `operator:${mark}`));
  reads('a->b->>c', MYSQL, 'word:a', 'operator:->', 'word:b', 'operator:->>', 'word:c');
  reads('a->b', MARIADB, 'word:a', 'operator:-', 'operator:>', 'word:b');
  for (const text of ['1=!1', '!!1', '2<!1', '2<=!1', '2>!1', '1=<2', '1==1']) {
    refuses(text, MYSQL, /put a space between them/);
  }
  reads(
    '1=!1!!1',
    MARIADB,
    'integer:1',
    'operator:=',
    'operator:!',
    'integer:1',
    'operator:!',
    'operator:!',
    'integer:1',
  );
  reads(
    '1<=>!1 2!=!1',
    MYSQL,
    'integer:1',
    'operator:<=>',
    'operator:!',
    'integer:1',
    'integer:2',
    'operator:!=',
    'operator:!',
    'integer:1',
  );
});

test('parameters stand alone', () => {
  bothRead('? ?,?', 'parameter:?', 'parameter:?', 'operator:,', 'parameter:?');
  // To the servers `?1.5` is an error and `?.5` is none.
  for (const text of ['?x', '?1.5', '?é', '?$']) bothRefuse(text, /a parameter touches a name/);
});

test('\\N is NULL to MariaDB alone', () => {
  reads('\\N+1', MARIADB, 'word:\\N', 'operator:+', 'integer:1');
  refuses('\\N', MYSQL, /a backslash stands outside of quotes/);
  bothRefuse('\\n', /a backslash stands outside of quotes/);
});

test('introducers, and strings of other character sets', () => {
  bothRead(
    "_utf8'é' _LATIN1 'é' _utf8mb4 x'41' _gbk'a''b' _binary'x'",
    'introducer:_utf8',
    'string:é',
    'introducer:_LATIN1',
    'string:é',
    'introducer:_utf8mb4',
    "hex:x'41'",
    'introducer:_gbk',
    "string:a'b",
    'introducer:_binary',
    'string:x',
  );
  bothRead("_foo 'x' __ _utf8a", 'word:_foo', 'string:x', 'word:__', 'word:_utf8a');
  for (const name of [
    'gbk',
    'sjis',
    'cp932',
    'big5',
    'gb18030',
    'ujis',
    'eucjpms',
    'euckr',
    'gb2312',
    'SJIS',
  ]) {
    bothRefuse(`_${name}'é'`, /can be read in two ways/);
    bothRefuse(`_${name} 'a\\\\'`, /can be read in two ways/);
  }
  for (const name of ['ucs2', 'utf16', 'utf16le', 'utf32']) {
    bothRefuse(`_${name}'abcd'`, /can be read in two ways/);
    bothRead(`_${name} x'0041'`, `introducer:_${name}`, "hex:x'0041'");
  }
});

test('bytes that are not UTF-8 stand behind _binary, and among the values of an INSERT, only', () => {
  const picture = Buffer.from([0xff, 0xd8, 0x5c, 0x27, 0x00, 0xc3]);
  bothRead(
    Buffer.concat([Buffer.from("_binary '"), picture, Buffer.from("',1")]),
    'introducer:_binary',
    `string:${Buffer.from([0xff, 0xd8, 0x27, 0, 0xc3])}`,
    'operator:,',
    'integer:1',
  );
  bothRead(
    Buffer.concat([Buffer.from("insert t values (1,'"), picture, Buffer.from("')")]),
    'word:insert',
    'word:t',
    'word:values',
    'operator:(',
    'integer:1',
    'operator:,',
    `string:${Buffer.from([0xff, 0xd8, 0x27, 0, 0xc3])}`,
    'operator:)',
  );
  const bad: readonly (readonly number[])[] = [
    [0xff],
    [0xc3],
    [0xc0, 0xaf],
    [0xed, 0xa0, 0x80],
    [0xf4, 0x90, 0x80, 0x80],
    [0xe0, 0x80, 0x80],
  ];
  for (const bytes of bad) {
    for (const [before, behind] of [
      ["'", "'"],
      ['/*', '*/'],
      ['-- ', ''],
      ["_latin1'", "'"],
      ["_binary'x' '", "'"],
      ['_binary /*', "*/ 'x'"],
      ["insert into t select 1 '", "'"],
      ["insert into t values (1, x'00' '", "')"],
      ["insert into t values (_latin1 '", "', 1)"],
      ["insert into t values ('x'); execute immediate ('", "')"],
      ["select ('", "')"],
    ]) {
      bothRefuse(
        Buffer.concat([Buffer.from(before ?? ''), Buffer.from(bytes), Buffer.from(behind ?? '')]),
        /not UTF-8/,
      );
    }
    bothRefuse(Buffer.from(bytes), /not UTF-8|beyond/);
  }
});

test('bytes that mean nothing', () => {
  bothRefuse('select 1\0garbage', /a NUL byte stands outside of strings \(byte 9 of the text\)/);
  bothRefuse('select 1;\0drop table t', /NUL byte/);
  bothRefuse('select 1 -- \0 +1', /NUL byte/);
  bothRefuse('select \x01', /the character 0x01 means nothing here/);
  bothRefuse('select [a]', /the character \[ means nothing here/);
  bothRefuse('\ufeffselect 1', /byte order mark begins the text: leave it out/);
  bothRead('');
  bothRead(' \t\n\v\f\r');
});

test('unterminated strings are named by where they begin', () => {
  for (const text of ["a 'b", 'a "b', "a 'b\\'", "a 'b''", "a n'b", "a @'b", "a 'b\\"]) {
    bothRefuse(text, /a string has no end: close its quote \(byte 3 of the text\)/);
  }
});

test('a word calls a built-in function only where its parenthesis touches it, or by IGNORE_SPACE', () => {
  const lexer = new Lexer();
  const calls = (text: string, mode: LexerMode) => {
    const bytes = Buffer.from(text);
    lexer.scan(bytes, 0, bytes.length, mode);
    return lexer.calls(0);
  };
  for (const mode of BOTH) {
    const ignoring = withModes(mode, 'IGNORE_SPACE');
    assert.deepEqual(
      ['count(1)', 'count (1)', 'count/**/(1)', 'count', 'count 1'].map((text) => calls(text, mode)),
      [true, false, false, false, false],
    );
    assert.deepEqual(
      ['count(1)', 'count \n(1)', 'count /**/ (1)', 'count', "count '('"].map((text) =>
        calls(text, ignoring),
      ),
      [true, true, false, false, false],
    );
  }
});

test('a large INSERT of literals and a deep text are read in time that grows with their length', () => {
  const lexer = new Lexer();
  const row = "(1234567,'some text of a row',1.5,NULL,'2026-01-01 00:00:00'),";
  const insert = Buffer.from(`INSERT INTO t VALUES ${row.repeat(Math.floor(1_000_000 / row.length))}(1)`);
  const ms = fastest(() => lexer.scan(insert, 0, insert.length, MYSQL));
  assert.ok(ms < 60, `1 MB takes ${ms} ms`);
  assert.ok(lexer.count > 150_000);
  for (const unit of [
    '(',
    "'a'",
    '/**/',
    '/*!1*/',
    '-- \n',
    '@@a.',
    '1e',
    '`a`',
    "''",
    '/*!99999 /**/*/',
    '\\N',
  ]) {
    const text = Buffer.from(unit.repeat(Math.floor(1_000_000 / unit.length)));
    const took = fastest(() => lexer.scan(text, 0, text.length, MARIADB));
    assert.ok(took < 200, `${unit} over and over takes ${took} ms`);
  }
});

/** Of three times, since on a busy machine any may be held up. */
function fastest(work: () => void): number {
  let least = Number.POSITIVE_INFINITY;
  for (let n = 0; n < 3; n++) {
    const begun = performance.now();
    work();
    least = Math.min(least, performance.now() - begun);
  }
  return least;
}
