/** What is gathered while one statement's tree is walked, and how its names are looked up. */
import { type Effect, type EffectSet, effectSet } from '../../core/effects.ts';
import type {
  FunctionUse,
  RelationName,
  RelationUse,
  Revealed,
  RowBound,
  TemporaryTable,
} from '../../core/facts.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Origins } from '../origins.ts';
import { Uses } from '../uses.ts';
import { type AstNode, Unreadable } from './ast.ts';
import type { Catalog, CatalogRelation } from './catalog.ts';
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
  readonly uses = new Uses(true);
  readonly settings = new Set<string>();
  /** Those of `settings` that are changed as it runs and that change how later text is read. */
  readonly readingSettings = new Set<string>();
  readonly makesTemporary: TemporaryTable[] = [];
  unfiltered = false;
  changesReading = false;
  unresolved = false;
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
  /** Items of FROM that are no table by name and yet have every row of one. */
  readonly everyRowOf = new Map<JsonObject, RelationName>();
  /** Queries in FROM, by their item, with what their own LIMIT or shape says. */
  readonly bounds = new Map<JsonObject, RowBound>();
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

  /** Visits what takes one way or another: where one may fail, that it does tells which was taken. */
  branching(visit: () => Origins): Origins {
    const before = this.uses.fallible;
    const origins = visit();
    if (this.uses.fallible > before) this.uses.addColumns(origins, 'failure', 'anything');
    return origins;
  }

  /** Visits a value that is only compared or counted: where it is a bare column, it reveals no more than that. */
  revealing<Result>(reveals: Revealed, value: AstNode | null, visit: () => Result): Result {
    if (value?.tag !== 'ColumnRef') return visit();
    return this.uses.revealing(reveals, visit);
  }

  /** Takes over what a view or function does behind its name. */
  addInside(inside: Inside, effects: EffectSet): void {
    this.effects |= inside.effects;
    this.uses.addBehind(inside, effects);
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
      relations: [...this.uses.relations.values()],
      functions: [...this.uses.functions.values()],
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
    this.uses.adopt(inner.uses);
    for (const setting of inner.settings) this.settings.add(setting);
    for (const setting of inner.readingSettings) this.readingSettings.add(setting);
    this.unfiltered ||= inner.unfiltered;
    this.unresolved ||= inner.unresolved;
    this.changesReading ||= inner.changesReading;
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
