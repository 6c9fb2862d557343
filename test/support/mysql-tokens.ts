/** Texts as the MySQL lexer reads them, one word for each token. */
import { Lexer } from '../../src/sql/mysql/lexer.ts';
import type { LexerMode } from '../../src/sql/mysql/token.ts';

export const MYSQL: LexerMode = { flavour: 'mysql', version: 90_704, sqlMode: new Set() };
export const MARIADB: LexerMode = { flavour: 'mariadb', version: 101_119, sqlMode: new Set() };

export function withModes(mode: LexerMode, ...sqlMode: readonly string[]): LexerMode {
  return { ...mode, sqlMode: new Set(sqlMode) };
}

const lexer = new Lexer();

/** `kind:text` of each token; or why the text is not read. */
export function tokensOf(text: string | Buffer, mode: LexerMode = MYSQL): readonly string[] | string {
  const bytes = Buffer.from(text);
  // Tokens must not depend on what lies around the text in its buffer.
  const around = Buffer.concat([Buffer.from("'`x"), bytes, Buffer.from("'0x1e5/*")]);
  const scanned = lexer.scan(around, 3, 3 + bytes.length, mode);
  if (scanned.outcome === 'unreadable') return scanned.reason;
  return Array.from({ length: lexer.count }, (_, n) => `${lexer.kind(n)}:${lexer.text(n)}`);
}
