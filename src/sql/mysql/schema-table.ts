/** Columns and keys as CREATE TABLE and ALTER TABLE write them. */
import type { MysqlColumn } from './catalog-model.ts';
import type { SchemaTokens } from './schema-tokens.ts';

export interface TableParts {
  readonly columns: MysqlColumn[];
  readonly uniqueKeys: (readonly string[])[];
}

const KEYS: ReadonlySet<string> = new Set([
  'PRIMARY',
  'UNIQUE',
  'KEY',
  'INDEX',
  'FULLTEXT',
  'SPATIAL',
  'FOREIGN',
  'CHECK',
]);

/** What a column's type ends at. */
const ATTRIBUTES: ReadonlySet<string> = new Set(
  `NOT NULL DEFAULT AUTO_INCREMENT PRIMARY KEY UNIQUE COMMENT COLLATE CHARACTER CHARSET GENERATED AS INVISIBLE VISIBLE
   REFERENCES CHECK CONSTRAINT ON COLUMN_FORMAT STORAGE ENGINE_ATTRIBUTE SECONDARY_ENGINE_ATTRIBUTE SRID REF_SYSTEM_ID
   WITH WITHOUT COMPRESSED FIRST AFTER ASCII UNICODE BINARY`
    .trim()
    .split(/\s+/),
);

/** One element between the commas of a table's definition: a column, a key or a constraint. */
export function readElement(element: SchemaTokens, table: TableParts): void {
  if (element.take('CONSTRAINT') && !KEYS.has(element.word())) element.name();
  const word = element.word();
  if (!KEYS.has(word) && !(word === 'PERIOD' && element.word(1) === 'FOR')) {
    readColumn(element, table);
    return;
  }
  if (element.take('PRIMARY', 'KEY')) readKey(element, table, true);
  else if (element.take('UNIQUE')) readKey(element, table, false);
}

/** `[name] [USING …] (parts)`. */
function readKey(element: SchemaTokens, table: TableParts, isPrimary: boolean): void {
  while (!element.isAtEnd && !element.isMark('(')) element.at++;
  if (element.isAtEnd) return;
  addKey(table, element.group(), isPrimary);
}

/** A key on the beginnings of columns or on expressions says nothing of whole values. */
export function addKey(table: TableParts, parts: SchemaTokens, isPrimary: boolean): void {
  const names: string[] = [];
  for (const part of parts.parts()) {
    if (part.isMark('(') || part.isMark('(', 1)) return;
    names.push(part.name());
  }
  table.uniqueKeys.push(names);
  if (!isPrimary) return;
  for (const [n, column] of table.columns.entries()) {
    if (names.some((name) => name.toLowerCase() === column.name.toLowerCase()))
      table.columns[n] = { ...column, nullable: false };
  }
}

export function readColumn(element: SchemaTokens, table: TableParts): void {
  const name = element.name();
  const typeFrom = element.at;
  while (!element.isAtEnd && !ATTRIBUTES.has(element.word())) element.skip();
  const written = lowerOutsideQuotes(element.textFrom(typeFrom));
  const isSerial = written === 'serial';
  const { nullable, isUnique, invisible, generation } = readAttributes(element);
  const known = table.columns.findIndex((column) => column.name.toLowerCase() === name.toLowerCase());
  const column: MysqlColumn = {
    name,
    number: known < 0 ? table.columns.length + 1 : known + 1,
    type: isSerial ? 'bigint unsigned' : written,
    nullable: nullable && !isSerial,
    generation,
    invisible,
  };
  if (known < 0) table.columns.push(column);
  else table.columns[known] = column;
  if (isUnique || isSerial) table.uniqueKeys.push([name]);
}

interface Attributes {
  readonly nullable: boolean;
  readonly isUnique: boolean;
  readonly invisible: boolean;
  readonly generation: string | null;
}

function readAttributes(element: SchemaTokens): Attributes {
  let [nullable, isUnique, invisible] = [true, false, false];
  let generation: string | null = null;
  while (!element.isAtEnd) {
    if (element.take('NOT', 'NULL')) nullable = false;
    else if (element.take('PRIMARY') || element.take('KEY')) {
      nullable = false;
      isUnique = true;
      element.take('KEY');
    } else if (element.take('UNIQUE')) {
      isUnique = true;
      element.take('KEY');
    } else if (element.take('INVISIBLE')) invisible = true;
    else if (element.take('AS') && element.isMark('(')) generation = element.group().rest;
    // Its name may be any word.
    else if (element.take('CONSTRAINT')) element.skip();
    else element.skip();
  }
  return { nullable, isUnique, invisible, generation };
}

/** Labels of enums keep their case. */
function lowerOutsideQuotes(type: string): string {
  return type.replaceAll(/'(?:[^'\\]|''|\\.)*'|[^']+/gs, (part) =>
    part.startsWith("'") ? part : part.toLowerCase(),
  );
}
