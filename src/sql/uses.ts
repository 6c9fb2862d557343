/** What a statement uses, as it is gathered: relations, columns by place, functions; and what is not known of them. */
import type { EffectSet } from '../core/effects.ts';
import {
  type ColumnUse,
  type FunctionUse,
  type Origin,
  PLACES,
  type Place,
  type RelationName,
  type RelationUse,
  type Revealed,
  type StatementFacts,
  type Volatility,
} from '../core/facts.ts';
import { nameKey } from './name-key.ts';
import type { Origins } from './origins.ts';

export class Uses {
  readonly relations = new Map<string, RelationUse>();
  readonly columns = new Map<string, ColumnUse>();
  readonly functions = new Map<string, FunctionUse>();
  /** What the column that is visited next reveals of itself: set around a bare column that is compared or counted. */
  #reveals: Revealed = 'anything';
  /** Values whose origin is not known are stored, or given to a function that has effects. */
  storesUnknown = false;
  /** Values whose origin is not known decide which rows there are, or in which order. */
  comparesUnknown = false;
  /** How many operations were met that may fail by the values they are given. */
  fallible = 0;
  /** By origin: in which places it was added, as revealing what. */
  readonly #noted = new Map<Origin, number>();
  readonly #systemIsKnown: boolean;

  /** `systemIsKnown`: a relation in a schema that is not known is none of the server's own. */
  constructor(systemIsKnown = false) {
    this.#systemIsKnown = systemIsKnown;
  }

  addRelation(name: RelationName, effects: EffectSet, role: RelationUse['role'], known: boolean): void {
    const key = nameKey(name.schema, name.name);
    const use = this.relations.get(key);
    if (use === undefined) {
      const made = { schema: name.schema, name: name.name, effects, role, known };
      const isOutside = this.#systemIsKnown && name.schema === null;
      this.relations.set(key, isOutside ? { ...made, outsideSystem: true } : made);
      return;
    }
    const nearer = use.role === 'direct' || role !== 'direct' ? use.role : role;
    this.relations.set(key, { ...use, effects: use.effects | effects, role: nearer });
  }

  addColumn(
    column: Omit<ColumnUse, 'place' | 'reveals'>,
    place: Place,
    reveals: Revealed = 'anything',
  ): void {
    const { schema, table, column: name } = column;
    const key = `${nameKey(schema, table)}\0${name}\0${place}`;
    const known = this.columns.get(key);
    if (known !== undefined && REVEALING[known.reveals] >= REVEALING[reveals]) return;
    this.columns.set(key, { schema, table, column: name, place, reveals });
  }

  addColumns(origins: Origins, place: Place, reveals: Revealed = this.#reveals): void {
    if (origins === null) {
      if (place === 'source') this.storesUnknown = true;
      else if (place !== 'output' && place !== 'assignment') this.comparesUnknown = true;
      return;
    }
    for (const origin of origins) {
      // Origins of base columns are the same objects wherever a column is named: most of them come again.
      const bit = 1 << (PLACES.indexOf(place) * 3 + REVEALING[reveals]);
      const noted = this.#noted.get(origin) ?? 0;
      if ((noted & bit) !== 0) continue;
      this.#noted.set(origin, noted | bit);
      // What was computed from a column can tell anything of it, however it is compared.
      const own = origin.how === 'copied' ? reveals : origin.how === 'presence' ? 'presence' : 'anything';
      this.addColumn(origin, place, own);
    }
  }

  /** An operation may fail by values of these columns. */
  mayFail(origins: Origins): void {
    this.fallible++;
    this.addColumns(origins, 'failure', 'anything');
  }

  /** Columns that `visit` adds reveal no more of themselves than that. */
  revealing<Result>(reveals: Revealed, visit: () => Result): Result {
    const before = this.#reveals;
    this.#reveals = reveals;
    try {
      return visit();
    } finally {
      this.#reveals = before;
    }
  }

  addFunction(schema: string | null, name: string, volatility: Volatility): void {
    const key = nameKey(schema, name);
    const known = this.functions.get(key);
    if (known === undefined || RANK[known.volatility] < RANK[volatility]) {
      this.functions.set(key, { schema, name, volatility });
    }
  }

  /** As facts have them. */
  asFacts(): Pick<
    StatementFacts,
    'relations' | 'columns' | 'functions' | 'storesUnknown' | 'comparesUnknown'
  > {
    const { storesUnknown, comparesUnknown } = this;
    return {
      relations: [...this.relations.values()],
      columns: [...this.columns.values()],
      functions: [...this.functions.values()],
      storesUnknown,
      comparesUnknown,
    };
  }

  /** Takes over what a nested statement uses. */
  adopt(inner: Uses): void {
    for (const use of inner.relations.values()) this.addRelation(use, use.effects, use.role, use.known);
    for (const use of inner.columns.values()) this.addColumn(use, use.place, use.reveals);
    for (const use of inner.functions.values()) this.addFunction(use.schema, use.name, use.volatility);
    this.storesUnknown ||= inner.storesUnknown;
    this.comparesUnknown ||= inner.comparesUnknown;
  }

  /** Takes over what is used behind a name, with the effects that are had on it by that name. */
  addBehind(
    inside: { readonly relations: readonly RelationUse[]; readonly functions: readonly FunctionUse[] },
    effects: EffectSet,
  ): void {
    for (const use of inside.relations) {
      const role = use.role === 'direct' ? 'view' : use.role;
      this.addRelation(use, use.effects | effects, role, use.known);
    }
    for (const use of inside.functions) this.addFunction(use.schema, use.name, use.volatility);
  }
}

const REVEALING: Readonly<Record<Revealed, number>> = { presence: 0, equality: 1, anything: 2 };
const RANK: Readonly<Record<Volatility, number>> = { immutable: 0, stable: 1, volatile: 2, unknown: 3 };
