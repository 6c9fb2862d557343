/**
 * A catalog from a file of definitions, for whoever has no server at hand: what `mysqldump --no-data` and
 * `mariadb-dump` write, and what people write like it. Its statements are carried out in order, as far as they make or
 * change what the catalog knows. All but routines and triggers has to be in the grammar; what else stands there, such
 * as SET and LOCK TABLES, is passed over.
 */
import { MysqlCatalog } from './catalog.ts';
import type { MysqlObjects, MysqlRoutine, MysqlTable, MysqlTrigger, ServerTraits } from './catalog-model.ts';
import { foldName } from './fold-name.ts';
import { Lexer } from './lexer.ts';
import { parseStatements, UnreadableSyntax } from './parser/index.ts';
import { MysqlSchemaError, type ScriptStatement, scriptStatements } from './schema-script.ts';
import { addKey, readColumn, readElement, type TableParts } from './schema-table.ts';
import { SchemaTokens, type WrittenName } from './schema-tokens.ts';
import { TextReader } from './text-reader.ts';
import type { LexerMode } from './token.ts';

export { MysqlSchemaError } from './schema-script.ts';

const NO_MODE: ReadonlySet<string> = new Set();

/** `schema`: the database that is the current one where the file begins. Throws MysqlSchemaError where it cannot be read. */
export function catalogFromMysqlSchemaFile(text: string, traits: ServerTraits, schema: string): MysqlCatalog {
  const source = Buffer.from(text);
  const file = new SchemaFile(traits, schema);
  for (const statement of scriptStatements(source, file.mode)) file.read(source, statement);
  return new MysqlCatalog(traits, file.objects(), 1);
}

class SchemaFile {
  readonly mode: LexerMode;
  readonly #traits: ServerTraits;
  readonly #schemas = new Set<string>();
  readonly #tables = new Map<string, MysqlTable>();
  readonly #routines: MysqlRoutine[] = [];
  readonly #loadable: string[] = [];
  readonly #lexer = new Lexer();
  readonly #reader = new TextReader();
  #schema: string;

  constructor(traits: ServerTraits, schema: string) {
    this.#traits = traits;
    this.mode = { flavour: traits.flavour, version: traits.version, sqlMode: NO_MODE };
    this.#schema = schema;
  }

