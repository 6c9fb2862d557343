/** What is gathered while one statement's tree is walked, and how its names are looked up. */
import { type Effect, type EffectSet, effectSet } from '../../core/effects.ts';
import type {
  ColumnUse,
  FunctionUse,
  RelationName,
  RelationUse,
  Revealed,
  RowBound,
  TemporaryTable,
  TextParameter,
} from '../../core/facts.ts';
import { NOWHERE, type Origins } from '../origins.ts';
import { Uses } from '../uses.ts';
import type { Expression, ParsedStatement, Query } from './ast.ts';
import type { Carried } from './carried.ts';
import type { MysqlReading, MysqlTable } from './catalog-model.ts';
import type { Reached } from './columns.ts';
import { foldName } from './fold-name.ts';
import type { Shape } from './scope.ts';
import { systemName } from './system-names.ts';
import { NoDatabase, Unreadable } from './unreadable.ts';

/** Parses text that is found within the walk. Throws Unreadable. */
export interface InnerParser {
  /** A view's query, as the catalog has it: in no sql_mode. */
  query(text: string): Query;
  /** A generated column's expression, likewise. */
  expression(text: string): Expression;
  /** What a statement holds as a string, in the session's mode. */
  statements(text: string): readonly ParsedStatement[];
}

/** What lies behind a view: computed once per catalog epoch. */
export interface Inside {
  readonly shape: Shape;
  readonly effects: EffectSet;
  readonly relations: readonly RelationUse[];
  readonly functions: readonly FunctionUse[];
  readonly returnsSets: boolean;
  /** What code that it runs may store. */
  readonly stores: readonly ColumnUse[];
  readonly storesUnknown: boolean;
  /** What running it may come to. */
  readonly carried: Carried;
}

/** One thing that a relation name may stand for. */
export interface Candidate extends RelationName {
  readonly relation: MysqlTable | null;
  readonly temporary: TemporaryTable | null;
}

export type ColumnReference = Extract<Expression, { is: 'column' }>;

/** Names looked up and columns gathered in one statement: some 50 ms of work. */
const WORK_MAX = 5_000_000;

/** Deeper recursion than the parser lets through, as when views are nested in views. */
const DEPTH_MAX = 600;

export class Analysis {
  readonly reading: MysqlReading;
  readonly parser: InnerParser;
  effects: EffectSet = 0;
  readonly kinds: string[] = [];
  readonly uses = new Uses();
  readonly settings = new Set<string>();
  readonly makesTemporary: TemporaryTable[] = [];
  readonly textParameters: TextParameter[] = [];
  unfiltered = false;
  changesReading = false;
  /** It may set by which rules the next text is cut into tokens: its sql_mode, its character set. */
  movesLexing = false;
  unresolved = false;
  /** The queries within the statement, with what their own LIMIT or shape says. */
  readonly bounds = new Map<Query, RowBound>();
  /** Queries seen so far: how much a server has read shows in its counters. */
  queries = 0;
  /** How many values were met whose collation has MySQL turn others into a character set that does not have them all. */
  narrowing = 0;
  /** How many values were met that are documents. */
  documents = 0;
  /** What decides how large documents are that the statement makes: MySQL keeps them whole in what it sorts, and runs out of memory. */
  grown: Origins = NOWHERE;
  /** Rows are sorted somewhere in it. */
  sorts = false;
  /** It is no query: what a query would warn of, strict mode makes an error. */
  strict = false;
  /** JSON_TABLE and the like run, so that row counts do not follow from the tables. */
  returnsSets = false;
  /** Offsets of literals whose value no fact depends on, and of those that were looked at. */
  readonly seenLiterals: number[] = [];
  readonly lookedAt = new Set<number>();
  /** What each column reference may stand for: whether a condition restricts a table is asked of it. */
  readonly reached = new Map<ColumnReference, Reached | null>();
  #depth = 0;
  #work = 0;

  constructor(reading: MysqlReading, parser: InnerParser) {
    this.reading = reading;
    this.parser = parser;
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
    if (this.#work > WORK_MAX) throw new Unreadable('more queries, tables and columns than Sluice follows');
  }

  /** Visits a value that is only compared or counted: where it is a bare column, it reveals no more than that. */
  revealing<Result>(reveals: Revealed, value: Expression | null, visit: () => Result): Result {
    if (value?.is !== 'column') return visit();
    return this.uses.revealing(reveals, visit);
  }

  /** Takes over what a view does behind its name. */
  addInside(inside: Inside, effects: EffectSet): void {
    this.effects |= inside.effects;
    this.uses.addBehind(inside, effects);
    for (const use of inside.stores) this.uses.addColumn(use, 'source', use.reveals);
    this.returnsSets ||= inside.returnsSets;
    this.uses.storesUnknown ||= inside.storesUnknown;
  }

  /** What this analysis of a view's query comes to for whoever uses it. */
  asInside(shape: Shape, carried: Carried): Inside {
    return {
      shape,
      carried,
      effects: this.effects,
      relations: [...this.uses.relations.values()],
      functions: [...this.uses.functions.values()],
      returnsSets: this.returnsSets,
      stores: [...this.uses.columns.values()].filter(({ place }) => place === 'source'),
      storesUnknown: this.uses.storesUnknown,
    };
  }

  /** A literal was visited and its value left alone. */
  seeLiteral(offset: number): void {
    this.seenLiterals.push(offset);
  }

  /** A fact depends on this literal's value. */
  lookAt(offset: number): void {
    this.lookedAt.add(offset);
  }

  /** Names and aliases of tables are the same by lower_case_table_names. */
  sameTableName(left: string, right: string): boolean {
    if (left === right) return true;
    return this.reading.catalog.traits.lowerCaseTableNames !== 0 && foldName(left) === foldName(right);
  }

  /** Schemas likewise, save for information_schema, whose name has no case. */
  sameSchema(left: string, right: string): boolean {
    if (this.sameTableName(left, right)) return true;
    const folded = foldName(left);
    return folded === 'information_schema' && folded === foldName(right);
  }

  /**
   * Everything that a relation's name may stand for in this session, never empty. A temporary table hides others in
   * the schema that it was made in, which is not followed: both count.
   */
  candidates(schema: string | null, name: string): readonly Candidate[] {
    const { catalog, schema: current, temporary } = this.reading;
    const own = temporary.find((table) => this.sameTableName(table.name, name)) ?? null;
    const searched = schema ?? current;
    if (searched === undefined) {
      const found = catalog.tablesNamed(name).map((relation) => candidateOf(relation));
      if (own !== null) found.push({ schema: null, name, relation: null, temporary: own });
      return found.length > 0 ? found : [{ schema: null, name, relation: null, temporary: null }];
    }
    if (searched === null) throw new NoDatabase(`a table without a schema, where none is chosen: ${name}`);
    const relation = catalog.table(searched, name);
    const found = relation === null ? [] : [candidateOf(relation)];
    if (own !== null) found.push({ schema: searched, name, relation: null, temporary: own });
    return found.length > 0 ? found : [{ ...systemName(searched, name), relation: null, temporary: null }];
  }
}

/** In the catalog's spelling, which is the one that policies are written in. */
function candidateOf(relation: MysqlTable): Candidate {
  return { schema: relation.schema, name: relation.name, relation, temporary: null };
}
