/** Which cells of a result are masked, and how: first as plain data, then compiled for use. */
import { bindMasker, type CellMasker, constantBytes } from './cell-masker.ts';
import type { CellDialect, CellFormat, CellType } from './cell-type.ts';
import type { CellCodec } from './codec/codec.ts';
import { MYSQL_CODEC } from './codec/mysql.ts';
import { POSTGRES_CODEC } from './codec/postgres.ts';
import { bindDetection, type Detection } from './detect-cell.ts';
import { DetectingText } from './detect-text.ts';
import { CustomPattern } from './detectors/custom.ts';
import { DETECTORS, type DetectorName } from './detectors/index.ts';
import { Scanner, ScanTables } from './detectors/scanner.ts';
import { type MaskerSpec, makeMasker } from './make-masker.ts';
import type { Masker } from './masker.ts';
import { neutralValue } from './maskers/redact.ts';

export interface DetectRule {
  readonly detectors: readonly DetectorName[];
  /** RE2 regular expressions. */
  readonly patterns: readonly string[];
  readonly masker: MaskerSpec;
}

export type ColumnMask =
  /** Every cell. `nulls`: whether NULL stays NULL or is masked as well, so that nobody sees which values are missing. */
  | { readonly how: 'mask'; readonly masker: MaskerSpec; readonly nulls: 'keep' | 'mask' }
  /** What is found in a cell; the first rule that names a detector is the one for its hits. */
  | { readonly how: 'detect'; readonly rules: readonly DetectRule[] };

export interface ColumnPlan {
  readonly type: CellType;
  readonly format: CellFormat;
  /** What the column is called in the result, which tells detectors what to expect; null: nothing known. */
  readonly label: string | null;
  readonly mask: ColumnMask;
}

/** Plain data: it may be posted to a worker. It holds the keys of keyed maskers, so it is never logged or stored. */
export interface MaskPlan {
  /** Never used again for another plan in this process; workers keep what they compiled under it. */
  readonly id: number;
  readonly dialect: CellDialect;
  /** Only columns with a mask; a batch has their cells and no others. */
  readonly columns: readonly ColumnPlan[];
}

let nextPlanId = 1;

export function maskPlan(columns: readonly ColumnPlan[], dialect: CellDialect): MaskPlan {
  return { id: nextPlanId++, dialect, columns };
}

/**
 * The plan as it may be posted: a key that lies in a shared pool of buffers would take the whole pool along, with
 * whatever else is in it.
 */
export function postablePlan(plan: MaskPlan): MaskPlan {
  return {
    ...plan,
    columns: plan.columns.map((column) => ({ ...column, mask: postableMask(column.mask) })),
  };
}

function postableMask(mask: ColumnMask): ColumnMask {
  if (mask.how === 'mask') return { ...mask, masker: postableSpec(mask.masker) };
  return { ...mask, rules: mask.rules.map((rule) => ({ ...rule, masker: postableSpec(rule.masker) })) };
}

export function postableSpec(spec: MaskerSpec): MaskerSpec {
  if (spec.ring === null) return spec;
  const keys = spec.ring.keys.map(({ id, secret }) => ({ id, secret: Uint8Array.from(secret) }));
  return { ...spec, ring: { current: spec.ring.current, keys } };
}

export interface CompiledColumn {
  /** Null: no value of the type can hold what is looked for, so its cells stay. */
  readonly cell: CellMasker | null;
  /** What a NULL cell becomes; null: it stays NULL. */
  readonly ofNull: Buffer | null;
}

export interface CompiledPlan {
  readonly columns: readonly CompiledColumn[];
}

export const CODECS: Readonly<Record<CellDialect, CellCodec>> = {
  postgres: POSTGRES_CODEC,
  mysql: MYSQL_CODEC,
};

/** Throws where a masker, a key or a pattern is none that the configuration's check lets pass. */
export function compilePlan(plan: MaskPlan): CompiledPlan {
  const codec = CODECS[plan.dialect];
  return { columns: plan.columns.map((column) => compileColumn(column, codec)) };
}

function compileColumn({ type, format, label, mask }: ColumnPlan, codec: CellCodec): CompiledColumn {
  if (mask.how === 'detect') {
    return { cell: bindDetection(detectionOf(mask.rules, label, codec), type, format, codec), ofNull: null };
  }
  const masker = makeMasker(mask.masker, codec);
  const cell = bindMasker(masker, type, format, codec);
  return { cell, ofNull: mask.nulls === 'keep' ? null : nullReplacement(masker, type, format, codec) };
}

function nullReplacement(
  masker: Masker,
  type: CellType,
  format: CellFormat,
  codec: CellCodec,
): Buffer | null {
  const constant = masker.constant === undefined ? neutralValue(type) : masker.constant(type);
  return constantBytes(constant, type, format, codec);
}

/** For texts and documents whose values have no column. Throws as `compilePlan` does. */
export function detectingText(rules: readonly DetectRule[]): DetectingText {
  const { scanner, maskers } = detectionOf(rules, null, CODECS.postgres);
  return new DetectingText(scanner, maskers, CODECS.postgres);
}

interface SharedDetection {
  readonly tables: ScanTables;
  readonly maskers: readonly Masker[];
  readonly addressRule: number | null;
}

/** Columns of a plan share their rules, and the tables made of them. */
const shared: Readonly<Record<CellDialect, WeakMap<readonly DetectRule[], SharedDetection>>> = {
  postgres: new WeakMap(),
  mysql: new WeakMap(),
};

function detectionOf(rules: readonly DetectRule[], label: string | null, codec: CellCodec): Detection {
  const known = shared[codec.dialect].get(rules) ?? shareDetection(rules, codec);
  shared[codec.dialect].set(rules, known);
  const { tables, maskers, addressRule } = known;
  return { scanner: new Scanner(tables, label), maskers, addressRule };
}

function shareDetection(rules: readonly DetectRule[], codec: CellCodec): SharedDetection {
  const ruleOf = new Map<string, number>();
  rules.forEach((rule, i) => {
    for (const name of rule.detectors) if (!ruleOf.has(name)) ruleOf.set(name, i);
  });
  // Asked in the order of the list: what is surest first, whatever the order in the policy.
  const detectors = Object.values(DETECTORS).flatMap((detector) => {
    const rule = ruleOf.get(detector.name);
    return rule === undefined ? [] : [{ detector, rule }];
  });
  const custom = rules.flatMap((rule, i) =>
    rule.patterns.map((pattern) => ({ pattern: new CustomPattern(pattern), rule: i })),
  );
  const addressRule = ruleOf.get('ip') ?? null;
  const maskers = rules.map((rule) => makeMasker(rule.masker, codec));
  return { tables: new ScanTables(detectors, custom), maskers, addressRule };
}
