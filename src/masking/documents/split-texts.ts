/**
 * Values that are split over texts which a model reads one behind the other, such as content blocks of one result. What
 * is found only once they are joined is shown masked in the first of them, and its other parts are taken out.
 */
import type { JsonDocument } from '../../json/index.ts';
import { ByteSink } from '../byte-sink.ts';
import type { DetectingText } from '../detect-text.ts';
import { Hits } from '../detectors/hits.ts';
import { liftEdits, readEscaped } from './escaped-string.ts';
import { SpanEdits } from './span-edits.ts';

const NONE = -1;
/** A text that is longer than two of them is looked at near its ends only. */
const NEAR_BYTES = 512;
/** Neither a part of any value nor a blank. */
const FAR = Buffer.from('\0\n\0');
/** What may stand between two of them when they are read: nothing, or an end of line or of a paragraph. */
const JOINTS = [Buffer.from(''), Buffer.from(' ')] as const;

/** A part of a decoded text, and where it begins in the joined ones. */
interface Piece {
  /** The place of its text in the group. */
  readonly n: number;
  readonly at: number;
  readonly start: number;
  readonly size: number;
}

/** `texts`: strings, in the order of the document. */
export function maskSplit(
  detecting: DetectingText,
  document: JsonDocument,
  texts: readonly number[],
  edits: SpanEdits,
): void {
  for (const group of groupsOf(document, texts)) {
    const decoded = group.map((node) => decodedOf(document, node));
    const changes = new Map<number, SpanEdits>();
    for (const joint of JOINTS) maskJoined(detecting, decoded, joint, changes);
    for (const [n, inner] of changes) {
      const node = group[n] ?? NONE;
      const text = { bytes: decoded[n] ?? NOTHING, start: 0 };
      const [start, end] = [document.start(node) + 1, document.end(node) - 1];
      liftEdits(inner, text, document.source, start, end, edits);
    }
  }
}

/** Texts of blocks that stand in the same array; none of which there is only one. */
function groupsOf(document: JsonDocument, texts: readonly number[]): readonly (readonly number[])[] {
  const groups = new Map<number, number[]>();
  for (const node of texts) {
    const block = document.parent(node);
    const holder = block === NONE ? NONE : document.parent(block);
    if (!document.isString(node) || !document.isArray(holder)) continue;
    const group = groups.get(holder);
    if (group === undefined) groups.set(holder, [node]);
    else group.push(node);
  }
  return [...groups.values()].filter(({ length }) => length > 1);
}

function decodedOf(document: JsonDocument, node: number): Buffer {
  const [start, end] = [document.start(node) + 1, document.end(node) - 1];
  if (!document.isEscaped(node)) return document.source.subarray(start, end);
  return readEscaped(document.source, start, end, 0).bytes;
}

function maskJoined(
  detecting: DetectingText,
  decoded: readonly Buffer[],
  joint: Buffer,
  changes: Map<number, SpanEdits>,
): void {
  const pieces: Piece[] = [];
  const parts: Buffer[] = [];
  let at = 0;
  const push = (bytes: Buffer) => {
    parts.push(bytes);
    at += bytes.length;
  };
  const take = (n: number, text: Buffer, start: number, end: number) => {
    pieces.push({ n, at, start, size: end - start });
    push(text.subarray(start, end));
  };
  decoded.forEach((text, n) => {
    if (n > 0) push(joint);
    if (text.length <= 2 * NEAR_BYTES) take(n, text, 0, text.length);
    else {
      take(n, text, 0, NEAR_BYTES);
      push(FAR);
      take(n, text, text.length - NEAR_BYTES, text.length);
    }
  });
  const joined = Buffer.concat(parts);
  const hits = new Hits();
  detecting.scanner.scan(joined, 0, 0, joined.length, hits);
  let first = 0;
  for (let n = 0; n < hits.count; n++) {
    const [start, end] = [hits.start(n), hits.end(n)];
    while (isBefore(pieces[first], start)) first++;
    let last = first;
    while ((pieces[last]?.at ?? end) < end) last++;
    const touched = pieces.slice(first, last).filter(({ size }) => size > 0);
    if (touched.length < 2) continue;
    touched.forEach((piece, index) => {
      const from = Math.max(0, start - piece.at) + piece.start;
      const to = Math.min(piece.size, end - piece.at) + piece.start;
      const own = changes.get(piece.n) ?? new SpanEdits();
      changes.set(piece.n, own);
      own.put(from, to, index === 0 ? maskedHit(detecting, joined, start, end, hits.rule(n)) : NOTHING);
    });
  }
}

const NOTHING = Buffer.alloc(0);
const REDACTED = Buffer.from('[redacted]');

function isBefore(piece: Piece | undefined, start: number): boolean {
  return piece !== undefined && piece.at + piece.size <= start;
}

function maskedHit(detecting: DetectingText, text: Buffer, start: number, end: number, rule: number): Buffer {
  const out = new ByteSink(64);
  return detecting.maskText(text, start, end, rule, out) ? out.taken() : REDACTED;
}
