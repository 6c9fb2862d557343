import type { Into } from '../ast.ts';
import type { Cursor } from './cursor.ts';
import { parseFileFormat } from './file-format.ts';
import { parseStringValue } from './literals.ts';
import { parseCharsetName } from './names.ts';

/** INTO OUTFILE, INTO DUMPFILE, INTO @a, @b. Bare names would be variables of a routine, which no statement is in. */
export function parseInto(c: Cursor): Into {
  c.expectWord('INTO');
  if (c.takeWord('OUTFILE')) {
    const file = parseStringValue(c, 'the name of a file');
    if (c.takeWord('CHARSET') || c.takeWords('CHARACTER', 'SET')) parseCharsetName(c, 'a character set');
    parseFileFormat(c);
    return { into: 'outfile', file };
  }
  if (c.takeWord('DUMPFILE')) return { into: 'dumpfile', file: parseStringValue(c, 'the name of a file') };
  const names: string[] = [];
  do {
    if (c.kind !== 'variable') c.refuse('a variable');
    names.push(c.text);
    c.advance();
  } while (c.takeMark(','));
  return { into: 'variables', names };
}
