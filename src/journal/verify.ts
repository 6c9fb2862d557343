/**
 * Holds a journal against its own chain, its signatures, and a checkpoint kept elsewhere. Finds a changed byte,
 * a removed or added record, a missing segment, and, with a checkpoint, a cut tail; says where.
 */
import { isObject, type JsonObject } from '../core/json.ts';
import { GENESIS, hashLine, sealedText } from './chain.ts';
import type { Checkpoint } from './checkpoint.ts';
import { PublicKey } from './keys.ts';
import { type Line, linesOf } from './read.ts';
import { removalText, removedSegments } from './retention.ts';
import { objectOf, type SegmentFile, segmentsIn } from './segments.ts';

export interface JournalProblem {
  /** `path:line`. */
  readonly where: string;
  readonly what: string;
}

export interface VerifyReport {
  readonly problems: readonly JournalProblem[];
  readonly segments: number;
  readonly records: number;
  /** Segments closed with a valid signature. */
  readonly sealed: number;
  /** Records in a segment that is still open, which no signature covers yet. */
  readonly unsealed: number;
  /** Segments that retention has removed, as signed records say. */
  readonly removed: number;
  /** Ids of the keys that signed, in order of appearance. */
  readonly keyIds: readonly string[];
  readonly last: { readonly n: number; readonly digest: string };
}

/** How many problems are worth telling; after that the rest is noise. */
const PROBLEMS_MAX = 20;

export function verifyJournal(
  directory: string,
  expected: { readonly checkpoint?: Checkpoint; readonly publicKey?: PublicKey },
): VerifyReport {
  const check = new Check(expected.checkpoint ?? null, expected.publicKey ?? null);
  for (const segment of segmentsIn(directory)) check.segment(segment);
  return check.report();
}

class Check {
  readonly #checkpoint: Checkpoint | null;
  readonly #pinned: PublicKey | null;
  readonly #problems: JournalProblem[] = [];
  readonly #keyIds: string[] = [];
  #segments = 0;
  #lastSegment: number | null = null;
  #records = 0;
  #sealed = 0;
  #unsealed = 0;
  #n = 0;
  #digest = GENESIS;
  #checkpointSeen = false;
  /** Where the record before stands, to be named when it turns out to have been changed. */
  #before = '';
  #key: PublicKey | null = null;
  #closed = true;
  /** The last record of the segments that are not there any more: something has to account for it. */
  #missing: { readonly where: string; readonly segment: number; n: number; digest: string } | null = null;
  #removed = 0;
  #checkpointRemoved = false;

  constructor(checkpoint: Checkpoint | null, pinned: PublicKey | null) {
    this.#checkpoint = checkpoint;
    this.#pinned = pinned ?? checkpoint?.publicKey ?? null;
  }

  #problem(where: string, what: string): void {
    if (this.#problems.length < PROBLEMS_MAX) this.#problems.push({ where, what });
  }

  segment(file: SegmentFile): void {
    if (this.#lastSegment !== null && file.number !== this.#lastSegment + 1) {
      this.#problem(file.path, `${file.number - this.#lastSegment - 1} segments are missing before this one`);
    } else if (this.#lastSegment === null && file.number !== 1) {
      // By rule or not: a record further on may say.
      this.#missing = { where: file.path, segment: file.number - 1, n: 0, digest: '' };
    }
    this.#lastSegment = file.number;
    this.#segments++;
    this.#unsealed = 0;
    let first = true;
    for (const line of linesOf(file.path)) {
      const where = `${file.path}:${line.number}`;
      if (!line.whole) {
        // The next segment, if there is one, says how much was torn when it was begun.
        this.#leftBehind(where, line.bytes.length, 'bytes of a record that was never finished');
        break;
      }
      if (!first && this.#closed) this.#problem(where, 'a record after the segment was closed');
      this.#record(where, line, first, file.number);
      first = false;
    }
    if (first && !this.#leftovers.some(({ where }) => where.startsWith(`${file.path}:`))) {
      this.#leftBehind(file.path, 0, 'the segment is empty');
    }
  }

  /** What a crash leaves: a torn record, or a segment that was never begun. The next segment has to own up to it. */
  #leftovers: { readonly where: string; readonly bytes: number; readonly what: string }[] = [];

  #leftBehind(where: string, bytes: number, what: string): void {
    this.#leftovers.push({ where, bytes, what: bytes === 0 ? what : `${bytes} ${what}` });
  }

  #blameLeftovers(): void {
    for (const { where, what } of this.#leftovers) this.#problem(where, what);
    this.#leftovers = [];
  }

