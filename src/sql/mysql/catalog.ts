/**
 * What Sluice knows of one MySQL or MariaDB server, by the server's own rules for names. A catalog is one epoch: it
 * never changes; a refresh makes another. Names that it does not have are for its users to judge: it guesses nothing.
 */
import type {
  MysqlCatalogView,
  MysqlObjects,
  MysqlRoutine,
  MysqlTable,
  ServerTraits,
} from './catalog-model.ts';
import { foldName } from './fold-name.ts';

/** They are on every server, whoever may see them. */
const SYSTEM_SCHEMAS: readonly string[] = ['information_schema', 'mysql', 'performance_schema', 'sys'];

export const EMPTY_MYSQL_OBJECTS: MysqlObjects = { schemas: [], tables: [], routines: [], loadable: [] };

/** Whether a schema is the server's own. `schema` as written: spelled otherwise it is the server's only where case does not count. */
export function isMysqlSystemSchema(schema: string, { lowerCaseTableNames }: ServerTraits): boolean {
  return SYSTEM_SCHEMAS.includes(schemaKey(schema, lowerCaseTableNames));
}

export class MysqlCatalog implements MysqlCatalogView {
  readonly traits: ServerTraits;
  readonly epoch: number;
  readonly objects: MysqlObjects;
  readonly #schemas: ReadonlySet<string>;
  readonly #tables = new Map<string, MysqlTable>();
  readonly #named = new Map<string, MysqlTable[]>();
  readonly #routines = new Map<string, MysqlRoutine>();
  readonly #loadable: ReadonlySet<string>;

  constructor(traits: ServerTraits, objects: MysqlObjects, epoch: number) {
    this.traits = traits;
    this.epoch = epoch;
    this.objects = objects;
    const schemas = [...SYSTEM_SCHEMAS, ...objects.schemas, ...objects.tables.map(({ schema }) => schema)];
    this.#schemas = new Set(schemas.map((schema) => this.#schemaKey(schema)));
    for (const table of objects.tables) {
      const schema = this.#schemaKey(table.schema);
      this.#tables.set(`${schema}\0${this.#tableKey(schema, table.name)}`, table);
      const named = this.#tableKey(schema, table.name);
      const others = this.#named.get(named);
      if (others === undefined) this.#named.set(named, [table]);
      else others.push(table);
    }
    for (const routine of objects.routines) {
      this.#routines.set(this.#routineKey(routine.kind, routine.schema, routine.name), routine);
    }
    this.#loadable = new Set(objects.loadable.map(foldName));
  }

  hasSchema(schema: string): boolean {
    return this.#schemas.has(this.#schemaKey(schema));
  }

  table(schema: string, name: string): MysqlTable | null {
    const key = this.#schemaKey(schema);
    return this.#tables.get(`${key}\0${this.#tableKey(key, name)}`) ?? null;
  }

  routine(kind: 'function' | 'procedure', schema: string, name: string): MysqlRoutine | null {
    return this.#routines.get(this.#routineKey(kind, schema, name)) ?? null;
  }

  isLoadable(name: string): boolean {
    return this.#loadable.has(foldName(name));
  }

  tablesNamed(name: string): readonly MysqlTable[] {
    const exact = this.#named.get(this.#tableKey('', name)) ?? [];
    // Names of information_schema have no case, whatever those of other schemas have.
    const system =
      this.traits.lowerCaseTableNames === 0
        ? (this.#tables.get(`${INFORMATION_SCHEMA}\0${foldName(name)}`) ?? null)
        : null;
    return system === null || exact.includes(system) ? exact : [...exact, system];
  }

  tablesIn(schema: string): readonly MysqlTable[] {
    const key = this.#schemaKey(schema);
    return this.objects.tables.filter((table) => this.#schemaKey(table.schema) === key);
  }

  /** Tables and views outside the server's own schemas, for checks of a policy's patterns. */
  *userTables(): Iterable<MysqlTable> {
    for (const table of this.objects.tables) {
      if (!isMysqlSystemSchema(table.schema, this.traits)) yield table;
    }
  }

  #schemaKey(schema: string): string {
    return schemaKey(schema, this.traits.lowerCaseTableNames);
  }

  #tableKey(schemaKeyed: string, name: string): string {
    return this.traits.lowerCaseTableNames === 0 && schemaKeyed !== INFORMATION_SCHEMA
      ? name
      : foldName(name);
  }

  #routineKey(kind: MysqlRoutine['kind'], schema: string, name: string): string {
    return `${kind}\0${this.#schemaKey(schema)}\0${foldName(name)}`;
  }
}

const INFORMATION_SCHEMA = 'information_schema';

/** Schemas are compared as tables are, but for information_schema, whose name never has a case. */
function schemaKey(schema: string, lowerCaseTableNames: ServerTraits['lowerCaseTableNames']): string {
  const folded = foldName(schema);
  return lowerCaseTableNames !== 0 || folded === INFORMATION_SCHEMA ? folded : schema;
}
