/** What is masked in documents and texts: as plain data, which may be posted to a thread, then compiled for use. */
import { compileJsonPath, type JsonPath } from '../../json/index.ts';
import { KEPT, NULLED } from '../cell-masker.ts';
import type { DetectingText } from '../detect-text.ts';
import type { MaskerSpec } from '../make-masker.ts';
import {
  type CompiledColumn,
  compilePlan,
  type DetectRule,
  detectingText,
  maskPlan,
  postableSpec,
} from '../plan.ts';
import type { SpanEdits } from './span-edits.ts';

export interface PathRule {
  readonly paths: readonly string[];
  readonly masker: MaskerSpec;
  readonly nulls: 'keep' | 'mask';
}

/** It holds the keys of keyed maskers, so it is never logged or stored. */
export interface DocumentPlan {
  /** Never used again for another plan in this process. */
  readonly id: number;
  readonly paths: readonly PathRule[];
  /** What detectors look for; empty: nothing. */
  readonly rules: readonly DetectRule[];
}

let nextId = 1;

export function documentPlan(paths: readonly PathRule[], rules: readonly DetectRule[]): DocumentPlan {
  return { id: nextId++, paths, rules };
}

/** As it may be posted: see `postablePlan`. */
export function postableDocumentPlan({ id, paths, rules }: DocumentPlan): DocumentPlan {
  return {
    id,
    paths: paths.map((path) => ({ ...path, masker: postableSpec(path.masker) })),
    rules: rules.map((rule) => ({ ...rule, masker: postableSpec(rule.masker) })),
  };
}

const NULL = Buffer.from('null');

export interface CompiledPath {
  readonly path: JsonPath;
  readonly value: ValueMask;
}

/** Masks one value of JSON as a whole. */
export class ValueMask {
  readonly #column: CompiledColumn;

  constructor(column: CompiledColumn) {
    this.#column = column;
  }

  /** [start, end) is the value as it is written. */
  mask(source: Buffer, start: number, end: number, isNull: boolean, edits: SpanEdits): void {
    const { cell, ofNull } = this.#column;
    if (isNull) {
      if (ofNull !== null) edits.put(start, end, ofNull);
      return;
    }
    if (cell === null) return;
    const { written } = edits;
    const from = written.at;
    let outcome: ReturnType<typeof cell.mask> = NULLED;
    try {
      outcome = cell.mask(source, start, end, written);
    } catch {
      // What has no masked form is shown to nobody.
    }
    if (outcome === KEPT || outcome === NULLED) written.at = from;
    if (outcome === NULLED) edits.put(start, end, NULL);
    else if (outcome !== KEPT) edits.add(start, end, from);
  }
}

export interface CompiledDocumentPlan {
  readonly paths: readonly CompiledPath[];
  /** Whether a path may lead to a value that has no name on the way to it. */
  readonly namelessPath: boolean;
  /** Null: nothing is looked for. */
  readonly detecting: DetectingText | null;
}

/** Throws where a masker, a key, a path or a pattern is none that the configuration's check lets pass. */
export function compileDocumentPlan({ paths, rules }: DocumentPlan): CompiledDocumentPlan {
  const compiled = paths.flatMap(({ paths: texts, masker, nulls }): CompiledPath[] => {
    const mask = { how: 'mask', masker, nulls } as const;
    const plan = compilePlan(
      maskPlan([{ type: { kind: 'json' }, format: 'text', label: null, mask }], 'postgres'),
    );
    const [column] = plan.columns;
    if (column === undefined || (column.cell === null && column.ofNull === null)) return [];
    const value = new ValueMask(column);
    return texts.flatMap((text) => {
      const path = compileJsonPath(text);
      return path === null ? [] : [{ path, value }];
    });
  });
  return {
    paths: compiled,
    namelessPath: compiled.some(({ path }) => !path.hasNames),
    detecting: rules.length === 0 ? null : detectingText(rules),
  };
}
