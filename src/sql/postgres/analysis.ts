/** What is gathered while one statement's tree is walked, and how its names are looked up. */
import { type Effect, type EffectSet, effectSet } from '../../core/effects.ts';
import type {
  ColumnUse,
  FunctionUse,
  Place,
  RelationName,
  RelationUse,
  Revealed,
  TemporaryTable,
  Volatility,
} from '../../core/facts.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Origins } from '../origins.ts';
import { type AstNode, Unreadable } from './ast.ts';
import { type Catalog, type CatalogRelation, relationKey } from './catalog.ts';
import type { Scope, Shape } from './scope.ts';

/** The mode in which a session's text is read: what a facts cache belongs to. */
export interface Reading {
  readonly catalog: Catalog;
  /** Schemas searched for unqualified names, in order, pg_catalog included; null where it is not known. */
  readonly path: readonly string[] | null;
  /** Temporary tables that the session has made. */
  readonly temporary: readonly TemporaryTable[];
}

/** What lies behind a view or a readable function: computed once per catalog epoch. */
export interface Inside {
  readonly shape: Shape;
  readonly effects: EffectSet;
  readonly relations: readonly RelationUse[];
  readonly functions: readonly FunctionUse[];
  readonly settings: readonly string[];
  readonly readingSettings: readonly string[];
  readonly changesReading: boolean;
  readonly unfiltered: boolean;
  /** The verbs of what it changes. */
  readonly kinds: readonly string[];
}

/** Parses SQL text that comes from the catalog: a view's query or a function's body. */
export type ParseText = (sql: string) => readonly AstNode[];

/** One thing that a relation name may stand for. */
export interface Candidate extends RelationName {
  readonly relation: CatalogRelation | null;
  readonly temporary: TemporaryTable | null;
}

/** Names looked up and columns gathered in one statement: some 50 ms of work. */
const WORK_MAX = 5_000_000;

/** Deeper recursion than the lexer's caps let through, as when views are nested in views. */
const DEPTH_MAX = 400;

export class Analysis {
  readonly reading: Reading;
  readonly parseText: ParseText;
  effects: EffectSet = 0;
  readonly kinds: string[] = [];
  readonly relations = new Map<string, RelationUse>();
  readonly columns = new Map<string, ColumnUse>();
  readonly functions = new Map<string, FunctionUse>();
  readonly settings = new Set<string>();
  /** Those of `settings` that are changed as it runs and that change how later text is read. */
  readonly readingSettings = new Set<string>();
  readonly makesTemporary: TemporaryTable[] = [];
  /** What the column that is visited next reveals of itself: set around a bare column that is compared or counted. */
  reveals: Revealed = 'anything';
  unfiltered = false;
  changesReading = false;
  unresolved = false;
  /** Values whose origin is not known are stored, or given to a function that has effects. */
  storesUnknown = false;
  /** Values whose origin is not known decide which rows there are, or in which order. */
  comparesUnknown = false;
  /** How many operations were met that may fail by the values they are given. */
  fallible = 0;
  /** How many queries were met inside of expressions. */
  queries = 0;
  /** A set-returning function runs, so that row counts do not follow from the tables. */
  returnsSets = false;
  /** Offsets of constants whose value no fact depends on, and of those that were looked at. */
  readonly seenConstants: number[] = [];
  readonly lookedAt = new Set<number>();
  /** Struct bodies that the walk has been through; completeness.ts holds the tree against it. */
  readonly visited = new Set<JsonObject>();
  /** The scope in which each column reference was looked up. */
  readonly scopes = new Map<JsonObject, Scope>();
  #depth = 0;
  #work = 0;

  constructor(reading: Reading, parseText: ParseText) {
    this.reading = reading;
    this.parseText = parseText;
  }

  addEffects(...effects: readonly Effect[]): void {
    this.effects |= effectSet(...effects);
  }

