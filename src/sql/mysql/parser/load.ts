/** LOAD DATA, LOAD XML, LOAD INDEX INTO CACHE. */
import type { Assignment, Expression, Statement } from '../ast.ts';
import { parseAssignments } from './assignments.ts';
import type { Cursor } from './cursor.ts';
import { parseFileFormat } from './file-format.ts';
import { parseInteger, parseStringValue } from './literals.ts';
import { parseCacheTables } from './maintenance.ts';
import { parseCharsetName, parseColumn, parseNameList, parseTableName } from './names.ts';

export function parseLoad(c: Cursor): Statement {
  c.expectWord('LOAD');
  if (c.takeWord('INDEX')) {
    c.expectWords('INTO', 'CACHE');
    return { is: 'maintenance', kind: 'LOAD INDEX INTO CACHE', tables: parseCacheTables(c) };
  }
  const xml = c.takeWord('XML');
  if (!xml) c.expectWord('DATA');
  if (!c.takeWord('LOW_PRIORITY')) c.takeWord('CONCURRENT');
  const local = c.takeWord('LOCAL');
  c.expectWord('INFILE');
  const file = parseStringValue(c, 'the name of a file');
  if (!c.takeWord('REPLACE')) c.takeWord('IGNORE');
  c.expectWords('INTO', 'TABLE');
  const table = parseTableName(c);
  if (c.takeWord('PARTITION')) parseNameList(c, 'the name of a partition');
  if (c.takeWord('CHARSET') || c.takeWords('CHARACTER', 'SET')) parseCharsetName(c, 'a character set');
  if (xml && c.takeWord('ROWS')) {
    c.expectWords('IDENTIFIED', 'BY');
    parseStringValue(c, 'a tag');
  }
  parseFileFormat(c);
  if (c.takeWord('IGNORE')) {
    parseInteger(c, 'a number of lines');
    if (!c.takeWord('LINES')) c.expectWord('ROWS');
  }
  const columns = c.mark === '(' ? parseTargets(c) : [];
  const assignments: readonly Assignment[] = c.takeWord('SET') ? parseAssignments(c) : [];
  return { is: 'load', local, file, xml, table, columns, assignments };
}

/** Columns and variables that a line's fields go to. */
function parseTargets(c: Cursor): readonly Expression[] {
  const targets: Expression[] = [];
  c.expectMark('(');
  if (c.takeMark(')')) return targets;
  do {
    if (c.kind === 'variable') {
      targets.push({ is: 'user-variable', name: c.text });
      c.advance();
    } else targets.push(parseColumn(c));
  } while (c.takeMark(','));
  c.expectMark(')');
  return targets;
}
