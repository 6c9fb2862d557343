/** How the duties to mask are carried out in one session: what is known of a result's columns, and its rows. */
import { ProxyError } from '../../src/core/errors.ts';
import type { MaskDuties, ResultMasking } from '../../src/core/masks.ts';
import { readCopyOutResponse, readRowDescription } from './describe.ts';
import { describePortal } from './encode.ts';
import type { Link } from './link.ts';
import { CopyMasker } from './masked-copy.ts';
import { RowMasker } from './masked-rows.ts';
import type { Run } from './replies.ts';
import { scrubbed } from './scrub.ts';

/** A masked row is held whole; one that is larger ends its session. */
export const MASKED_ROW_BYTES_MAX = 64 * 1024 * 1024;

/** What is done to the rows of a run. `undescribed`: rows that come now are not the client's to see. */
export type RunMasking =
  | { readonly masking: 'none' }
  | { readonly masking: 'undescribed' }
  | { readonly masking: 'rows'; readonly rows: RowMasker; readonly of: ResultMasking }
  | { readonly masking: 'copy'; readonly copy: CopyMasker };

export const NO_MASKING: RunMasking = { masking: 'none' };
const UNDESCRIBED: RunMasking = { masking: 'undescribed' };

export function maskingOf(duties: MaskDuties | null): RunMasking {
  return duties === null ? NO_MASKING : UNDESCRIBED;
}

/** Execute has no description of its own: the server is asked for it, ahead of the rows. */
export function askForDescription(link: Link, portal: string, run: Run): void {
  link.toServer(describePortal(portal));
  link.replies.push({ of: 'describe-masked', run, turn: link.turn });
}

/** RowDescription of what `run` returns. */
export function describeRows(link: Link, run: Run, bytes: Buffer, start: number, end: number): void {
  const duties = run.decision?.obligations.masks ?? null;
  if (duties === null && !needsServersWord(link, run)) return;
  const masked = link.gate.maskResult(duties, readRowDescription(bytes, start, end));
  run.masking =
    masked === null ? NO_MASKING : { masking: 'rows', rows: new RowMasker(masked.cells), of: masked };
  if (masked === null && run.facts !== null) link.unmasked.set(run.facts, link.gate.stamp);
}

/**
 * Whether a result in which the lineage found nothing masked is held against what the server says of it: once for
 * each statement and state of policy and catalog.
 */
function needsServersWord(link: Link, { facts }: Run): boolean {
  if (!link.gate.hasMasks || facts === null || facts.bound.kind === 'none') return false;
  return link.unmasked.get(facts) !== link.gate.stamp;
}

/** Whether Execute has to wait for the server's description of its rows. */
export function needsDescription(link: Link, run: Run): boolean {
  if (run.facts?.act.act === 'copy-out') return false;
  return run.masking.masking !== 'none' || needsServersWord(link, run);
}

/** CopyOutResponse. */
export function describeCopy(link: Link, run: Run, bytes: Buffer, start: number, end: number): void {
  const duties = run.decision?.obligations.masks ?? null;
  if (duties === null || run.facts === null) return;
  const { binary, columns } = readCopyOutResponse(bytes, start, end);
  const cells = link.gate.maskCopy(run.facts, duties, columns, binary);
  const { act } = run.facts;
  if (cells === null) run.masking = NO_MASKING;
  else if (
    act.act !== 'copy-out' ||
    act.format.kind === 'unknown' ||
    (act.format.kind === 'binary') !== binary
  ) {
    throw new ProxyError('invariant', { detail: 'COPY data whose format is not known' });
  } else run.masking = { masking: 'copy', copy: new CopyMasker(act.format, cells, MASKED_ROW_BYTES_MAX) };
}

/** An error or notice as the client may read it; null: as the server wrote it. */
export function scrub(
  run: Run | null,
  duties: MaskDuties | null,
  isError: boolean,
  bytes: Buffer,
  start: number,
  end: number,
  text: Buffer | null = null,
): Buffer | null {
  const owed = run?.decision?.obligations.masks ?? duties;
  if (owed === null || (owed.unknown === null && owed.touched.length === 0)) return null;
  return scrubbed(bytes, start, end, isError, owed, run?.text ?? text);
}
