/**
 * Retention: whole segments that are over are removed, oldest first, by age and by size. Before a file goes, a signed
 * record in the journal names it with its last record, so that `verify` tells what was removed by rule from what
 * somebody has taken away.
 */
import { statSync, unlinkSync } from 'node:fs';
import { isArray, isObject, type Json } from '../core/json.ts';
import { sealedText } from './chain.ts';
import type { SigningKey } from './keys.ts';
import { readTail, type SegmentFile, segmentsIn } from './segments.ts';
import type { Journal } from './writer.ts';

export interface RetentionRule {
  /** How long a segment is kept after its last record; null: for ever. */
  readonly ageMs: number | null;
  /** How much all segments may take together; null: any amount. */
  readonly bytes: number | null;
}

/** A segment that goes, and the last record in it. */
export interface RemovedSegment {
  readonly segment: number;
  readonly n: number;
  readonly digest: string;
}

/** What the record of a removal signs. */
export function removalText(removed: readonly RemovedSegment[]): Buffer {
  return Buffer.concat(removed.map(({ segment, n, digest }) => sealedText('removal', segment, n, digest)));
}

/** The segments that such a record names. */
export function removedSegments(segments: Json | undefined): readonly RemovedSegment[] {
  if (segments === undefined || !isArray(segments)) return [];
  return segments.flatMap((one) => {
    if (!isObject(one)) return [];
    const { segment, n, digest } = one;
    return typeof segment === 'number' && typeof n === 'number' && typeof digest === 'string'
      ? [{ segment, n, digest }]
      : [];
  });
}

/**
 * The segments that a rule lets go, oldest first; never the last one, which is being written. The first that has to
 * stay keeps those behind it.
 */
export function expiredSegments(
  directory: string,
  { ageMs, bytes }: RetentionRule,
  nowMs: number,
): readonly SegmentFile[] {
  const segments = segmentsIn(directory).map((file) => ({ file, size: statSync(file.path).size }));
  let total = segments.reduce((sum, { size }) => sum + size, 0);
  const expired: SegmentFile[] = [];
  for (const { file, size } of segments.slice(0, -1)) {
    const isTooMuch = bytes !== null && total > bytes;
    if (!isTooMuch && !isTooOld(file, ageMs, nowMs)) break;
    expired.push(file);
    total -= size;
  }
  return expired;
}

/** An empty file, which a start that failed has left behind, is as old as any. */
function isTooOld({ path }: SegmentFile, ageMs: number | null, nowMs: number): boolean {
  if (ageMs === null) return false;
  const { record } = readTail(path);
  if (record === null) return true;
  return nowMs - Date.parse(String(record['at'])) > ageMs;
}

export interface RemovalPort {
  readonly journal: Journal;
  readonly key: SigningKey;
  /** Writes what is pending; false: it is not written. */
  flush(): boolean;
}

/**
 * Records that these segments go, and takes them away once that is on the disk; gives how many went. Throws where the
 * record could not be written, and then none has gone.
 */
export async function removeSegments(
  segments: readonly SegmentFile[],
  why: RetentionRule,
  { journal, key, flush }: RemovalPort,
): Promise<number> {
  if (segments.length === 0) return 0;
  const removed: RemovedSegment[] = [];
  let last = { n: 0, digest: '' };
  for (const { path, number } of segments) {
    const { digest, record } = readTail(path);
    const n = record?.['n'];
    // The chain goes past an empty file.
    if (digest !== null && typeof n === 'number') last = { n, digest };
    removed.push({ segment: number, ...last });
  }
  const rule = JSON.stringify({ ageMs: why.ageMs, bytes: why.bytes });
  const signature = key.sign(removalText(removed));
  journal.append(
    'removed',
    `"by":"retention","rule":${rule},"segments":${JSON.stringify(removed)},"signature":"${signature}"`,
  );
  if (!flush()) throw new Error('the journal cannot be written');
  await new Promise<void>((resolve, reject) => {
    journal.whenSynced((error) => (error === null ? resolve() : reject(error)));
  });
  for (const { path } of segments) unlinkSync(path);
  return segments.length;
}
