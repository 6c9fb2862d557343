/**
 * Our lexer against the server's own scanner. The key of the second cache level is only as safe as this: what the
 * lexer takes out must be a whole constant to the server, and nothing else may be taken out.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, test } from 'node:test';
import fc from 'fast-check';
import { Lexer } from '../../../src/sql/postgres/lexer.ts';
import {
  ServerScanner,
  type ServerToken,
  statementsOf,
  type TokenKind,
} from '../../support/server-scanner.ts';

const CAPTURES = new URL('../../../fixtures/captures/pg_captured.json', import.meta.url);
const KIND_OF_MARK: readonly TokenKind[] = ['integer', 'decimal', 'string', 'string', 'string'];
/** The first of the bytes that stand for literals in a skeleton. */
const FIRST_MARK = 0xf8;

let scanner: ServerScanner;
const lexer = new Lexer();

before(async () => {
  scanner = await ServerScanner.load();
});

/**
 * libpg-query has made comments tokens of their own, so to it a comment ends a string that the server continues:
 * `'a'--c`, newline, `'b'` is 'ab' to servers 15 to 18 and a syntax error to libpg-query, in every place but DO.
 */
const CONTINUED_OVER_COMMENT = /'\s*--[^\n\r]*[\n\r](\s|--[^\n\r]*[\n\r])*'/;

/** Throws where the lexer's literals are not the server's; true where the server could scan the text at all. */
function compare(text: string): boolean {
  if (CONTINUED_OVER_COMMENT.test(text)) return false;
  const bytes = Buffer.from(text);
  const tokens = scanner.scan(bytes);
  if (tokens === null) return false;
  lexer.scan(bytes, 0, bytes.length);
  if (!lexer.complete) return true;
  const byStart = new Map<number, ServerToken>(tokens.map((token) => [token.start, token]));
  for (let n = 0; n < lexer.literals; n++) {
    const start = lexer.literalStart[n] ?? -1;
    const token = byStart.get(start);
    assert.equal(token?.end, lexer.literalEnd[n], `literal ${n} at ${start} of ${text}`);
    assert.ok(token !== undefined && ['integer', 'decimal', 'string'].includes(token.kind), text);
  }
  assert.equal(lexer.skeleton(), expectedSkeleton(bytes, tokens), text);
  return true;
}

function marksIn(skeleton: string): readonly string[] {
  return [...skeleton].filter((character) => character.charCodeAt(0) >= FIRST_MARK);
}

/** What the skeleton must be by the server's tokens and the lexer's choice of literals. */
function expectedSkeleton(bytes: Buffer, tokens: readonly ServerToken[]): string {
  const taken = new Map<number, string>();
  const marks = marksIn(lexer.skeleton());
  for (let n = 0; n < lexer.literals; n++) taken.set(lexer.literalStart[n] ?? -1, marks[n] ?? '');
  let skeleton = '';
  let at = 0;
  for (const token of tokens) {
    const mark = taken.get(token.start);
    // An integer too large for 32 bits is a decimal to the scanner.
    const kind = mark === undefined ? undefined : KIND_OF_MARK[mark.charCodeAt(0) - FIRST_MARK];
    if (kind === 'integer') assert.ok(token.kind === 'integer' || token.kind === 'decimal');
    else if (kind !== undefined) assert.equal(token.kind, kind);
    const replacement = token.kind === 'comment' ? ' ' : mark;
    if (replacement === undefined) continue;
    skeleton += bytes.toString('latin1', at, token.start) + replacement;
    at = token.end;
  }
  return skeleton + bytes.toString('latin1', at);
}

test('promise 3: literals and comments end where the server ends them, over every captured statement', () => {
  const statements = statementsOf(readFileSync(CAPTURES, 'utf8'));
  assert.ok(statements.length > 900);
  for (const statement of statements) assert.ok(compare(statement), statement);
});

