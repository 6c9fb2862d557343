/** How the duties to mask are carried out in one session: what is known of a result's columns, and its rows. */
import {
  CELL_OUTCOME,
  type CellMask,
  type MaskDuties,
  type MysqlResultField,
  type ResultMasking,
} from '../../src/core/masks.ts';
import type { Link } from './link.ts';
import { RowMasker } from './masked-rows.ts';
import type { Results, Run, RunMasking } from './replies.ts';

/** A masked row is held whole; one that is larger ends its session. */
export const MASKED_ROW_BYTES_MAX = 64 * 1024 * 1024;

export const NO_MASKING: RunMasking = { masking: 'none' };
const UNDESCRIBED: RunMasking = { masking: 'undescribed' };

export function maskingOf(duties: MaskDuties | null): RunMasking {
  return duties === null ? NO_MASKING : UNDESCRIBED;
}

/** Whether the definitions of the result that begins have to be read. */
export function wantsFields(link: Link, results: Results, run: Run): boolean {
  if (results.cursor !== null || (run.decision?.obligations.masks ?? null) !== null) return true;
  return needsServersWord(link, run) || (link.warnings !== null && tellsWarnings(run));
}

/**
 * Whether a result in which the lineage found nothing masked is held against what the server says of it: once for
 * each statement and state of policy and catalog.
 */
function needsServersWord(link: Link, { facts, severalResults }: Run): boolean {
  if (!link.gate.hasMasks || facts === null) return false;
  return severalResults || link.unmasked.get(facts) !== link.gate.stamp;
}

/** All definitions of a result are here. `isOwn`: it is the one that the statement's text accounts for. */
export function describeRows(
  link: Link,
  run: Run,
  fields: readonly MysqlResultField[],
  isOwn: boolean,
): void {
  const judged = run.decision?.obligations.masks ?? null;
  const duties = judged === null || isOwn ? judged : { ...judged, outputs: null };
  const masked = tellsWarnings(run) && link.warnings !== null ? WITHHELD : maskResult(link, duties, fields);
  run.masking =
    masked === null
      ? NO_MASKING
      : { masking: 'rows', rows: new RowMasker(masked.cells, fields), of: masked, fields };
  if (masked === null && run.facts !== null && isOwn) link.unmasked.set(run.facts, link.gate.stamp);
}

function maskResult(
  link: Link,
  duties: MaskDuties | null,
  fields: readonly MysqlResultField[],
): ResultMasking | null {
  return duties === null && !link.gate.hasMasks ? null : link.gate.maskResult(duties, fields);
}

/** Level, code, and a message that may quote values of the statement before. */
const WARNINGS: ReadonlySet<string> = new Set(['SHOW WARNINGS', 'SHOW ERRORS']);

export function tellsWarnings(run: Run): boolean {
  return run.facts !== null && WARNINGS.has(run.facts.kind);
}

const NEUTRAL = "the server's own text is withheld, since it may quote masked values";

const WITHHOLD: CellMask = {
  ofNull: null,
  mask(_source, _start, _end, out) {
    out.text(NEUTRAL);
    return CELL_OUTCOME.written;
  },
};

const WITHHELD: ResultMasking = {
  cells: [null, null, WITHHOLD],
  openLane: null,
  goesToWorkers: () => false,
};
