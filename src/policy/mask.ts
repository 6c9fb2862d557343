/** One mask of a policy: the columns that it covers, whom it spares, and what becomes of values. */
import type { ColumnMask, MaskerChoice } from '../core/masks.ts';
import type { SessionContext } from '../core/principal.ts';
import type { MaskDocument } from './masks-schema.ts';
import type { ContextTest } from './matcher.ts';
import { compilePattern, matchesColumn, matchesRelation, type NamePattern } from './pattern.ts';
import { contextTests } from './rule.ts';

export type Inference = 'allow' | 'equality' | 'deny';

/** Where nothing of a value can be kept: what is computed from it, or of an origin that is not known. */
const REDACT: MaskerChoice = { masker: 'redact', options: undefined };
export const UNKNOWN_ORIGIN: ColumnMask = { name: 'unknown origin', nulls: 'mask', whole: true, ...REDACT };

/** A column under a name that the policy does not know. */
export interface MovedColumn {
  readonly schema: string;
  readonly table: string;
  readonly column: string;
}

export class Mask {
  readonly name: string;
  readonly choice: MaskerChoice;
  readonly inference: Inference;
  readonly detectors: readonly string[];
  readonly patterns: readonly string[];
  /** JSON paths in responses of requests. */
  readonly paths: readonly string[];
  readonly #nulls: 'keep' | 'mask';
  /** Its exemption changes with time alone. */
  readonly timed: boolean;
  readonly #columns: readonly NamePattern[];
  readonly #unless: readonly ContextTest[] | null;
  /** Columns that had a masked name once. */
  readonly #moved = new Set<string>();

  constructor(document: MaskDocument, name: string | null = null) {
    const { columns, json, detect, patterns } = document;
    const covered = columns || json ? [...(columns ?? []), ...(json ?? [])] : (detect ?? patterns ?? []);
    this.name = name ?? covered.join(', ');
    this.choice = choiceOf(document.with);
    this.inference = document.inference ?? 'deny';
    this.detectors = document.detect ?? [];
    this.patterns = document.patterns ?? [];
    this.paths = document.json ?? [];
    this.#nulls = document.nulls ?? 'keep';
    this.timed = document.unless?.at !== undefined;
    this.#columns = (document.columns ?? []).flatMap((written) => compilePattern(written, 3) ?? []);
    this.#unless = document.unless === undefined ? null : contextTests(document.unless);
  }

  /** As an output column gets it; `whole`: nothing of its values may be told, not even which are NULL. */
  toColumn(whole: boolean): ColumnMask {
    if (whole) return { name: this.name, nulls: 'mask', whole, ...REDACT };
    return { name: this.name, nulls: this.#nulls, whole, ...this.choice };
  }

  get isOfColumns(): boolean {
    return this.#columns.length > 0;
  }

  /** Whether it is of concern to SQL. */
  get isOfSql(): boolean {
    return this.#columns.length > 0 || this.paths.length === 0;
  }

  /** Whether it holds for a session: every test of `unless` together exempts from it. */
  appliesTo(context: SessionContext, at: Date): boolean {
    return this.#unless === null || !this.#unless.every((test) => test(context, at));
  }

  covers(schema: string | null, table: string, column: string): boolean {
    const use = { schema, table, column, place: 'output', reveals: 'anything' } as const;
    return (
      this.#columns.some((pattern) => matchesColumn(pattern, use, 'some')) ||
      this.#moved.has(`${schema ?? '?'}.${table}.${column}`)
    );
  }

  /** Whether it may cover a column of the relation. */
  mayReach(schema: string | null, table: string): boolean {
    return (
      this.#columns.some((pattern) => matchesRelation(pattern, { schema, name: table }, 'some')) ||
      [...this.#moved].some((moved) => moved.startsWith(`${schema ?? '?'}.${table}.`))
    );
  }

  follow(column: MovedColumn): void {
    this.#moved.add(`${column.schema}.${column.table}.${column.column}`);
  }
}

function choiceOf(written: MaskDocument['with']): MaskerChoice {
  if (typeof written === 'string') return { masker: written, options: undefined };
  const [named] = Object.entries(written);
  return { masker: named?.[0] ?? '', options: named?.[1] };
}
