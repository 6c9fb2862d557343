/** The texts of the statements in a batch, for display. */
import { isArray, isObject } from '../core/json.ts';
import { CAPS, type StatementReader } from '../sql/index.ts';

/** Null where the text is too long to be parsed for display alone, or cannot be. */
export function statementTexts(reader: StatementReader, sql: string): readonly string[] | null {
  const bytes = Buffer.from(sql);
  if (bytes.length > CAPS.inlineBytesMax) return null;
  const parsed = reader.parser.parse(bytes, 0, bytes.length);
  const statements = parsed.outcome === 'tree' && isObject(parsed.tree) ? parsed.tree['stmts'] : undefined;
  if (statements === undefined || !isArray(statements)) return null;
  return statements.map((raw) => {
    const start = isObject(raw) ? Number(raw['stmt_location'] ?? 0) : 0;
    const length = isObject(raw) ? Number(raw['stmt_len'] ?? 0) : 0;
    // The last statement has no length where no semicolon ends it.
    return bytes.toString('utf8', start, length === 0 ? bytes.length : start + length).trim();
  });
}