  objects(): MysqlObjects {
    const tables = [...this.#tables.values()];
    return {
      schemas: [...new Set([...this.#schemas, ...tables.map(({ schema }) => schema)])],
      tables,
      routines: this.#routines,
      loadable: this.#loadable,
    };
  }

  read(source: Buffer, { start, end }: ScriptStatement): void {
    const scanned = this.#lexer.scan(source, start, end, this.mode);
    if (scanned.outcome === 'unreadable') throw new MysqlSchemaError(scanned.reason, start + scanned.at);
    const tokens = new SchemaTokens(this.#lexer);
    if (tokens.isAtEnd) return;
    if (tokens.take('CREATE') && this.#createWithBody(new SchemaTokens(this.#lexer, tokens.at))) return;
    this.#checkGrammar(start);
    try {
      this.#carryOut(new SchemaTokens(this.#lexer));
    } catch (error) {
      if (!(error instanceof NotCarriedOut)) throw error;
      throw new MysqlSchemaError(error.message, start + tokens.byte);
    }
  }

  #checkGrammar(start: number): void {
    try {
      parseStatements(this.#lexer, this.mode);
    } catch (error) {
      if (!(error instanceof UnreadableSyntax)) throw error;
      throw new MysqlSchemaError(error.message, start + error.offset);
    }
  }

  #carryOut(tokens: SchemaTokens): void {
    if (tokens.take('USE')) {
      this.#schema = tokens.name();
      this.#schemas.add(this.#schema);
    } else if (tokens.take('CREATE')) this.#create(tokens);
    else if (tokens.take('DROP', 'TABLE') || tokens.take('DROP', 'VIEW')) {
      tokens.take('IF', 'EXISTS');
      for (const name of tokens.parts()) this.#tables.delete(this.#keyOf(name.qualified()));
    } else if (tokens.take('ALTER', 'TABLE')) this.#alter(tokens);
    else if (tokens.word() === 'RENAME') throw new NotCarriedOut('RENAME in a file of definitions');
  }

  #create(tokens: SchemaTokens): void {
    const replaces = tokens.take('OR', 'REPLACE');
    if (tokens.take('TEMPORARY')) return;
    if (tokens.take('DATABASE') || tokens.take('SCHEMA')) {
      tokens.take('IF', 'NOT', 'EXISTS');
      this.#schemas.add(tokens.name());
    } else if (tokens.take('TABLE')) this.#createTable(tokens, replaces);
    else if (tokens.take('UNIQUE', 'INDEX')) this.#createKey(tokens);
    else if (tokens.take('SEQUENCE')) {
      tokens.take('IF', 'NOT', 'EXISTS');
      this.#put({ ...this.#empty(tokens.qualified()), kind: 'sequence' });
    } else {
      // ALGORITHM, DEFINER and SQL SECURITY stand before the word.
      while (!tokens.isAtEnd && tokens.word() !== 'VIEW' && tokens.word() !== 'INDEX') tokens.skip();
      if (tokens.take('VIEW')) this.#createView(tokens);
    }
  }

  #createTable(tokens: SchemaTokens, replaces: boolean): void {
    const keeps = tokens.take('IF', 'NOT', 'EXISTS') && !replaces;
    const table = this.#empty(tokens.qualified());
    if (keeps && this.#tables.has(this.#keyOf(table))) return;
    const like = tokens.word() === 'LIKE' ? tokens : tokens.word(1) === 'LIKE' ? tokens.group() : null;
    if (like?.take('LIKE')) {
      const model = this.#known(like.qualified());
      this.#put({ ...table, columns: model.columns, uniqueKeys: model.uniqueKeys });
      return;
    }
    const parts: TableParts = { columns: [], uniqueKeys: [] };
    if (tokens.isMark('(') && !beginsQuery(tokens))
      for (const element of tokens.group().parts()) readElement(element, parts);
    while (!tokens.isAtEnd && !beginsQuery(tokens)) tokens.skip();
    for (const [n, name] of (tokens.isAtEnd ? [] : this.#outputsOf(tokens.rest)).entries()) {
      const number = parts.columns.length + n + 1;
      if (!parts.columns.some((column) => foldName(column.name) === foldName(name)))
        parts.columns.push({ name, number, type: '', nullable: true, generation: null, invisible: false });
    }
    this.#put({ ...table, ...parts });
  }

  #createKey(tokens: SchemaTokens): void {
    tokens.take('IF', 'NOT', 'EXISTS');
    while (!tokens.isAtEnd && !tokens.take('ON')) tokens.skip();
    const table = this.#known(tokens.qualified());
    const parts = partsOf(table);
    addKey(parts, tokens.group(), false);
    this.#put({ ...table, ...parts });
  }

  #createView(tokens: SchemaTokens): void {
    tokens.take('IF', 'NOT', 'EXISTS');
    const view = this.#empty(tokens.qualified());
    const named = tokens.isMark('(')
      ? tokens
          .group()
          .parts()
          .map((part) => part.name())
      : null;
    tokens.take('AS');
    const definition = tokens.rest.replace(/\s+WITH\s+(?:(?:CASCADED|LOCAL)\s+)?CHECK\s+OPTION\s*$/i, '');
    const names = named ?? this.#outputsOf(definition);
    this.#put({
      ...view,
      kind: 'view',
      definition,
      columns: names.map((name, n) => ({
        name,
        number: n + 1,
        type: '',
        nullable: true,
        generation: null,
        invisible: false,
      })),
    });
  }

  /** The names of a query's columns, by what the file has defined so far. */
  #outputsOf(query: string): readonly string[] {
    const catalog = new MysqlCatalog(this.#traits, this.objects(), 1);
    const bytes = Buffer.from(query);
    const reading = { catalog, schema: this.#schema, sqlMode: NO_MODE, temporary: [] };
    const scanned = this.#reader.scan(bytes, 0, bytes.length, this.mode);
    const read = this.#reader.analyze(bytes, 0, bytes.length, scanned, reading);
    if (read.outcome === 'denied') throw new NotCarriedOut(read.denial.message);
    return read.statements[0]?.outputs?.map(({ name }) => name) ?? [];
  }

  #alter(tokens: SchemaTokens): void {
    tokens.take('IF', 'EXISTS');
    const table = this.#known(tokens.qualified());
    const parts = partsOf(table);
    for (const action of tokens.parts()) {
      if (action.take('ADD')) {
        action.take('COLUMN');
        action.take('IF', 'NOT', 'EXISTS');
        const elements = action.isMark('(') ? action.group().parts() : [action];
        for (const element of elements) readElement(element, parts);
      } else if (action.take('MODIFY')) {
        action.take('COLUMN');
        readColumn(action, parts);
      } else if (SHAPING.has(action.word())) {
        throw new NotCarriedOut(`ALTER TABLE … ${action.word()} in a file of definitions`);
      }
    }
    this.#put({ ...table, ...parts });
  }

  /** Routines and triggers, whose bodies are not read. False where it is none of them. */
  #createWithBody(tokens: SchemaTokens): boolean {
    while (!tokens.isAtEnd && !BODIED.has(tokens.word())) {
      if (PLAIN.has(tokens.word())) return false;
      tokens.skip();
    }
    const what = tokens.word();
    if (tokens.isAtEnd || !tokens.take(what)) return false;
    tokens.take('IF', 'NOT', 'EXISTS');
    if (what === 'TRIGGER') this.#createTrigger(tokens);
    else if (what !== 'EVENT') this.#createRoutine(tokens, what === 'FUNCTION' ? 'function' : 'procedure');
    return true;
  }

