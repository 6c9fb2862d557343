/** From a column's name and the counts of its values to a mask, or to nothing. */
import {
  baseOf,
  type CellType,
  type DetectorName,
  type MaskerName,
  makeMasker,
  maskerProblem,
  POSTGRES_CODEC,
} from '../masking/index.ts';
import type { ColumnCensus, DetectorCount } from './census.ts';
import { KINDS, type Kind } from './kinds.ts';
import { innermost, kindByName } from './names.ts';

export interface ClassifiedColumn {
  readonly schema: string;
  readonly table: string;
  readonly column: string;
  /** As the server prints it. */
  readonly typeName: string;
  readonly type: CellType;
}

/** A column that ought to be masked, every cell. */
export interface ColumnFinding {
  readonly column: ClassifiedColumn;
  readonly kind: Kind;
  readonly masker: MaskerName;
  /** Whose name says so; null: only the values do. */
  readonly named: 'column' | 'table' | null;
  readonly census: ColumnCensus;
}

/** A column in whose values something is found now and then, among other things. */
export interface DetectFinding {
  readonly column: ClassifiedColumn;
  readonly counts: readonly DetectorCount[];
  readonly census: ColumnCensus;
}

export type Finding = ColumnFinding | DetectFinding | null;

/** A column is what at least this share of its values is. */
const MOST = 0.5;
/** Numbers pass the rules of cards by chance, three of a hundred. */
const MOST_NUMBERS = 0.8;
const NUMBERS_MIN = 10;
/** A detector that is wrong once in hundreds of values is right. */
const SOME = 0.01;
const SOME_MIN = 2;
/** What one value in thousands would be too many of, and hardly anything else looks like. */
const GRAVE: ReadonlySet<DetectorName> = new Set([
  'credit-card',
  'us-ssn',
  'iban',
  'vendor-key',
  'jwt',
  'private-key',
]);
const NUMERIC_KINDS = new Set(['int4', 'int8', 'integer', 'numeric', 'float8']);

export function classify(column: ClassifiedColumn, census: ColumnCensus): Finding {
  const byName = kindByName(column.table, column.column, column.type);
  const byValues = kindByValues(column, census);
  // Where a detector knows every form of what the name says, values that are something else tell more.
  const mayBeOther = byName === null || byName.kind.surelyDetected;
  const chosen = mayBeOther ? (byValues ?? byName?.kind ?? null) : byName.kind;
  if (chosen !== null) {
    const named = byName?.kind === chosen ? byName.of : null;
    return { column, kind: chosen, masker: maskerFor(chosen, column.type, census), named, census };
  }
  if (NUMERIC_KINDS.has(innermost(column.type).kind)) return null;
  const counts = census.counts.filter(
    ({ detector, whole, part }) =>
      (GRAVE.has(detector) || (whole + part >= SOME_MIN && whole + part >= SOME * census.values)) &&
      !isVersion(detector, column),
  );
  return counts.length === 0 ? null : { column, counts, census };
}

function kindByValues(column: ClassifiedColumn, { values, counts }: ColumnCensus): Kind | null {
  const isNumber = NUMERIC_KINDS.has(innermost(column.type).kind);
  if (values === 0 || (isNumber && values < NUMBERS_MIN)) return null;
  const known = counts.filter(({ detector }) => !isVersion(detector, column));
  const whole = known.reduce((sum, count) => sum + count.whole, 0);
  if (whole < (isNumber ? MOST_NUMBERS : MOST) * values) return null;
  const [most] = [...known].sort((a, b) => b.whole - a.whole);
  return KINDS.find((kind) => most !== undefined && kind.detectors.includes(most.detector)) ?? null;
}

/** Four numbers with dots are a version where the name says so. */
function isVersion(detector: DetectorName, { column }: ClassifiedColumn): boolean {
  return detector === 'ip' && /version|release|build/i.test(column);
}

function maskerFor(kind: Kind, type: CellType, { values, isoDates }: ColumnCensus): MaskerName {
  const fitting = kind.maskers.filter((name) => {
    const masker = makeMasker({ name, options: undefined, ring: null }, POSTGRES_CODEC);
    if (maskerProblem(masker, type) !== null) return false;
    // Of text that is no ISO date, `year` would leave NULL.
    const isText = baseOf(type).kind !== 'date' && !baseOf(type).kind.startsWith('timestamp');
    return name !== 'year' || !isText || (values > 0 && isoDates === values);
  });
  return fitting[0] ?? 'null';
}
