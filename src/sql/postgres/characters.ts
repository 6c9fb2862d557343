/** Character classes of scan.l (src/backend/parser/scan.l), as bits in one table. */
export const IDENT_START = 1;
export const IDENT_PART = 2;
export const DIGIT = 4;
export const SPACE = 8;
export const OPERATOR = 16;
/** Operator characters that let a multi-character operator end in + or -. */
export const OPERATOR_SPECIAL = 32;
export const NEWLINE = 64;

export const CLASS = new Uint8Array(256);

function mark(bits: number, characters: string): void {
  for (const character of characters)
    CLASS[character.charCodeAt(0)] = (CLASS[character.charCodeAt(0)] ?? 0) | bits;
}

mark(IDENT_START | IDENT_PART, 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_');
mark(IDENT_PART | DIGIT, '0123456789');
mark(IDENT_PART, '$');
mark(SPACE, ' \t\n\r\f\v');
mark(NEWLINE, '\n\r');
mark(OPERATOR, '~!@#^&|`?+-*/%<>=');
mark(OPERATOR_SPECIAL, '~!@#^&|`?%');
// To scan.l all bytes from 0x80 are letters; those from 0xF8 are not UTF-8, and the lexer has another use for them.
for (let byte = 0x80; byte < 0xf8; byte++) CLASS[byte] = IDENT_START | IDENT_PART;