test('promise 3: a string goes on over a comment that ends its line, as in the server', () => {
  const literalsOf = (text: string) => {
    const bytes = Buffer.from(text);
    lexer.scan(bytes, 0, bytes.length);
    return Array.from({ length: lexer.literals }, (_, n) =>
      bytes.toString('utf8', lexer.literalStart[n], lexer.literalEnd[n]),
    );
  };
  assert.deepEqual(literalsOf("SELECT 'a'--c\n'b', 1"), ["'a'--c\n'b'", '1']);
  assert.deepEqual(literalsOf("SELECT 'a' -- c\n--d\r  'b'"), ["'a' -- c\n--d\r  'b'"]);
  assert.deepEqual(literalsOf("SELECT E'a'--'\n'\\'b'"), ["E'a'--'\n'\\'b'"]);
  assert.deepEqual(literalsOf("SELECT 'a'--'b'"), ["'a'"]);
  assert.deepEqual(literalsOf("SELECT 'a'/*\n*/'b'"), ["'a'", "'b'"]);
});

const TOKENS = [
  ...[
    "'a'",
    "''",
    "'it''s'",
    "'a\\'",
    "E'a\\'b'",
    "e'\\\\'",
    "E'\\x31'",
    "E'\\u0041'",
    "'a'\n'b'",
    "'a' \n\t 'b'",
  ],
  ...[
    "'a'--c\n'b'",
    "'a' -- c\r'b'",
    "'a'/**/\n'b'",
    "E'a'\n'\\'b'",
    "N'x'",
    "n'y'",
    "B'01'",
    "b'1'\n'0'",
    "X'1F'",
  ],
  ...["U&'d\\0061t'", "u&'x' UESCAPE '!'", 'U&"d\\0061t"', '"q"', '"q""q"', '"a\'b"', "U&'a'\n'b'"],
  ...[
    '$$x$$',
    "$a$it's$a$",
    '$a$ $b$ $a$',
    '$é$x$é$',
    '$1',
    '$12',
    '$1$a$x$a$',
    '1$a$x$a$',
    'a$b$c',
    '$$$$',
    '$a$$aa$$a$',
  ],
  ...[
    '0',
    '1',
    '42',
    '1.',
    '.5',
    '1.5',
    '1e5',
    '1.5e-3',
    '1.e5',
    '1E+2',
    '0x1F',
    '0o17',
    '0b1',
    '1_000',
    '1..2',
    '1.5.5',
  ],
  ...['99999999999999999999', '1e', '1e+', '12ab', '1é'],
  ...[
    '+',
    '-',
    '- -',
    '@-',
    '=-',
    '<=-',
    '*',
    '/',
    '<>',
    '!=',
    '::',
    ':=',
    '=>',
    '->>',
    '?',
    '?|',
    '||',
    '%',
    '^',
    '#',
    '&&',
  ],
  ...[
    '--',
    '-- x\n',
    '--\r',
    '/* a */',
    '/* /* b */ */',
    '/**/',
    '/***/',
    '/*/ */',
    '/*--*/',
    '+/*x*/-',
    '*/*x*/',
    '@--x\n',
  ],
  ...[
    'SELECT',
    'e',
    'E',
    'u',
    'U',
    'x',
    'b',
    'n',
    'U&',
    'case',
    'CASE',
    'end',
    'and',
    'é',
    '_a1$',
    'ab"c"',
    'tableé',
  ],
  ...['(', ')', '[', ']', ',', ';', '.', ':', '{', '\\', '\x01', '\x7f', '\v', '\f'],
];

const soup = fc
  .array(
    fc.tuple(
      fc.oneof(
        { weight: 9, arbitrary: fc.constantFrom(...TOKENS) },
        {
          weight: 1,
          arbitrary: fc.string({ unit: fc.constantFrom(...'\'"$\\-/*eEuU&xb1.\n a'), maxLength: 6 }),
        },
      ),
      fc.constantFrom('', '', ' ', '\n', '\t', ' \n '),
    ),
    { maxLength: 14 },
  )
  .map((parts) => parts.map(([token, space]) => token + space).join(''));

test('promise 3: soups of odd tokens are cut as the server cuts them', () => {
  let scanned = 0;
  fc.assert(
    fc.property(soup, (text) => {
      if (text.trim() !== '' && compare(text)) scanned++;
    }),
    { numRuns: 20_000 },
  );
  assert.ok(scanned > 2_000, `only ${scanned} soups were scanned by the server`);
});

