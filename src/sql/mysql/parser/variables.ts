import type { Expression } from '../ast.ts';
import type { Cursor } from './cursor.ts';
import { parseExpression } from './expression.ts';

/** `@v`, `@v := x`. */
export function parseUserVariable(c: Cursor): Expression {
  const name = c.text;
  c.advance();
  if (!c.takeMark(':=')) return { is: 'user-variable', name };
  return { is: 'assign', variable: name, value: parseExpression(c) };
}

/** `@@name`, `@@scope.name`, and `@@cache.name` of a key cache, or of another structure. */
export function parseSystemVariable(c: Cursor): Expression {
  c.advance();
  const first = parseVariableWord(c);
  const lower = first.toLowerCase();
  const scope = lower === 'global' || lower === 'session' || lower === 'local' ? lower : null;
  if (!c.takeMark('.')) {
    if (scope !== null) c.refuse("'.'");
    return { is: 'system-variable', scope, name: lower };
  }
  const name = parseVariableWord(c).toLowerCase();
  if (scope === null) return { is: 'system-variable', scope, name: `${lower}.${name}` };
  if (!c.takeMark('.')) return { is: 'system-variable', scope, name };
  return { is: 'system-variable', scope, name: `${name}.${parseVariableWord(c).toLowerCase()}` };
}

/** Any word names a variable here, which ones do the server knows; MariaDB's names of connections are strings. */
export function parseVariableWord(c: Cursor): string {
  if (c.kind !== 'word' && c.kind !== 'name' && c.kind !== 'string') c.refuse('the name of a variable');
  const text = c.text;
  c.advance();
  return text;
}
