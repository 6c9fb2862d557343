/**
 * The masks of a policy: which base columns are masked for whom, and what follows for one statement. A masked
 * column may come out masked, may not be stored elsewhere, and may be compared as far as `inference` allows.
 */
import { effectSet, hasEffect } from '../core/effects.ts';
import type { ColumnUse, Dependence, OutputColumn, StatementFacts } from '../core/facts.ts';
import type { ColumnMask, DetectedMask, MaskDuties } from '../core/masks.ts';
import { COUNTERS } from './counters.ts';
import { Mask, UNKNOWN_ORIGIN } from './mask.ts';
import type { PolicyDocument } from './schema.ts';

export function masksOf(document: PolicyDocument): readonly Mask[] {
  return document.masks.map((mask) => new Mask(mask));
}

/** Why a statement may not use masked columns the way it does; null where it may. */
export interface MaskDenial {
  readonly mask: string;
  readonly message: string;
}

const OUTSIDE_OUTPUT = new Set(['filter', 'join', 'group', 'order', 'failure']);

/** Statements that bring code of their own, which would then read what its maker may not. */
const DEFINES_CODE =
  /^(CREATE|ALTER) (FUNCTION|PROCEDURE|ROUTINE|AGGREGATE|TRIGGER|EVENT|PACKAGE|RULE|POLICY|OPERATOR|CAST|TRANSFORM|LANGUAGE|EXTENSION|TYPE|DOMAIN|CONVERSION|ACCESS METHOD|TEXT SEARCH)/;

/** Postgres' DO brings a program, MySQL's only evaluates expressions. */
function bringsCode({ kind, effects }: StatementFacts): boolean {
  return DEFINES_CODE.test(kind) || (kind === 'DO' && hasEffect(effects, 'dynamic'));
}

/** What they return tells of objects and plans, not of values: there is nothing to mask by lineage. */
const DESCRIBES =
  /^(?:EXPLAIN|DESCRIBE|SHOW|HELP|XA|CHECK|CHECKSUM|ANALYZE|OPTIMIZE|REPAIR|CACHE INDEX|LOAD INDEX)\b/;

const READING = effectSet('read', 'copy-out');
const UNREAD = effectSet('execute', 'dynamic');

/** Whether it runs code whose text Sluice has not read. */
function runsUnread(facts: StatementFacts): boolean {
  return (facts.effects & UNREAD) !== 0;
}

/** Rows that only describe objects and settings hold nobody's data. */
function readsData(facts: StatementFacts): boolean {
  return runsUnread(facts) || facts.relations.some((use) => !SYSTEM_SCHEMAS.has(use.schema ?? ''));
}

function isUnknown(facts: StatementFacts, schema: string | null, table: string): boolean {
  if (!facts.unresolved) return false;
  return facts.relations.some((use) => !use.known && use.name === table && use.schema === schema);
}

const SYSTEM_SCHEMAS: ReadonlySet<string> = new Set(['pg_catalog', 'information_schema']);

/** What the masks in force for a session have to say of one statement. */
export class MaskJudge {
  readonly #masks: readonly Mask[];
  readonly #columns: readonly Mask[];
  readonly #detected: readonly DetectedMask[];
  /** Facts are made once per text, and asked about at every Bind. */
  readonly #duties = new WeakMap<StatementFacts, MaskDuties | null>();

  constructor(masks: readonly Mask[]) {
    this.#masks = masks;
    const columns = masks.filter((mask) => mask.isOfColumns);
    const tell = columns.some((mask) => mask.inference !== 'allow');
    this.#columns = tell ? [...columns, COUNTERS] : columns;
    this.#detected = masks
      .filter((mask) => !mask.isOfColumns)
      .map((mask) => ({ ...mask.toColumn(false), detectors: mask.detectors, patterns: mask.patterns }));
  }

  get isIdle(): boolean {
    return this.#masks.length === 0;
  }