  #createTrigger(tokens: SchemaTokens): void {
    tokens.qualified();
    const events = new Set<MysqlTrigger['event']>();
    while (!tokens.isAtEnd && !tokens.take('ON')) {
      const event = EVENTS.get(tokens.word());
      if (event !== undefined) events.add(event);
      tokens.skip();
    }
    const table = this.#known(tokens.qualified());
    const made = [...events].map((event) => ({ event, body: tokens.rest }));
    this.#put({ ...table, triggers: [...table.triggers, ...made] });
  }

  #createRoutine(tokens: SchemaTokens, kind: MysqlRoutine['kind']): void {
    const { schema, name } = tokens.qualified();
    if (!tokens.isMark('(')) {
      // RETURNS … SONAME: a function of a library.
      this.#loadable.push(foldName(name));
      return;
    }
    tokens.skip();
    let [access, deterministic] = ['CONTAINS SQL', false];
    while (!tokens.isAtEnd && !BODY.has(tokens.word())) {
      const said = ACCESS.find((words) => tokens.take(...words));
      if (said !== undefined) access = said.join(' ');
      else if (tokens.take('NOT', 'DETERMINISTIC')) deterministic = false;
      else if (tokens.take('DETERMINISTIC')) deterministic = true;
      else if (!tokens.take('CHARACTER', 'SET')) tokens.skip();
    }
    const body = tokens.rest;
    this.#routines.push({ schema: schema ?? this.#schema, name, kind, access, deterministic, body });
  }

  #empty({ schema, name }: WrittenName): MysqlTable {
    return {
      schema: schema ?? this.#schema,
      name,
      kind: 'table',
      columns: [],
      definition: null,
      uniqueKeys: [],
      triggers: [],
    };
  }

  #put(table: MysqlTable): void {
    this.#tables.set(this.#keyOf(table), table);
  }

  #known(name: WrittenName): MysqlTable {
    const table = this.#tables.get(this.#keyOf(name));
    if (table === undefined) throw new NotCarriedOut(`"${name.name}", which the file has not defined before`);
    return table;
  }

  #keyOf({ schema, name }: WrittenName): string {
    const key = `${schema ?? this.#schema}\0${name}`;
    return this.#traits.lowerCaseTableNames === 0 ? key : foldName(key);
  }
}

/** What the file says cannot be applied to what it has said before. */
class NotCarriedOut extends Error {
  override readonly name = 'NotCarriedOut';
}

function partsOf({ columns, uniqueKeys }: MysqlTable): TableParts {
  return { columns: [...columns], uniqueKeys: [...uniqueKeys] };
}

/** Behind a table's options, WITH SYSTEM VERSIONING among them. */
function beginsQuery(tokens: SchemaTokens): boolean {
  const ahead = tokens.isMark('(') ? 1 : 0;
  if (tokens.word(ahead) === 'WITH') return tokens.word(ahead + 1) !== 'SYSTEM';
  return tokens.word(ahead) === 'SELECT';
}

const BODIED: ReadonlySet<string> = new Set(['FUNCTION', 'PROCEDURE', 'TRIGGER', 'EVENT']);
const PLAIN: ReadonlySet<string> = new Set([
  'TABLE',
  'VIEW',
  'INDEX',
  'DATABASE',
  'SCHEMA',
  'SEQUENCE',
  'USER',
]);
const EVENTS: ReadonlyMap<string, MysqlTrigger['event']> = new Map([
  ['INSERT', 'insert'],
  ['UPDATE', 'update'],
  ['DELETE', 'delete'],
]);
/** What a change of a table could take away or name anew. */
const SHAPING: ReadonlySet<string> = new Set(['DROP', 'RENAME', 'CHANGE']);
const ACCESS: readonly (readonly string[])[] = [
  ['CONTAINS', 'SQL'],
  ['NO', 'SQL'],
  ['READS', 'SQL', 'DATA'],
  ['MODIFIES', 'SQL', 'DATA'],
];
/** What a routine's body begins with. */
const BODY: ReadonlySet<string> = new Set(
  'BEGIN RETURN SELECT INSERT UPDATE DELETE REPLACE CALL SET IF CASE WITH LOOP WHILE REPEAT TRUNCATE DO'.split(
    ' ',
  ),
);
