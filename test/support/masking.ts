/** Masking one cell, as tests want it: text in, text out. */
import {
  ByteSink,
  type CellDialect,
  type CellFormat,
  type CellType,
  type ColumnMask,
  compilePlan,
  DETECTORS,
  type DetectorName,
  KEPT_CELL,
  type KeyRing,
  type MaskerName,
  type MaskerSpec,
  maskOne,
  maskPlan,
  NULL_CELL,
  TEXT,
} from '../../src/masking/index.ts';

export const RING: KeyRing = {
  current: 'k2',
  keys: [
    { id: 'k1', secret: Buffer.alloc(32, 1) },
    { id: 'k2', secret: Buffer.alloc(32, 2) },
  ],
};

export const DETECTOR_NAMES = Object.keys(DETECTORS).filter((name): name is DetectorName =>
  Object.hasOwn(DETECTORS, name),
);

export function spec(name: MaskerName, options: unknown = null, ring: KeyRing | null = RING): MaskerSpec {
  return { name, options, ring };
}

export function every(
  name: MaskerName,
  options: unknown = null,
  nulls: 'keep' | 'mask' = 'keep',
  ring = RING,
): ColumnMask {
  return { how: 'mask', masker: spec(name, options, ring), nulls };
}

export function found(
  masker: MaskerSpec = spec('redact'),
  detectors: readonly DetectorName[] = DETECTOR_NAMES,
  patterns: readonly string[] = [],
): ColumnMask {
  return { how: 'detect', rules: [{ detectors, patterns, masker }] };
}

export interface MaskedAs {
  readonly type?: CellType;
  readonly format?: CellFormat;
  readonly label?: string;
  readonly dialect?: CellDialect;
}

/** The cell's new bytes; null: NULL; the very bytes that went in where the cell is kept. */
export function maskBytes(mask: ColumnMask, cell: Buffer | null, as: MaskedAs = {}): Buffer | null {
  const { type = TEXT, format = 'text', label = null, dialect = 'postgres' } = as;
  const plan = compilePlan(maskPlan([{ type, format, label, mask }], dialect));
  const out = new ByteSink();
  // The cell lies between others, whose bytes are none of its affair.
  const source = Buffer.concat([Buffer.from('4 '), cell ?? Buffer.alloc(0), Buffer.from('4111')]);
  const size = cell?.length ?? 0;
  const length = maskOne(plan, 0, source, 2, 2 + size, cell === null ? NULL_CELL : size, out);
  if (length === NULL_CELL) return null;
  if (length === KEPT_CELL) return cell;
  return out.taken();
}

export function maskText(mask: ColumnMask, cell: string, as: MaskedAs = {}): string | null {
  return maskBytes(mask, Buffer.from(cell), as)?.toString() ?? null;
}
