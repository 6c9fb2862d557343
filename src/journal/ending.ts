/** How a journal ends that another process has written: where the next one takes up the chain. */
import { GENESIS } from './chain.ts';
import { readTail, segmentsIn } from './segments.ts';

export interface Ending {
  /** Number and hash of the last record. */
  readonly n: number;
  readonly digest: string;
  /** The segment that the last record stands in; 0 where there is none. */
  readonly recordSegment: number;
  /** The number of the last segment there is, also an empty one. */
  readonly lastSegment: number;
  /** Bytes behind the last record: a record that was being written when its process was killed. */
  readonly tornBytes: number;
  /** The journal is empty, or was closed in good order. */
  readonly isClosed: boolean;
}

/** Throws when the journal ends with something that is no record. */
export function endingOf(directory: string): Ending {
  const segments = segmentsIn(directory);
  const lastSegment = segments.at(-1)?.number ?? 0;
  let tornBytes = 0;
  for (const { path, number } of [...segments].reverse()) {
    const tail = readTail(path);
    tornBytes += tail.tornBytes;
    if (tail.digest === null) continue;
    const n = tail.record?.['n'];
    if (typeof n !== 'number') {
      throw new Error(
        `${path} does not end with a record of a journal; sluice verify says more, and with another journal.dir a new journal begins`,
      );
    }
    const isClosed = number === lastSegment && tornBytes === 0 && tail.record?.['type'] === 'seal';
    return { n, digest: tail.digest, recordSegment: number, lastSegment, tornBytes, isClosed };
  }
  return { n: 0, digest: GENESIS, recordSegment: 0, lastSegment, tornBytes, isClosed: lastSegment === 0 };
}
