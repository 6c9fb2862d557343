/** What a database gives to whoever classifies it, whatever its dialect: columns, and samples of their values. */
import type { ColumnCensus } from '../classify/census.ts';
import { CensusTaker } from '../classify/census.ts';
import type { ClassifiedColumn } from '../classify/finding.ts';

export interface TargetColumn extends ClassifiedColumn {
  /** Whether values of its type can hold what detectors find, and reading them runs nobody's code. */
  readonly sampled: boolean;
}

/** A table, or a view whose columns are of no table that is looked at. */
export interface Target {
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly TargetColumn[];
}

export interface TableSample {
  readonly rows: number;
  readonly censuses: ReadonlyMap<TargetColumn, ColumnCensus>;
  /** Why some or all of it was not read; null: it was. Never in the server's words, which may quote values. */
  readonly failure: string | null;
}

export interface ClassifySource {
  /** Postgres' major version; `MariaDB 10.11.6`. */
  readonly serverVersion: number | string;
  readonly targets: readonly Target[];
  /** Schemas that were left out, and of which views in the others show columns. */
  readonly behindViews: readonly string[];
  /** Reads columns of the n-th target. Throws where the connection is gone. */
  sample(n: number, columns: readonly TargetColumn[]): Promise<TableSample>;
  close(): Promise<void>;
}

/** Longer text is cut: what is looked for begins before, or is not worth what it costs. */
export const CHARACTERS_MAX = 4_000;
/** Larger values of other types cannot be cut, and are left out; as stored, so perhaps compressed. */
export const STORED_BYTES_MAX = 8_192;
export const STATEMENT_TIMEOUT_S = 10;
export const LOCK_TIMEOUT_S = 2;
/** Rows of a sample; of one column of the longest text they take 80 MB. */
export const SAMPLE_ROWS_MAX = 20_000;
/** Cells read at once, so that the widest table takes no more than that. */
const CELLS_MAX = 20_000;

export const FORBIDDEN = 'this account may not read it, or not all of its rows';

export interface Page {
  readonly rows: readonly (readonly (string | null)[])[];
  readonly failure: string | null;
}

/** Reads a table some columns at a time, and one by one where only some of them may be read. */
export async function sampleByPages(
  columns: readonly TargetColumn[],
  rowsWanted: number,
  read: (columns: readonly TargetColumn[]) => Promise<Page>,
): Promise<TableSample> {
  const censuses = new Map<TargetColumn, ColumnCensus>();
  const sampled = columns.filter((column) => column.sampled);
  const failures: string[] = [];
  const width = Math.max(1, Math.floor(CELLS_MAX / rowsWanted));
  let rows = 0;
  const take = async (some: readonly TargetColumn[]): Promise<void> => {
    const page = await read(some);
    rows = Math.max(rows, page.rows.length);
    if (page.failure === null) count(page, some, censuses);
    else if (some.length === 1 || page.failure !== FORBIDDEN) failures.push(page.failure);
    // Perhaps only one of them may not be read.
    else for (const column of some) await take([column]);
  };
  for (let at = 0; at < sampled.length; at += width) await take(sampled.slice(at, at + width));
  return { rows, censuses, failure: failures[0] ?? null };
}

function count(
  { rows }: Page,
  columns: readonly TargetColumn[],
  censuses: Map<TargetColumn, ColumnCensus>,
): void {
  columns.forEach((column, n) => {
    const taker = new CensusTaker(column.type, column.column);
    for (const row of rows) {
      const value = row[n];
      if (typeof value === 'string') taker.add(value);
    }
    censuses.set(column, taker.census);
  });
}