  #record(where: string, { text, bytes }: Line, first: boolean, segment: number): void {
    const record = objectOf(text);
    if (record === null) {
      this.#problem(where, 'this line is no record');
      this.#digest = hashLine(bytes);
      this.#n++;
      return;
    }
    this.#links(where, record, first);
    this.#records++;
    this.#unsealed++;
    if (this.#records === 1 && this.#missing !== null) {
      this.#missing.n = this.#n - 1;
      this.#missing.digest = String(record['prev']);
    }
    if (first) this.#opening(where, record, segment);
    else if (record['type'] === 'segment')
      this.#problem(where, 'the beginning of a segment in the middle of one');
    this.#closed = false;
    if (record['type'] === 'seal') this.#seal(where, record, text, segment);
    else if (record['type'] === 'removed') this.#removal(where, record);
    else if (record['signature'] !== undefined)
      this.#problem(where, 'a signature on a record that closes nothing');
    this.#digest = hashLine(bytes);
    this.#before = where;
    if (this.#checkpoint !== null && this.#checkpoint.n === this.#n) {
      this.#checkpointSeen = true;
      if (this.#checkpoint.digest !== this.#digest) {
        this.#problem(where, `record ${this.#n} is not the one that the checkpoint holds fast`);
      }
    }
  }

  /** The record's number and its link to the one before. */
  #links(where: string, record: JsonObject, first: boolean): void {
    const n = record['n'];
    const expected = this.#n + 1;
    const isFirstSeen = this.#records === 0 && first && expected !== n;
    if (typeof n !== 'number') {
      this.#problem(where, 'a record without a number');
      this.#n = expected;
      return;
    }
    if (n > expected && !isFirstSeen) {
      const what = n - expected === 1 ? `record ${expected} has` : `records ${expected} to ${n - 1} have`;
      this.#problem(where, `${what} been removed before this one`);
    } else if (n < expected)
      this.#problem(where, `record ${n} where ${expected} was expected: added or out of order`);
    else if (record['prev'] !== this.#digest && !isFirstSeen) {
      this.#problem(
        this.#before === '' ? where : this.#before,
        `record ${this.#n} has been changed (its hash is not the one that record ${n} holds)`,
      );
    }
    this.#n = n;
  }

  #opening(where: string, record: JsonObject, segment: number): void {
    if (record['type'] !== 'segment' || record['segment'] !== segment) {
      this.#problem(where, 'the segment does not begin with its own opening record');
      return;
    }
    const recovered = record['recovered'];
    // Of a segment that is gone, what was torn behind it is gone as well.
    if (this.#records === 1 && this.#missing !== null) {
      this.#useKey(where, record['key']);
      return;
    }
    if (!this.#closed && recovered === undefined) {
      this.#problem(where, 'the segment before was not closed, and this one does not say why');
    }
    const declared = isObject(recovered) ? recovered['tornBytes'] : 0;
    const torn = this.#leftovers.reduce((sum, { bytes }) => sum + bytes, 0);
    if (recovered !== undefined && declared === torn) this.#leftovers = [];
    else if (declared !== torn && this.#leftovers.length === 0) {
      this.#problem(where, 'the torn record that this segment tells of is not there');
    }
    this.#blameLeftovers();
    this.#useKey(where, record['key']);
  }

  #useKey(where: string, spki: JsonObject[string]): void {
    try {
      this.#key = PublicKey.fromSpki(typeof spki === 'string' ? spki : '');
    } catch {
      this.#key = null;
      this.#problem(where, 'the segment names no public key');
      return;
    }
    if (!this.#keyIds.includes(this.#key.id)) this.#keyIds.push(this.#key.id);
    if (this.#pinned !== null && this.#pinned.id !== this.#key.id) {
      this.#problem(where, `signed by key ${this.#key.id}, not by ${this.#pinned.id}`);
    }
  }

  #seal(where: string, record: JsonObject, line: string, segment: number): void {
    this.#closed = true;
    const signature = record['signature'];
    const unsigned = hashLine(line.replace(`,"signature":"${String(signature)}"`, ''));
    const text = sealedText('seal', segment, this.#n, unsigned);
    if (typeof signature !== 'string' || this.#key === null || !this.#key.verifies(text, signature)) {
      this.#problem(where, 'the signature that closes the segment is wrong');
      return;
    }
    this.#sealed++;
    this.#unsealed = 0;
  }

  /** Retention has removed segments: each is named with its last record, and all of it is signed. */
  #removal(where: string, record: JsonObject): void {
    const { signature } = record;
    const removed = removedSegments(record['segments']);
    const isSigned =
      typeof signature === 'string' && this.#key?.verifies(removalText(removed), signature) === true;
    if (removed.length === 0 || !isSigned) {
      this.#problem(where, 'the signature of a removal is wrong');
      return;
    }
    this.#removed += removed.length;
    for (const { segment, n, digest } of removed) {
      const { segment: gone, n: last, digest: hash } = this.#missing ?? {};
      if (segment === gone && n === last && digest === hash) this.#missing = null;
      const checkpoint = this.#checkpoint;
      if (checkpoint?.segment === segment && checkpoint.n <= n) this.#checkpointRemoved = true;
    }
  }

  report(): VerifyReport {
    this.#blameLeftovers();
    if (this.#missing !== null)
      this.#problem(
        this.#missing.where,
        'the segments before this one are missing, and no signed record says that they were removed by rule',
      );
    if (this.#checkpoint !== null && !this.#checkpointSeen && !this.#checkpointRemoved) {
      const { n, at } = this.#checkpoint;
      this.#problem(
        this.#before === '' ? 'journal' : this.#before,
        `the journal ends at record ${this.#n}, but had record ${n} at ${at}: its tail has been cut off`,
      );
    }
    return {
      problems: this.#problems,
      segments: this.#segments,
      records: this.#records,
      sealed: this.#sealed,
      unsealed: this.#unsealed,
      removed: this.#removed,
      keyIds: this.#keyIds,
      last: { n: this.#n, digest: this.#digest },
    };
  }
}
