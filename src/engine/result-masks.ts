/**
 * From the duties of a statement and the server's description of its result to what is done to each column's cells.
 * A column is masked when its lineage says so or when the server says so; where the two do not fit together, its
 * origin counts as not known.
 */
import type { StatementFacts } from '../core/facts.ts';
import {
  CELL_OUTCOME,
  type CellMask,
  type CellMasks,
  type ColumnMask,
  type DetectedMask,
  type MaskDuties,
  type MaskerChoice,
  type MaskLaneEvents,
  type ResultField,
  type ResultMasking,
} from '../core/masks.ts';
import type { ResponseMasks } from '../core/requests.ts';
import {
  baseOf,
  type CellDialect,
  type CellFormat,
  type CellType,
  type ColumnPlan,
  compilePlan,
  DETECTORS,
  type DetectorName,
  type DetectRule,
  documentPlan,
  type KeyRing,
  type MaskerSpec,
  type MaskPlan,
  type MaskPool,
  MaskRoute,
  maskOne,
  maskPlan,
  NULL_CELL,
  namedMasker,
  UNKNOWN,
} from '../masking/index.ts';
import { UNKNOWN_ORIGIN } from '../policy/mask.ts';
import type { MaskJudge } from '../policy/masks.ts';
import { DocumentMasks } from './document-masks.ts';
import { LanePort } from './mask-lanes.ts';
import type { ResultDescriber } from './result-describer.ts';

export class ResultMasks {
  readonly #rings: ReadonlyMap<string, KeyRing>;
  readonly #specs = new Map<string, MaskerSpec>();
  readonly #rules = new WeakMap<readonly DetectedMask[], readonly DetectRule[]>();

  /** By all that they are made of. */
  readonly #known = new Map<string, CompiledMasks | null>();

  readonly #makePool: (() => MaskPool) | null;
  #pool: MaskPool | null = null;

  /**
   * `makePool` starts the threads, at the first result whose masks cost so much that a large one would need them: they
   * take tens of megabytes. Without it, everything is masked where it is read.
   */
  constructor(rings: ReadonlyMap<string, KeyRing>, makePool: (() => MaskPool) | null) {
    this.#rings = rings;
    this.#makePool = makePool;
  }

  async close(): Promise<void> {
    await this.#pool?.close();
  }

