import { type EffectSet, effectSet } from './effects.ts';

/** A relation as policy names it. `schema` is null where the name could stand for any schema. */
export interface RelationName {
  readonly schema: string | null;
  readonly name: string;
}

/** How a statement touches a relation. */
export interface RelationUse extends RelationName {
  /** Which of the statement's effects this relation bears: a table that is only read bears `read`. */
  readonly effects: EffectSet;
  /** `direct`: named by the statement; `view`: reached through a view or function; `inherited`: child or parent table. */
  readonly role: 'direct' | 'view' | 'inherited';
  /** False: the catalog does not have it, so its schema and columns are not known. */
  readonly known: boolean;
  /** Whatever schema it is in, it is none of the server's own, which are known by the server's version. */
  readonly outsideSystem?: true;
}

export type Access = 'read' | 'write';

/** `read` where nothing of the relation is changed or locked. */
export function accessOf(use: RelationUse): Access {
  return (use.effects & ~READING_EFFECTS) === 0 ? 'read' : 'write';
}

const READING_EFFECTS = effectSet('read', 'copy-out', 'network');

/** `failure`: whether the statement fails depends on its value. `assignment`: the column is written. `source`: its value is stored elsewhere, or given to a function that has effects. */
export const PLACES = [
  'output',
  'filter',
  'join',
  'group',
  'order',
  'failure',
  'assignment',
  'source',
] as const;
export type Place = (typeof PLACES)[number];

/** What the use of a column tells about its value: whether there is one, whether it equals another, or anything. */
export type Revealed = 'presence' | 'equality' | 'anything';

/** A base column and where in the statement it is used. `column` is `*` for the whole row of a relation not known. */
export interface ColumnUse {
  readonly schema: string | null;
  readonly table: string;
  readonly column: string;
  readonly place: Place;
  readonly reveals: Revealed;
}

/** A parameter, 1-based, that a base column is compared with by equality as long as it is bound as a text. */
export interface TextParameter {
  readonly index: number;
  readonly schema: string | null;
  readonly table: string;
  readonly column: string;
}

export type Volatility = 'immutable' | 'stable' | 'volatile' | 'unknown';

export interface FunctionUse {
  readonly schema: string | null;
  readonly name: string;
  readonly volatility: Volatility;
}

/**
 * How an output column depends on a base column, from the weakest to the strongest claim of likeness. `presence`:
 * only on whether it is NULL.
 */
export type Dependence = 'presence' | 'computed' | 'aggregated' | 'row' | 'copied';

export interface Origin {
  readonly schema: string | null;
  readonly table: string;
  readonly column: string;
  readonly how: Dependence;
}

/** One column of the result. `origins` null: where its values come from could not be established. */
export interface OutputColumn {
  readonly name: string;
  readonly origins: readonly Origin[] | null;
}

/**
 * How many rows the statement can return, as far as its text says (DESIGN 3, bounds). `system`: no limit is
 * written, but the rows only describe objects, settings or plans.
 */
export type RowBound =
  | { readonly kind: 'none' }
  | { readonly kind: 'system' }
  | { readonly kind: 'rows'; readonly max: number }
  | { readonly kind: 'parameter'; readonly index: number }
  | { readonly kind: 'unbounded' };

export type TransactionAct = 'begin' | 'commit' | 'rollback' | 'savepoint' | 'other';

/** How COPY … TO STDOUT writes rows; `unknown`: in a way that Sluice does not read, such as another encoding. */
export type CopyFormat =
  | { readonly kind: 'text'; readonly delimiter: string; readonly nullText: string; readonly header: boolean }
  | {
      readonly kind: 'csv';
      readonly delimiter: string;
      readonly nullText: string;
      readonly header: boolean;
      readonly quote: string;
      readonly escape: string;
    }
  | { readonly kind: 'binary' }
  | { readonly kind: 'unknown' };

/** What the statement does to the session's own names and modes; a protocol session follows it. */
export type SessionAct =
  | { readonly act: 'none' }
  | { readonly act: 'transaction'; readonly kind: TransactionAct }
  | { readonly act: 'prepare'; readonly name: string; readonly inner: StatementFacts }
  | { readonly act: 'execute'; readonly name: string; readonly args: readonly ConstantArgument[] }
  | { readonly act: 'deallocate'; readonly name: string | null }
  | { readonly act: 'declare'; readonly name: string; readonly holdable: boolean }
  | { readonly act: 'fetch'; readonly name: string }
  | { readonly act: 'close'; readonly name: string | null }
  | { readonly act: 'discard-all' }
  /** Another database becomes the current one. */
  | { readonly act: 'use'; readonly schema: string }
  /** Ends a session, by the id that clients know it by, or only what it runs. */
  | { readonly act: 'kill'; readonly query: boolean; readonly id: number }
  | { readonly act: 'copy-in' }
  | { readonly act: 'copy-out'; readonly format: CopyFormat };

/** An argument of EXECUTE as a bound can use it: an integer, NULL, or anything else. */
export type ConstantArgument = number | null | 'other';

/** Everything policy can ask about one statement; computed from its text alone, never from a principal. */
export interface StatementFacts {
  /** The statement's verb in the server's words, such as `SELECT` or `DROP TABLE`. */
  readonly kind: string;
  /** `kind` and the verbs of every nested part that runs with it. */
  readonly kinds: readonly string[];
  readonly effects: EffectSet;
  readonly relations: readonly RelationUse[];
  readonly columns: readonly ColumnUse[];
  /** Bound otherwise, each of them tells more than equality. */
  readonly textParameters: readonly TextParameter[];
  readonly functions: readonly FunctionUse[];
  /** Settings that it changes, lower case. */
  readonly settings: readonly string[];
  readonly bound: RowBound;
  /** An UPDATE or DELETE whose WHERE restricts nothing. */
  readonly unfiltered: boolean;
  /** Null where the statement returns no rows, or where its columns could not be established. */
  readonly outputs: readonly OutputColumn[] | null;
  readonly act: SessionAct;
  /** It may change how later text is read (search_path, lexical settings): later statements wait until it is known. */
  readonly changesReading: boolean;
  /** It stores values whose origin could not be established. */
  readonly storesUnknown: boolean;
  /** Values whose origin could not be established decide which rows there are, or in which order. */
  readonly comparesUnknown: boolean;
  /** Relation names that the catalog does not have; a fresh catalog may. */
  readonly unresolved: boolean;
  /** Tables of the session's own that it makes, with their columns (null: not known). */
  readonly makesTemporary: readonly TemporaryTable[];
}

export interface TemporaryTable {
  readonly name: string;
  readonly columns: readonly string[] | null;
}
