/** How the servers' lexers class a byte at the start of a token (init_state_maps in sql_lex.cc), for a utf8mb4 client. */

export const STATE_OTHER = 0;
export const STATE_SPACE = 1;
export const STATE_WORD = 2;
export const STATE_DIGIT = 3;
export const STATE_STRING = 4;
export const STATE_DOUBLE_QUOTE = 5;
export const STATE_BACKTICK = 6;
export const STATE_OPERATOR = 7;
export const STATE_MARK = 8;
export const STATE_DOT = 9;
export const STATE_AT = 10;
export const STATE_HASH = 11;
export const STATE_MINUS = 12;
export const STATE_SLASH = 13;
export const STATE_STAR = 14;
export const STATE_BACKSLASH = 15;
export const STATE_PARAMETER = 16;

/** What begins where a byte of that class stands. */
export const STATE = new Uint8Array(256);

/** 1 for bytes that a name may go on with: letters, digits, `_`, `$` and all from 0x80 (the text is valid UTF-8). */
export const NAME_PART = new Uint8Array(256);

export const TAB = 0x09;
export const NEWLINE = 0x0a;
export const CARRIAGE_RETURN = 0x0d;
export const SPACE = 0x20;
export const BANG = 0x21;
export const DOUBLE_QUOTE = 0x22;
export const DOLLAR = 0x24;
export const AMPERSAND = 0x26;
export const QUOTE = 0x27;
export const OPEN = 0x28;
export const STAR = 0x2a;
export const PLUS = 0x2b;
export const MINUS = 0x2d;
export const DOT = 0x2e;
export const SLASH = 0x2f;
export const ZERO = 0x30;
export const NINE = 0x39;
export const COLON = 0x3a;
export const LESS = 0x3c;
export const EQUALS = 0x3d;
export const GREATER = 0x3e;
export const AT = 0x40;
export const UPPER_M = 0x4d;
export const UPPER_N = 0x4e;
export const BACKSLASH = 0x5c;
export const UNDERSCORE = 0x5f;
export const BACKTICK = 0x60;
export const LOWER_B = 0x62;
export const LOWER_E = 0x65;
export const LOWER_N = 0x6e;
export const LOWER_X = 0x78;
export const BAR = 0x7c;
/** The first byte of a character beyond U+FFFF is one from here to there. */
export const FOUR_BYTES = 0xf0;
export const FOUR_BYTES_LAST = 0xf4;

function mark(state: number, characters: string): void {
  for (const character of characters) STATE[character.charCodeAt(0)] = state;
}

mark(STATE_SPACE, ' \t\n\v\f\r');
mark(STATE_WORD, 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_$');
mark(STATE_DIGIT, '0123456789');
mark(STATE_STRING, "'");
mark(STATE_DOUBLE_QUOTE, '"');
mark(STATE_BACKTICK, '`');
mark(STATE_OPERATOR, '<>=!&|:');
mark(STATE_MARK, '(),;+%^~{}');
mark(STATE_DOT, '.');
mark(STATE_AT, '@');
mark(STATE_HASH, '#');
mark(STATE_MINUS, '-');
mark(STATE_SLASH, '/');
mark(STATE_STAR, '*');
mark(STATE_BACKSLASH, '\\');
mark(STATE_PARAMETER, '?');
for (let byte = 0x80; byte < 0x100; byte++) STATE[byte] = STATE_WORD;
for (let byte = 0; byte < 0x100; byte++) {
  if (STATE[byte] === STATE_WORD || STATE[byte] === STATE_DIGIT) NAME_PART[byte] = 1;
}

export function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= NINE;
}

export function isSpace(byte: number | undefined): boolean {
  return byte !== undefined && STATE[byte] === STATE_SPACE;
}
