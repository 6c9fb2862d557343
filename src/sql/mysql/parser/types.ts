/** The types of columns, casts and JSON_TABLE. */
import type { Cursor } from './cursor.ts';
import { parseInteger, parseStringValue } from './literals.ts';
import { isName, parseCharsetName } from './names.ts';

/** Type words that are reserved; the others are names like those of MariaDB's pluggable types (INET6, UUID). */
const RESERVED_TYPES: ReadonlySet<string> = new Set(
  `BIGINT BINARY BLOB CHAR CHARACTER DEC DECIMAL DOUBLE FLOAT FLOAT4 FLOAT8 INT INT1 INT2 INT3 INT4 INT8 INTEGER LONG
  LONGBLOB LONGTEXT MEDIUMBLOB MEDIUMINT MEDIUMTEXT MIDDLEINT NUMERIC REAL SET SMALLINT TINYBLOB TINYINT TINYTEXT
  UNSIGNED VARBINARY VARCHAR VARCHARACTER`.split(/\s+/),
);

const INTEGERS: ReadonlySet<string> = new Set(['INT', 'INTEGER']);
const CHARACTERS: ReadonlySet<string> = new Set(['CHAR', 'CHARACTER', 'VARCHAR', 'VARCHARACTER', 'VARYING']);
const LONG_TYPES: ReadonlySet<string> = new Set([...CHARACTERS, 'VARBINARY']);

/** Gives the type as written, without character set and signs. */
export function parseType(c: Cursor): string {
  const start = c.start;
  const word = c.word;
  if (!RESERVED_TYPES.has(word) && !isName(c)) c.refuse('a type');
  c.advance();
  parseSecondWords(c, word);
  if (word === 'ENUM' || word === 'SET') parseMembers(c);
  else if (c.takeMark('(')) {
    // DECIMAL(10.2) is one number to the lexer, and a length to the servers.
    if (!c.takeDecimal()) parseInteger(c, 'a length');
    if (c.takeMark(',')) parseInteger(c, 'a number of digits');
    c.expectMark(')');
  }
  const type = c.tokens.source(start, c.endBefore);
  while (parseTypeAttribute(c));
  return type;
}

/** Gives the type with what is said of its characters, as written. */
export function parseWholeType(c: Cursor): string {
  const { start } = c;
  parseType(c);
  return c.tokens.source(start, c.endBefore);
}

function parseSecondWords(c: Cursor, word: string): void {
  switch (word) {
    case 'SIGNED':
    case 'UNSIGNED':
      c.takeOneOf(INTEGERS);
      return;
    case 'DOUBLE':
      c.takeWord('PRECISION');
      return;
    case 'NATIONAL':
      if (c.takeOneOf(CHARACTERS) === '') c.refuse('a type');
      c.takeWord('VARYING');
      return;
    case 'CHAR':
    case 'CHARACTER':
    case 'NCHAR':
      if (!c.takeWord('VARYING') && word === 'NCHAR') c.takeWord('VARCHAR');
      return;
    case 'LONG':
      if (c.takeOneOf(LONG_TYPES) !== '') c.takeWord('VARYING');
  }
}

function parseMembers(c: Cursor): void {
  c.expectMark('(');
  do {
    if (c.kind === 'hex' || c.kind === 'bit') c.advance();
    else parseStringValue(c, 'a string');
  } while (c.takeMark(','));
  c.expectMark(')');
}

const SIGNS: ReadonlySet<string> = new Set([
  'UNSIGNED',
  'SIGNED',
  'ZEROFILL',
  'ASCII',
  'UNICODE',
  'BYTE',
  'BINARY',
]);

function parseTypeAttribute(c: Cursor): boolean {
  if (c.takeOneOf(SIGNS) !== '') return true;
  if (c.takeWord('COMPRESSED')) {
    if (c.takeMark('=')) c.advance();
    return true;
  }
  if (c.takeWord('CHARSET') || c.takeWords('CHARACTER', 'SET') || c.takeWords('CHAR', 'SET')) {
    parseCharsetName(c, 'a character set');
    return true;
  }
  if (c.takeWord('COLLATE')) {
    if (!c.takeWord('DEFAULT')) parseCharsetName(c, 'a collation');
    return true;
  }
  return false;
}
