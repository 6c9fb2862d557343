/** A catalog from a schema file's text. */
import { isArray, isObject } from '../../core/json.ts';
import { asNode } from './ast.ts';
import { Catalog } from './catalog.ts';
import type { StatementReader } from './reader.ts';
import { SchemaFile } from './schema-file.ts';

/** Where in the file the grammar stopped; `offset` in characters. */
export class SchemaSyntaxError extends Error {
  override readonly name = 'SchemaSyntaxError';
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

/** Lines that only psql understands, such as `\connect` and `\restrict` in a dump, are blanked. */
function withoutMetaCommands(text: string): string {
  return text.replaceAll(/^\\.*$/gm, (line) => ' '.repeat(line.length));
}

/** Reads `text` with the grammar of the reader's version; throws SchemaSyntaxError where it cannot. */
export function catalogFromSchemaFile(text: string, reader: StatementReader): Catalog {
  const source = Buffer.from(withoutMetaCommands(text));
  const parsed = reader.parser.parse(source, 0, source.length);
  if (parsed.outcome === 'syntax-error') throw new SchemaSyntaxError(parsed.message, parsed.offset ?? 0);
  if (parsed.outcome !== 'tree') throw new Error('the schema file is too complex to be parsed');
  const schema = new SchemaFile(source);
  const statements = isObject(parsed.tree) ? parsed.tree['stmts'] : undefined;
  for (const raw of statements !== undefined && isArray(statements) ? statements : []) {
    if (!isObject(raw)) continue;
    const start = Number(raw['stmt_location'] ?? 0);
    const length = Number(raw['stmt_len'] ?? source.length - start);
    schema.read(asNode(raw['stmt']), start, start + length);
  }
  return new Catalog(reader.parser.major, schema.objects(), 1);
}
