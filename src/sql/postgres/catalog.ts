/**
 * What Sluice knows of one database: its own objects by name, on top of what initdb puts there.
 * A catalog is one epoch: it never changes; a refresh makes another.
 */
import type { RelationName, Volatility } from '../../core/facts.ts';
import { nameKey } from '../name-key.ts';
import { type Builtins, builtinsOf, type FunctionTraits } from './builtin.ts';
import type { ParserMajor } from './parser.ts';

export type RelationKind =
  | 'table'
  | 'view'
  | 'materialized-view'
  | 'foreign-table'
  | 'sequence'
  | 'index'
  | 'composite-type';

export interface CatalogColumn {
  readonly name: string;
  /** pg_attribute.attnum, or the 1-based place in a schema file. */
  readonly number: number;
  /** As format_type prints it, such as `character varying(20)`. */
  readonly type: string;
  readonly notNull: boolean;
  /** pg_attribute.atttypid and atttypmod; 0 and -1 where the catalog was read from a schema file. */
  readonly typeOid: number;
  readonly typeModifier: number;
  /** Of a generated column: the columns of the same row that it is made of; empty for others. */
  readonly madeFrom: readonly string[];
}

/** A type outside pg_catalog, as pg_type has it: how its values are put together. */
export interface CatalogType {
  readonly oid: number;
  readonly name: string;
  /** pg_type.typtype: b base, c composite, d domain, e enum, m multirange, p pseudo, r range. */
  readonly typtype: string;
  /** The element's type, where this is a true array; 0 where not. */
  readonly elementOid: number;
  readonly delimiter: string;
  /** Of a domain; 0 where not. */
  readonly baseOid: number;
  readonly baseModifier: number;
  /** Of a range or multirange: the type of its bounds; 0 where not. */
  readonly boundOid: number;
  readonly labels: readonly string[];
  /** Of a composite: its fields in order. */
  readonly fields: readonly { readonly oid: number; readonly modifier: number }[];
}

export interface QualifiedName {
  readonly schema: string;
  readonly name: string;
}

export function relationKey({ schema, name }: RelationName): string {
  return nameKey(schema, name);
}

export interface CatalogRelation {
  readonly schema: string;
  readonly name: string;
  /** pg_class.oid; null where the catalog was read from a schema file. */
  readonly oid: number | null;
  readonly kind: RelationKind;
  readonly columns: readonly CatalogColumn[];
  /** The query of a view, with every name qualified; null for other kinds. */
  readonly definition: string | null;
  /** Inheritance and partitioning, one level up. */
  readonly parents: readonly QualifiedName[];
  /** Columns of each unique index without predicate or expressions. */
  readonly uniqueKeys: readonly (readonly string[])[];
  /** It has rules beside a view's own: whatever writes to it runs what they say instead, or besides. */
  readonly rewritten: boolean;
  /** A relation of pg_catalog or information_schema. */
  readonly system: boolean;
}

export interface CatalogFunction {
  readonly schema: string;
  readonly name: string;
  readonly volatility: Volatility;
  readonly returnsSet: boolean;
  readonly aggregate: boolean;
  /** Lower case, such as `sql`, `plpgsql`, `c`. */
  readonly language: string;
  /** The text of a `LANGUAGE sql` body; null where it cannot be read. */
  readonly body: string | null;
}

export interface CatalogObjects {
  readonly schemas: readonly string[];
  readonly relations: readonly CatalogRelation[];
  readonly functions: readonly CatalogFunction[];
  /** Operators outside pg_catalog, with the functions behind them as `schema.name`. */
  readonly operators: readonly { readonly name: string; readonly function: string }[];
  /** Types outside pg_catalog, with the functions of casts to and from them and of domains' checks as `schema.name`. */
  readonly types: readonly {
    readonly schema: string;
    readonly name: string;
    readonly casts: readonly string[];
  }[];
  /** The same types and their arrays, as values are made of them. */
  readonly typeRows: readonly CatalogType[];
}

export const EMPTY_OBJECTS: CatalogObjects = {
  schemas: ['public'],
  relations: [],
  functions: [],
  operators: [],
  types: [],
  typeRows: [],
};

const SYSTEM_SCHEMAS: ReadonlySet<string> = new Set(['pg_catalog', 'information_schema', 'pg_toast']);

export function isSystemSchema(schema: string | null): boolean {
  return schema !== null && SYSTEM_SCHEMAS.has(schema);
}

