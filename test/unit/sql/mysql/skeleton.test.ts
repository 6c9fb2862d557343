/** What facts are kept by: see src/sql/mysql/skeleton.ts for what it must hold to. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Lexer } from '../../../../src/sql/mysql/lexer.ts';
import type { LexerMode } from '../../../../src/sql/mysql/token.ts';
import { MARIADB, MYSQL, withModes } from '../../../support/mysql-tokens.ts';

const MODES: readonly LexerMode[] = [
  MYSQL,
  MARIADB,
  withModes(MYSQL, 'ANSI_QUOTES', 'IGNORE_SPACE'),
  withModes(MARIADB, 'NO_BACKSLASH_ESCAPES'),
];

function scanned(text: string, mode: LexerMode): Lexer | null {
  const lexer = new Lexer();
  const bytes = Buffer.from(text);
  return lexer.scan(bytes, 0, bytes.length, mode).outcome === 'ok' ? lexer : null;
}

function skeletonOf(text: string, mode: LexerMode = MYSQL): string {
  const lexer = scanned(text, mode);
  assert.ok(lexer?.complete, text);
  return lexer.skeleton();
}

const LITERALS = new Set(['string', 'integer', 'decimal', 'float', 'hex', 'bit']);

/** All that the parser can ask of the tokens, but for the values of literals. */
function shapeOf(lexer: Lexer): unknown {
  return Array.from({ length: lexer.count }, (_, n) => {
    const kind = lexer.kind(n);
    const value = LITERALS.has(kind) ? lexer.isNational(n) : [lexer.word(n), lexer.text(n)];
    return [kind, value, n > 0 && lexer.spaced(n), lexer.calls(n), lexer.opened(n), lexer.hint(n)];
  });
}

test('literals are left out, and told where they are', () => {
  const text = "select 'a', n'b', 1, 1.5, 1e5, x'41', b'1', 0x41, a.5, `1`, @'v' from t1 where c = 'd''e'";
  const lexer = scanned(text, MYSQL);
  assert.ok(lexer?.complete);
  const bytes = Buffer.from(text);
  const literals = Array.from({ length: lexer.literals }, (_, n) =>
    bytes.toString('utf8', lexer.literalStart[n], lexer.literalEnd[n]),
  );
  assert.deepEqual(literals, ["'a'", "n'b'", '1', '1.5', '1e5', "x'41'", "b'1'", '0x41', "'d''e'"]);
  assert.equal(
    lexer.skeleton().replace(/[\xf8-\xff]/g, '?'),
    "select ?, ?, ?, ?, ?, ?, ?, ?, a.5, `1`, @'v' from t1 where c = ?",
  );
});

test('texts of another form have another skeleton', () => {
  const forms = [
    '1',
    '1.5',
    '1e5',
    "'a'",
    "n'a'",
    "x'41'",
    "b'1'",
    '?',
    'a',
    '`a`',
    '@a',
    '18446744073709551616',
    "_utf8'a'",
    "_latin1'a'",
    'null',
    "'a' 'b'",
    '-1',
    '/*!1*/',
    '/*!50000 1*/',
    "a 'b'",
    "a'b'",
    'a(1)',
    'a (1)',
    'a/**/(1)',
  ];
  const skeletons = forms.map((form) => skeletonOf(`select ${form} from t`));
  // An integer of more than 64 bits is a decimal.
  assert.equal(skeletons[forms.indexOf('1.5')], skeletons[forms.indexOf('18446744073709551616')]);
  assert.equal(new Set(skeletons).size, forms.length - 1);
  assert.notEqual(skeletonOf('select /*+ a */ 1'), skeletonOf('select /*+ b */ 1'));
  assert.notEqual(skeletonOf('select 1+ 1'), skeletonOf('select 1 +1'));
});

test('comments around the text do not count', () => {
  for (const text of ["/* trace 1 */ select 'a'", "  -- b\nselect 'b' /* trace 2 */", "select 'c' # d"]) {
    assert.equal(skeletonOf(text), skeletonOf("select ''"));
  }
  assert.notEqual(skeletonOf("/*! select 'a' ; */"), skeletonOf("select 'a' ;"));
});