  /** Whether a masked column is used in any place. */
  touches(facts: StatementFacts): boolean {
    return (
      this.#columns.length > 0 &&
      facts.columns.some((use) => this.#maskOf(facts, use.schema, use.table, use.column) !== null)
    );
  }

  get namesColumns(): boolean {
    return this.#columns.length > 0;
  }

  denial(facts: StatementFacts): MaskDenial | null {
    const [first] = this.#columns;
    if (first === undefined) return null;
    if (bringsCode(facts)) {
      return {
        mask: first.name,
        message: `who gets columns masked cannot bring code that would read them (${facts.kind})`,
      };
    }
    for (const use of facts.columns) {
      const mask = this.#maskOf(facts, use.schema, use.table, use.column);
      if (mask === null) {
        const denial = this.#denialOfUnknown(facts, use);
        if (denial !== null) return denial;
        continue;
      }
      if (use.reveals === 'presence') continue;
      const column = `${use.schema === null ? '' : `${use.schema}.`}${use.table}.${use.column}`;
      if (use.place === 'source') {
        const isNamed = facts.relations.some(
          ({ schema, name }) => name === use.table && schema === use.schema,
        );
        const by = isNamed ? '' : ', as stored code that this runs may do';
        return {
          mask: mask.name,
          message: `${column} is masked, so its values cannot be stored elsewhere${by}`,
        };
      }
      if (!OUTSIDE_OUTPUT.has(use.place) || mask.inference === 'allow') continue;
      if (mask.inference === 'equality' && use.reveals === 'equality') continue;
      if (use.place === 'failure') {
        const message = `${column} is masked, and a cast, arithmetic or a function here may fail by its values, which would tell of them: select the column as it is`;
        return { mask: mask.name, message };
      }
      const allowed = mask.inference === 'equality' ? 'be compared other than by equality' : 'be compared';
      return { mask: mask.name, message: `${column} is masked, so it cannot ${allowed} (${use.place})` };
    }
    if (facts.act.act === 'copy-out' && facts.act.format.kind === 'unknown' && this.#reach(facts) !== null) {
      return {
        mask: (this.#reach(facts) ?? first).name,
        message: 'rows of COPY in another encoding cannot be masked; leave ENCODING out',
      };
    }
    if (facts.storesUnknown && (facts.act.act === 'execute' || this.#reach(facts) !== null)) {
      const mask = this.#reach(facts) ?? first;
      return {
        mask: mask.name,
        message: 'values that may come from masked columns cannot be stored elsewhere',
      };
    }
    const compared = facts.comparesUnknown ? this.#reach(facts) : null;
    if (compared !== null && compared.inference !== 'allow') {
      return {
        mask: compared.name,
        message: 'what may come from masked columns cannot be compared, nor decide on rows or their order',
      };
    }
    return null;
  }

  /** A relation that the catalog does not have may be a view that was made a moment ago, of anything. */
  #denialOfUnknown(facts: StatementFacts, use: ColumnUse): MaskDenial | null {
    const [first] = this.#columns;
    if (first === undefined || use.place === 'output' || use.place === 'assignment') return null;
    if (!isUnknown(facts, use.schema, use.table)) return null;
    const name = `${use.schema === null ? '' : `${use.schema}.`}${use.table}`;
    return {
      mask: first.name,
      message: `what ${name} holds is not known (the catalog has no committed relation of that name), so it can neither be compared nor stored elsewhere`,
    };
  }

  /** Null where nothing of the statement is masked. */
  duties(facts: StatementFacts): MaskDuties | null {
    if (this.isIdle) return null;
    const known = this.#duties.get(facts);
    if (known !== undefined) return known;
    const duties = this.#dutiesOf(facts);
    this.#duties.set(facts, duties);
    return duties;
  }

  #dutiesOf(facts: StatementFacts): MaskDuties | null {
    const reach = this.#columns.length === 0 ? null : this.#reach(facts);
    const touched = new Set<string>();
    let assigned = false;
    for (const use of facts.columns) {
      if (this.#maskOf(facts, use.schema, use.table, use.column) === null) continue;
      touched.add(`${use.schema === null ? '' : `${use.schema}.`}${use.table}.${use.column}`);
      assigned ||= use.place === 'assignment';
    }
    // A plan shows no values; how many rows it expects tells of those that it filters by. Triggers may tell anything.
    const describes = DESCRIBES.test(facts.kind) && facts.bound.kind !== 'none';
    const tellsNothing = describes && touched.size === 0 && !hasEffect(facts.effects, 'write');
    const unknown = reach === null || tellsNothing ? null : UNKNOWN_ORIGIN;
    const outputs = this.#outputs(facts, unknown);
    const detected = readsData(facts) ? this.#detected : [];
    const isMasked = outputs === null ? unknown !== null : outputs.some((mask) => mask !== null);
    if (!isMasked && reach === null && detected.length === 0 && touched.size === 0) return null;
    return { outputs, unknown, detected, touched: [...touched], texts: this.#texts(facts), assigned };
  }

  #texts(facts: StatementFacts): MaskDuties['texts'] {
    return facts.textParameters.flatMap(({ index, schema, table, column }) => {
      const mask = this.#maskOf(facts, schema, table, column);
      return mask === null || mask.inference === 'allow' ? [] : [{ index, mask: mask.name }];
    });
  }

  #outputs(facts: StatementFacts, unknown: ColumnMask | null): readonly (ColumnMask | null)[] | null {
    if (facts.outputs === null || (DESCRIBES.test(facts.kind) && facts.kind !== 'SHOW STATUS')) return null;
    return facts.outputs.map((output) => this.#maskOfOutput(facts, output, unknown));
  }

  #maskOfOutput(facts: StatementFacts, output: OutputColumn, unknown: ColumnMask | null): ColumnMask | null {
    if (output.origins === null) return unknown;
    let found: Mask | null = null;
    let how: Dependence = 'presence';
    for (const origin of output.origins) {
      if (origin.how === 'presence') continue;
      const mask = this.#maskOf(facts, origin.schema, origin.table, origin.column);
      if (mask === null) {
        if (isUnknown(facts, origin.schema, origin.table)) return unknown;
        continue;
      }
      // Of two masks neither may be weakened by the other.
      if (found !== null && (found !== mask || how !== origin.how)) return found.toColumn(true);
      found = mask;
      how = origin.how;
    }
    if (found === null) return null;
    return found.toColumn(how !== 'copied');
  }

  #maskOf(facts: StatementFacts, schema: string | null, table: string, column: string): Mask | null {
    for (const mask of this.#columns) {
      if (mask.covers(schema, table, column)) return mask;
      // Rows of a child are rows of its parent, and the other way round.
      for (const use of facts.relations) {
        if (use.role === 'inherited' && mask.covers(use.schema, use.name, column)) return mask;
      }
    }
    return null;
  }

  /** The first mask of whose columns values may come out where the origin of an output is not known. */
  #reach(facts: StatementFacts): Mask | null {
    const [first] = this.#columns;
    if (first === undefined) return null;
    if (runsUnread(facts)) return first;
    for (const use of facts.relations) {
      if (!use.known && (use.effects & READING) !== 0) return first;
      const mask = this.#columns.find((candidate) => candidate.mayReach(use.schema, use.name));
      if (mask !== undefined) return mask;
    }
    return null;
  }

  /** The mask of a column by its name alone, for what the server says of a result. */
  maskOfColumn(schema: string, table: string, column: string): ColumnMask | null {
    const mask = this.#columns.find((candidate) => candidate.covers(schema, table, column));
    // What SHOW STATUS LIKE 'ssl%' shows comes from the same column and counts nothing: there the facts decide.
    return mask === undefined || mask === COUNTERS ? null : mask.toColumn(false);
  }
}
