/**
 * The grammar of MySQL's and MariaDB's statements: tokens become trees, and every token belongs to a production. What
 * is not in the grammar is refused, compound statements among it.
 */
import type { Expression, ParsedStatement, Query } from '../ast.ts';
import type { LexerMode, Tokens } from '../token.ts';
import { Cursor } from './cursor.ts';
import { parseExpression } from './expression.ts';
import { parseInnerQuery } from './query.ts';
import { parseStatement } from './statement.ts';

export { UnreadableSyntax } from './unreadable-syntax.ts';

/** The statements of a text, between semicolons; none of an empty text. Throws UnreadableSyntax. */
export function parseStatements(tokens: Tokens, mode: LexerMode): readonly ParsedStatement[] {
  const c = open(tokens, mode);
  const statements: ParsedStatement[] = [];
  while (c.kind !== 'end') {
    c.parameters = 0;
    const { start } = c;
    const statement = parseStatement(c);
    statements.push({ statement, start, end: c.endBefore, parameters: c.parameters });
    // The server forgets the comment where it cuts the text, and reads its end mark as two operators.
    if (c.mark === ';' && tokens.opened(c.at)) c.refuse('a semicolon outside of executable comments');
    if (!c.takeMark(';')) expectEnd(c);
  }
  return statements;
}

/** A query that is the whole text, such as a view's definition. Throws UnreadableSyntax. */
export function parseQueryText(tokens: Tokens, mode: LexerMode): Query {
  const c = open(tokens, mode);
  const query = parseInnerQuery(c);
  expectEnd(c);
  return query;
}

/** An expression that is the whole text, such as a generated column's. Throws UnreadableSyntax. */
export function parseExpressionText(tokens: Tokens, mode: LexerMode): Expression {
  const c = open(tokens, mode);
  const expression = parseExpression(c);
  expectEnd(c);
  return expression;
}

/** Oracle mode has a grammar of its own, which is not read. */
function open(tokens: Tokens, mode: LexerMode): Cursor {
  const c = new Cursor(tokens, mode);
  if (mode.sqlMode.has('ORACLE')) c.refuse('a session that is not in Oracle mode');
  return c;
}

function expectEnd(c: Cursor): void {
  if (c.kind !== 'end') c.refuse('the end of the statement');
}