test('long texts and texts of many literals have none', () => {
  assert.equal(scanned(`select '${'a'.repeat(8 * 1024)}'`, MYSQL)?.complete, false);
  assert.equal(scanned(`select ${'1,'.repeat(1024)}1`, MYSQL)?.complete, false);
  assert.equal(scanned('', MYSQL)?.complete, false);
  assert.equal(scanned('-- 1', MYSQL)?.complete, false);
});

const PIECES = [
  ...[
    "'a'",
    "''",
    "'it''s'",
    "'\\''",
    '"q"',
    '""',
    "n'x'",
    "N''",
    '1',
    '0',
    '007',
    '2.5',
    '.5',
    '1.',
    '1e5',
    '.5e-1',
    "x'41'",
  ],
  ...[
    '0x41',
    "b'0'",
    '0b1',
    '99999999999999999999',
    'a',
    'x',
    'b',
    'n',
    'e',
    'select',
    'count',
    '`q`',
    '``',
    '@v',
    '@@',
    '.',
  ],
  ...[
    '(',
    ')',
    ',',
    ';',
    '=',
    '<',
    '>',
    '!',
    '-',
    '--',
    '/',
    '*',
    '|',
    '&',
    ':',
    '?',
    '\\N',
    '\\',
    ' ',
    '\n',
    '\t',
    '#',
  ],
  ...[
    '/*',
    '*/',
    '/**/',
    '/*!',
    '/*!50000 ',
    '/*!99999 ',
    '/*+ h */',
    '_utf8',
    '_gbk',
    "'",
    '"',
    'é',
    '$',
    '5',
    '-- \n',
  ],
];

test('promise 3: whatever has one skeleton has the same tokens but for the values of literals', () => {
  const text = fc
    .array(fc.constantFrom(...PIECES), { minLength: 1, maxLength: 12 })
    .map((pieces) => pieces.join(''));
  let same = 0;
  const known = new Map<string, string>();
  fc.assert(
    fc.property(text, fc.constantFrom(...MODES.keys()), (made, n) => {
      const mode = MODES[n] ?? MYSQL;
      const lexer = scanned(made, mode);
      if (lexer === null || !lexer.complete) return;
      const key = `${n} ${lexer.skeleton()}`;
      const shape = JSON.stringify(shapeOf(lexer));
      const before = known.get(key);
      if (before !== undefined) {
        same++;
        assert.equal(shape, before, made);
      }
      known.set(key, shape);
    }),
    { numRuns: 20_000 },
  );
  assert.ok(same > 100, `only ${same} pairs`);
});

test('promise 3: another literal of the same kind leaves skeleton and tokens as they were', () => {
  const kinds: readonly (readonly string[])[] = [
    ["'a'", "''", "'it''s'", "'a\\\\'", "'/*'", "'-- '", "'\u00e9😀'", '"b"', "';'"],
    ['1', '0', '00', '18446744073709551615', '123456789'],
    ['1.5', '.5', '1.', '18446744073709551616', '0.0'],
    ['1e5', '.5e1', '1.e+3', '1E-5'],
    ["x'41'", '0x41', "X''", '0xabcdef'],
    ["b'1'", '0b1', "B''"],
    ["n'a'", "N''", "n'it''s'"],
  ];
  const around = fc.array(fc.constantFrom(...PIECES), { maxLength: 5 }).map((pieces) => pieces.join(''));
  let compared = 0;
  fc.assert(
    fc.property(around, around, fc.nat(), fc.nat(), fc.nat(), fc.nat(), (before, behind, k, l, r, m) => {
      const mode = MODES[m % MODES.length] ?? MYSQL;
      const kind = kinds[k % kinds.length] ?? [];
      const [left, right] = [l, r].map((n) => scanned(`${before} ${kind[n % kind.length]} ${behind}`, mode));
      if (!left?.complete || !right?.complete || left.skeleton() !== right.skeleton()) return;
      compared++;
      assert.deepEqual(shapeOf(left), shapeOf(right));
    }),
    { numRuns: 5_000 },
  );
  assert.ok(compared > 500, `only ${compared} pairs`);
});
