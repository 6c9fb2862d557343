/** What a dialect knows of a result's columns: how their cells are written, and where the server says they come from. */
import type { OutputColumn } from '../core/facts.ts';
import type { ResultField } from '../core/masks.ts';
import type { CellType } from '../masking/index.ts';

/** The base column behind a field, by the server's own word. `none`: it is computed, or the server's own affair. */
export type ServersWord =
  | { readonly is: 'none' }
  | { readonly is: 'column'; readonly schema: string; readonly table: string; readonly column: string }
  | {
      readonly is: 'row';
      readonly schema: string;
      readonly table: string;
      readonly columns: readonly string[];
    }
  /** The relation is known, and has no such column: the catalog is out of date. */
  | { readonly is: 'unknown-column' }
  /** It names a relation that the catalog does not have; a temporary table is one. */
  | { readonly is: 'unknown' };

/** Answers by the newest reading of the catalog. */
export interface ResultDescriber {
  cellType(field: ResultField): CellType;
  word(field: ResultField): ServersWord;
  /** The type of a column of COPY, which describes none: that of the column that it copies. */
  copiedType(output: OutputColumn): CellType;
}