  /** Runs `walk` one level deeper, or refuses. */
  nested<Result>(walk: () => Result): Result {
    if (this.#depth >= DEPTH_MAX) throw new Unreadable(`nesting deeper than ${DEPTH_MAX}`);
    this.#depth++;
    try {
      return walk();
    } finally {
      this.#depth--;
    }
  }

  /** Counts work that grows with the product of two things in the statement, or refuses. */
  spend(units: number): void {
    this.#work += units;
    if (this.#work > WORK_MAX) throw new Unreadable('so many columns of so many tables');
  }

  addRelation(name: RelationName, effects: EffectSet, role: RelationUse['role'], known: boolean): void {
    const key = relationKey(name);
    const use = this.relations.get(key);
    if (use === undefined) {
      this.relations.set(key, { schema: name.schema, name: name.name, effects, role, known });
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
    const key = `${relationKey({ schema, name: table })}\0${name}\0${place}`;
    const known = this.columns.get(key);
    if (known !== undefined && REVEALING[known.reveals] >= REVEALING[reveals]) return;
    this.columns.set(key, { schema, table, column: name, place, reveals });
  }

  addColumns(origins: Origins, place: Place, reveals: Revealed = this.reveals): void {
    if (origins === null) {
      if (place === 'source') this.storesUnknown = true;
      else if (place !== 'output' && place !== 'assignment') this.comparesUnknown = true;
      return;
    }
    for (const origin of origins) {
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

  /** Visits what takes one way or another: where one may fail, that it does tells which was taken. */
  branching(visit: () => Origins): Origins {
    const before = this.fallible;
    const origins = visit();
    if (this.fallible > before) this.addColumns(origins, 'failure', 'anything');
    return origins;
  }

  /** Visits a value that is only compared or counted: where it is a bare column, it reveals no more than that. */
  revealing<Result>(reveals: Revealed, value: AstNode | null, visit: () => Result): Result {
    if (value?.tag !== 'ColumnRef') return visit();
    const before = this.reveals;
    this.reveals = reveals;
    try {
      return visit();
    } finally {
      this.reveals = before;
    }
  }

  addFunction(schema: string | null, name: string, volatility: Volatility): void {
    const key = relationKey({ schema, name });
    const known = this.functions.get(key);
    if (known === undefined || RANK[known.volatility] < RANK[volatility]) {
      this.functions.set(key, { schema, name, volatility });
    }
  }

  /** Takes over what a view or function does behind its name. */
  addInside(inside: Inside, effects: EffectSet): void {
    this.effects |= inside.effects;
    for (const use of inside.relations) {
      const role = use.role === 'direct' ? 'view' : use.role;
      this.addRelation(use, use.effects | effects, role, use.known);
    }
    for (const use of inside.functions) this.addFunction(use.schema, use.name, use.volatility);
    for (const setting of inside.settings) this.settings.add(setting);
    for (const setting of inside.readingSettings) this.readingSettings.add(setting);
    this.changesReading ||= inside.changesReading;
    this.unfiltered ||= inside.unfiltered;
    this.kinds.push(...inside.kinds);
  }

  /** What this analysis of a view's query or a function's body comes to for whoever uses it. */
  asInside(shape: Shape): Inside {
    return {
      shape,
      effects: this.effects,
      relations: [...this.relations.values()],
      functions: [...this.functions.values()],
      settings: [...this.settings],
      readingSettings: [...this.readingSettings],
      changesReading: this.changesReading,
      unfiltered: this.unfiltered,
      kinds: [...new Set(this.kinds)].filter((kind) => kind !== 'SELECT'),
    };
  }

  /** Takes over what a nested statement does. Its constants stay behind: `adoptConstants` takes those of the same text. */
  adopt(inner: Analysis): void {
    this.effects |= inner.effects;
    this.kinds.push(...inner.kinds);
    for (const use of inner.relations.values()) this.addRelation(use, use.effects, use.role, use.known);
    for (const use of inner.columns.values()) this.addColumn(use, use.place, use.reveals);
    for (const use of inner.functions.values()) this.addFunction(use.schema, use.name, use.volatility);
    for (const setting of inner.settings) this.settings.add(setting);
    for (const setting of inner.readingSettings) this.readingSettings.add(setting);
    this.unfiltered ||= inner.unfiltered;
    this.unresolved ||= inner.unresolved;
    this.changesReading ||= inner.changesReading;
    this.storesUnknown ||= inner.storesUnknown;
    this.comparesUnknown ||= inner.comparesUnknown;
  }

  /** Takes over what was visited and looked at in a part of this statement's own text. */
  adoptConstants(inner: Analysis): void {
    for (const body of inner.visited) this.visited.add(body);
    for (const offset of inner.seenConstants) this.seeConstant(offset);
    for (const offset of inner.lookedAt) this.lookAt(offset);
  }

  /** A constant was visited and its value left alone. */
  seeConstant(offset: number): void {
    this.seenConstants.push(offset);
  }

  /** A fact depends on this constant's value. */
  lookAt(offset: number): void {
    this.lookedAt.add(offset);
  }

  /** Everything that a relation's name may stand for in this session, never empty. */
  candidates(schema: string | null, name: string): readonly Candidate[] {
    const { catalog, path, temporary } = this.reading;
    if (schema !== null) {
      const own = isTemporarySchema(schema) ? temporaryNamed(temporary, name) : null;
      const relation = own === null ? catalog.relation(schema, name) : null;
      return [candidate(own === null ? schema : 'pg_temp', name, relation, own)];
    }
    const found: Candidate[] = [];
    const own = temporaryNamed(temporary, name);
    if (own !== null) found.push(candidate('pg_temp', name, null, own));
    if (path === null) {
      for (const relation of catalog.relationsNamed(name)) {
        found.push(candidate(relation.schema, name, relation, null));
      }
      return found.length > 0 ? found : [candidate(null, name, null, null)];
    }
    for (const searched of path) {
      const relation = catalog.relation(searched, name);
      if (relation !== null) return [...found, candidate(searched, name, relation, null)];
    }
    if (found.length > 0) return found;
    const possible = path.filter((searched) => searched !== 'pg_catalog' && !isTemporarySchema(searched));
    return possible.length > 0
      ? possible.map((searched) => candidate(searched, name, null, null))
      : [candidate(null, name, null, null)];
  }
}

const REVEALING: Readonly<Record<Revealed, number>> = { presence: 0, equality: 1, anything: 2 };
const RANK: Readonly<Record<Volatility, number>> = { immutable: 0, stable: 1, volatile: 2, unknown: 3 };

export function isTemporarySchema(schema: string): boolean {
  return schema === 'pg_temp' || schema.startsWith('pg_temp_');
}

function candidate(
  schema: string | null,
  name: string,
  relation: CatalogRelation | null,
  temporary: TemporaryTable | null,
): Candidate {
  return { schema, name, relation, temporary };
}

function temporaryNamed(tables: readonly TemporaryTable[], name: string): TemporaryTable | null {
  return tables.find((table) => table.name === name) ?? null;
}