  /** For a result as RowDescription tells it. `duties` null: by its lineage nothing is masked. Null: nothing is. */
  forFields(
    duties: MaskDuties | null,
    fields: readonly ResultField[],
    judge: MaskJudge,
    describer: ResultDescriber,
    inEvent: (step: () => void) => void,
  ): ResultMasking | null {
    const masks = masksByLineage(duties, fields.length).map((mask, n) =>
      withServersWord(mask, fields[n], duties, judge, describer),
    );
    const columns = fields.map((field): Described => {
      const type = describer.cellType(field);
      return { type, format: field.binary ? 'binary' : 'text', label: field.name };
    });
    const compiled = this.#compiled(fields[0]?.dialect ?? 'postgres', masks, columns, duties?.detected ?? []);
    if (compiled === null) return null;
    const { cells, plan } = compiled;
    const makePool = this.#makePool;
    const route = new MaskRoute(plan);
    const goesToWorkers = (rows: number, bytes: number) => route.take(rows, bytes) === 'workers';
    if (makePool === null) return { cells, openLane: null, goesToWorkers };
    // Threads take some time to start, which a small result does not wait for and a large one would.
    if (route.mayLeave) this.#pool ??= makePool();
    const openLane = (events: MaskLaneEvents) => {
      this.#pool ??= makePool();
      return new LanePort(this.#pool, plan, route, events, inEvent);
    };
    return { cells, openLane, goesToWorkers };
  }

  /** Most statements have the columns of one before: what was made for those does for these. */
  #compiled(
    dialect: CellDialect,
    masks: readonly (ColumnMask | null)[],
    columns: readonly Described[],
    detected: readonly DetectedMask[],
  ): CompiledMasks | null {
    const key = columns.length > KEY_COLUMNS_MAX ? null : JSON.stringify([dialect, masks, columns, detected]);
    const known = key === null ? undefined : this.#known.get(key);
    if (known !== undefined) return known;
    const plans = this.#plans(masks, columns, detected);
    const cells = plans === null ? null : cellsOf(plans, dialect);
    let compiled: CompiledMasks | null = null;
    if (plans !== null && cells !== null) {
      const masked = plans.filter((plan, n) => plan !== null && cells[n] !== null);
      compiled = {
        cells,
        plan: maskPlan(
          masked.filter((column) => column !== null),
          dialect,
        ),
      };
    }
    if (key !== null) {
      if (this.#known.size >= KNOWN_MAX) this.#known.delete(this.#known.keys().next().value ?? '');
      this.#known.set(key, compiled);
    }
    return compiled;
  }

  /** For COPY … TO STDOUT, which describes no types: they are those of the columns that are copied. */
  forCopy(
    facts: StatementFacts,
    duties: MaskDuties | null,
    columns: number,
    binary: boolean,
    describer: ResultDescriber,
  ): CellMasks | null {
    const masks = masksByLineage(duties, columns);
    const outputs = facts.outputs?.length === columns ? facts.outputs : null;
    const described = masks.map((_mask, n): Described => {
      const output = outputs?.[n] ?? null;
      const type = output === null ? UNKNOWN : describer.copiedType(output);
      return { type, format: binary ? 'binary' : 'text', label: output?.name ?? null };
    });
    const plans = this.#plans(masks, described, duties?.detected ?? []);
    return plans === null ? null : cellsOf(plans, 'postgres');
  }

  /** For what requests are answered. */
  forResponse({ paths, detected }: ResponseMasks): DocumentMasks {
    const rules = paths.map((mask) => ({ paths: mask.paths, masker: this.#spec(mask), nulls: mask.nulls }));
    const plan = documentPlan(rules, detected.length === 0 ? [] : this.#rulesOf(detected));
    const makePool = this.#makePool;
    return new DocumentMasks(plan, () => {
      if (makePool !== null) this.#pool ??= makePool();
      return this.#pool;
    });
  }

  #plans(
    masks: readonly (ColumnMask | null)[],
    columns: readonly Described[],
    detected: readonly DetectedMask[],
  ): readonly (ColumnPlan | null)[] | null {
    const rules = detected.length === 0 ? null : this.#rulesOf(detected);
    const plans = masks.map((mask, n): ColumnPlan | null => {
      const column = columns[n];
      if (column === undefined) return null;
      if (mask !== null) {
        // How many elements a value has tells of it, too.
        const choice = mask.whole && COMPOUND.has(baseOf(column.type).kind) ? NULLED : mask;
        return { ...column, mask: { how: 'mask', masker: this.#spec(choice), nulls: mask.nulls } };
      }
      return rules === null ? null : { ...column, mask: { how: 'detect', rules } };
    });
    return plans.every((plan) => plan === null) ? null : plans;
  }

  #rulesOf(detected: readonly DetectedMask[]): readonly DetectRule[] {
    const known = this.#rules.get(detected);
    if (known !== undefined) return known;
    const rules = detected.map((mask) => ({
      detectors: mask.detectors.filter(isDetector),
      patterns: mask.patterns,
      masker: this.#spec(mask),
    }));
    this.#rules.set(detected, rules);
    return rules;
  }

  /** One spec for a masker, since what is made of it is kept under it. Throws where the policy was not checked. */
  #spec({ masker, options }: MaskerChoice): MaskerSpec {
    const key = JSON.stringify([masker, options ?? null]);
    const known = this.#specs.get(key);
    if (known !== undefined) return known;
    const named = namedMasker(options === undefined ? masker : { [masker]: options });
    const ring = named.ring === null ? null : (this.#rings.get(named.ring) ?? null);
    const spec: MaskerSpec = { name: named.name, options: named.options, ring };
    this.#specs.set(key, spec);
    return spec;
  }
}

/** Results whose masks are kept. */
const KNOWN_MAX = 1_000;
const KEY_COLUMNS_MAX = 64;

interface CompiledMasks {
  readonly cells: CellMasks;
  readonly plan: MaskPlan;
}

const COMPOUND: ReadonlySet<CellType['kind']> = new Set(['array', 'composite']);
const NULLED: MaskerChoice = { masker: 'null', options: undefined };

interface Described {
  readonly type: CellType;
  readonly format: CellFormat;
  readonly label: string | null;
}

function isDetector(name: string): name is DetectorName {
  return Object.hasOwn(DETECTORS, name);
}

function masksByLineage(duties: MaskDuties | null, columns: number): readonly (ColumnMask | null)[] {
  if (duties === null) return new Array<null>(columns).fill(null);
  if (duties.outputs !== null && duties.outputs.length === columns) return duties.outputs;
  return new Array<ColumnMask | null>(columns).fill(duties.unknown);
}

/** The server may name a column that the lineage does not have: the catalog was out of date, or we erred. */
function withServersWord(
  mask: ColumnMask | null,
  field: ResultField | undefined,
  duties: MaskDuties | null,
  judge: MaskJudge,
  describer: ResultDescriber,
): ColumnMask | null {
  if (mask !== null || field === undefined) return mask;
  const word = describer.word(field);
  switch (word.is) {
    case 'none':
      return null;
    case 'unknown':
      return duties?.unknown ?? null;
    case 'unknown-column':
      return duties?.unknown ?? (judge.namesColumns ? UNKNOWN_ORIGIN : null);
    case 'column':
      return judge.maskOfColumn(word.schema, word.table, word.column);
    case 'row': {
      const masked = word.columns.some((name) => judge.maskOfColumn(word.schema, word.table, name) !== null);
      return masked ? UNKNOWN_ORIGIN : null;
    }
  }
}

function cellsOf(plans: readonly (ColumnPlan | null)[], dialect: CellDialect): CellMasks | null {
  const cells = plans.map((plan) => (plan === null ? null : cellMask(plan, dialect)));
  return cells.every((cell) => cell === null) ? null : cells;
}

function cellMask(plan: ColumnPlan, dialect: CellDialect): CellMask | null {
  const compiled = compilePlan(maskPlan([plan], dialect));
  const [column] = compiled.columns;
  if (column === undefined || (column.cell === null && column.ofNull === null)) return null;
  return {
    ofNull: column.ofNull,
    mask(source, start, end, out) {
      const length = maskOne(compiled, 0, source, start, end, end - start, out);
      if (length >= 0) return CELL_OUTCOME.written;
      return length === NULL_CELL ? CELL_OUTCOME.nulled : CELL_OUTCOME.kept;
    },
  };
}
