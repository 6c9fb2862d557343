import type { Cursor } from './cursor.ts';
import { parseNameOrString } from './names.ts';

/** `name`, `'name'@'host'`, CURRENT_USER, CURRENT_USER(), CURRENT_ROLE. */
export function skipDefiner(c: Cursor): void {
  if (c.takeWord('CURRENT_USER') || c.takeWord('CURRENT_ROLE')) {
    if (c.takeMark('(')) c.expectMark(')');
    return;
  }
  parseNameOrString(c, 'a user');
  // The lexer takes @host for a variable.
  if (c.kind === 'variable') c.advance();
}