export class Catalog {
  readonly major: ParserMajor;
  /** Grows with every refresh; part of every cache key by way of the catalog's identity. */
  readonly epoch: number;
  readonly builtins: Builtins;
  readonly schemas: ReadonlySet<string>;
  readonly #relations = new Map<string, CatalogRelation>();
  readonly #byName = new Map<string, CatalogRelation[]>();
  readonly #children = new Map<string, CatalogRelation[]>();
  readonly #functions = new Map<string, CatalogFunction[]>();
  readonly #operators = new Map<string, string[]>();
  readonly #types = new Map<string, string[]>();
  readonly #typeRows = new Map<number, CatalogType>();
  readonly #byOid = new Map<number, CatalogRelation>();

  constructor(major: ParserMajor, objects: CatalogObjects, epoch: number) {
    this.major = major;
    this.epoch = epoch;
    this.builtins = builtinsOf(major);
    this.schemas = new Set([...objects.schemas, ...SYSTEM_SCHEMAS]);
    for (const relation of objects.relations) this.#addRelation(relation);
    for (const [schema, relations] of this.builtins.relations) {
      for (const [name, builtin] of relations) {
        this.#addRelation({
          schema,
          name,
          oid: null,
          kind: builtin.kind,
          columns: builtin.columns.map((column, n) => ({
            name: column,
            number: n + 1,
            type: '',
            notNull: false,
            typeOid: 0,
            typeModifier: -1,
            madeFrom: [],
          })),
          definition: null,
          parents: [],
          uniqueKeys: [],
          rewritten: false,
          system: true,
        });
      }
    }
    for (const fn of objects.functions) append(this.#functions, fn.name, fn);
    for (const operator of objects.operators) append(this.#operators, operator.name, operator.function);
    for (const type of objects.types) {
      const casts = this.#types.get(type.name) ?? [];
      casts.push(...type.casts);
      this.#types.set(type.name, casts);
    }
    for (const row of objects.typeRows) this.#typeRows.set(row.oid, row);
  }

  #addRelation(relation: CatalogRelation): void {
    this.#relations.set(relationKey(relation), relation);
    append(this.#byName, relation.name, relation);
    if (relation.oid !== null) this.#byOid.set(relation.oid, relation);
    for (const parent of relation.parents) append(this.#children, relationKey(parent), relation);
  }

  relation(schema: string, name: string): CatalogRelation | null {
    return this.#relations.get(relationKey({ schema, name })) ?? null;
  }

  /** By pg_class.oid; null for those that initdb makes, and for those that the catalog does not have. */
  relationByOid(oid: number): CatalogRelation | null {
    return this.#byOid.get(oid) ?? null;
  }

  typeByOid(oid: number): CatalogType | undefined {
    return this.#typeRows.get(oid);
  }

  /** Every relation of that name, whatever its schema. */
  relationsNamed(name: string): readonly CatalogRelation[] {
    return this.#byName.get(name) ?? [];
  }

  /** The user's own relations, for checks of a policy's patterns. */
  *userRelations(): Iterable<CatalogRelation> {
    for (const relation of this.#relations.values()) if (!relation.system) yield relation;
  }

  childrenOf(relation: CatalogRelation): readonly CatalogRelation[] {
    return this.#children.get(relationKey(relation)) ?? [];
  }

  /** The user's own functions of that name, in every schema. */
  functionsNamed(name: string): readonly CatalogFunction[] {
    return this.#functions.get(name) ?? [];
  }

  *userFunctions(): Iterable<CatalogFunction> {
    for (const overloads of this.#functions.values()) yield* overloads;
  }

  builtinFunction(schema: string, name: string): FunctionTraits | null {
    return this.builtins.functions.get(schema)?.get(name) ?? null;
  }

  /** Functions behind user-made operators of that name, as `schema.name`; null where no such operator is known. */
  operatorFunctions(name: string): readonly string[] | null {
    const own = this.#operators.get(name);
    if (own !== undefined) return own;
    return this.builtins.operators.has(name) ? [] : null;
  }

  /** Functions behind casts to and from a user-made type, and behind a domain's checks; null where no such type is known. */
  typeCasts(name: string): readonly string[] | null {
    return this.#types.get(name) ?? (this.builtins.types.has(name) ? [] : null);
  }
}

function append<Key, Item>(map: Map<Key, Item[]>, key: Key, item: Item): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [item]);
  else list.push(item);
}
