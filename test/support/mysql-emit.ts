/** Statements written anew from the lexer's tokens alone: if it has read them as the server does, they mean the same. */
import type { Lexer } from '../../src/sql/mysql/lexer.ts';

/** The tokens that the lexer holds, with single spaces between them, names in backticks, values quoted from scratch. */
export function emitted(lexer: Lexer, noBackslashEscapes: boolean): string {
  // A comment is a statement to the servers; space is none.
  let text = lexer.count === 0 && lexer.source(0, lexer.end(0)).trim() !== '' ? '/**/' : '';
  for (let n = 0; n < lexer.count; n++) {
    const glued = n === 0 || lexer.kind(n - 1) === 'system' || lexer.calls(n - 1);
    if (isQualified(lexer, n)) text += lexer.text(n);
    // A comment keeps them apart in every mode.
    else if (!glued && lexer.text(n) === '(' && lexer.kind(n - 1) === 'word') text += ' /**/ (';
    else text += (glued ? '' : ' ') + token(lexer, n, noBackslashEscapes);
    const hint = lexer.hint(n);
    if (hint !== null) text += ` /*+${hint}*/`;
  }
  return text;
}

/** MariaDB knows types and functions of its own behind these names, and only where they are not quoted. */
function isQualified(lexer: Lexer, n: number): boolean {
  return n >= 2 && lexer.text(n - 1) === '.' && /^(mariadb|oracle|maxdb)_schema$/i.test(lexer.text(n - 2));
}

function token(lexer: Lexer, n: number, noBackslashEscapes: boolean): string {
  const value = lexer.text(n);
  switch (lexer.kind(n)) {
    case 'string':
      return (lexer.isNational(n) ? 'N' : '') + quoted(value, noBackslashEscapes);
    case 'name':
      return named(value);
    case 'variable':
      return value === '' ? "@''" : `@${named(value)}`;
    case 'word':
      return lexer.word(n) === 'NULL' ? 'NULL' : value;
    default:
      return value;
  }
}

function named(value: string): string {
  return `\`${value.replaceAll('`', '``')}\``;
}

function quoted(value: string, noBackslashEscapes: boolean): string {
  const doubled = value.replaceAll("'", "''");
  return `'${noBackslashEscapes ? doubled : doubled.replaceAll('\\', '\\\\')}'`;
}