const LITERALS: readonly (readonly string[])[] = [
  ['0', '7', '2147483648', '123456789012345678901234567890'],
  ['1.', '0.5', '1e9', '3.14e-2'],
  ["''", "'b'", "'--'", "'/*'", "'$a$'", "'it''s'", "'x\\'", "'a'\n'b'", "'é'", "'\x01'"],
  ["E''", "e'\\''", "E'\\\\'", "E'a\\'--'", "E'x'\n'\\''"],
  ['$$ $$', "$q$'$q$", '$é$ $1 $é$', '$$--$$', '$a$$$$a$'],
];

test('promise 3: texts with one skeleton are the same tokens to the server, but for their constants', () => {
  const choice = fc.array(fc.nat(1000), { minLength: 24, maxLength: 24 });
  fc.assert(
    fc.property(soup, choice, (text, choices) => {
      const bytes = Buffer.from(text);
      const tokens = text.trim() === '' || CONTINUED_OVER_COMMENT.test(text) ? null : scanner.scan(bytes);
      if (tokens === null) return;
      lexer.scan(bytes, 0, bytes.length);
      if (!lexer.complete || lexer.literals === 0) return;
      const skeleton = lexer.skeleton();
      const other = Buffer.from(withOtherLiterals(bytes, skeleton, choices), 'latin1');
      lexer.scan(other, 0, other.length);
      // Another literal may make a longer token with its neighbour; then the key differs too, which is all it takes.
      if (!lexer.complete || lexer.skeleton() !== skeleton) return;
      const read = scanner.scan(other);
      assert.ok(read !== null, `${text} scans, ${other} does not`);
      const kinds = (list: readonly ServerToken[]) =>
        list.filter((token) => token.kind !== 'comment').map((token) => token.type);
      assert.deepEqual(kinds(read).map(constantFree), kinds(tokens).map(constantFree), `${text} | ${other}`);
    }),
    { numRuns: 10_000 },
  );
});

/** Large integers are decimals to the scanner; which of the two is part of the value. */
function constantFree(type: number): number {
  return type === DECIMAL ? INTEGER : type;
}
const DECIMAL = 260;
const INTEGER = 266;

function withOtherLiterals(bytes: Buffer, skeleton: string, choices: readonly number[]): string {
  const marks = marksIn(skeleton);
  let text = '';
  let at = 0;
  for (let n = 0; n < lexer.literals; n++) {
    const options = LITERALS[(marks[n]?.charCodeAt(0) ?? 0) - FIRST_MARK] ?? [];
    text += bytes.toString('latin1', at, lexer.literalStart[n]);
    text += Buffer.from(options[(choices[n] ?? 0) % options.length] ?? '').toString('latin1');
    at = lexer.literalEnd[n] ?? at;
  }
  return text + bytes.toString('latin1', at);
}

test('promise 13: the lexer takes any bytes, never throws and stays linear', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), fc.nat(20), (random, offset) => {
      const bytes = Buffer.from(random);
      lexer.scan(bytes, Math.min(offset, bytes.length), bytes.length);
    }),
    { numRuns: 5_000 },
  );
  const bombs = [
    '+/**/',
    "'a' ",
    "'a'\n",
    '"a"',
    '$a',
    '$a$',
    '$a ',
    '/*',
    '*/',
    '--',
    '-- \n',
    "E'\\",
    '(',
    '[',
    'case ',
    '1.',
    '1e',
    '@-',
  ];
  const worst = bombs.map((bomb): [number, string] => {
    const bytes = Buffer.from(bomb.repeat(Math.ceil((1024 * 1024) / bomb.length)));
    const before = process.cpuUsage();
    lexer.scan(bytes, 0, bytes.length);
    const { user, system } = process.cpuUsage(before);
    return [(user + system) / 1000, bomb];
  });
  // A megabyte takes 5 to 20 ms of the processor; quadratic time would be minutes.
  for (const [took, bomb] of worst) assert.ok(took < 1_000, `a megabyte of ${bomb} takes ${took} ms`);
});
