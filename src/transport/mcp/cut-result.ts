/** A result that is over a limit: cut to what is allowed, valid as it was, and marked in words and in `_meta`. */
import {
  isRefused,
  type JsonDocument,
  JsonEdits,
  jsonString,
  PLAIN_JSON,
  scanJson,
} from '../../json/index.ts';
import { cutResult, type Share } from './result-rows.ts';

const NONE = -1;
const STEPS = 12;
const NEAR = 8;

export interface Bounds {
  /** What may still be sent; null: as much as there is. */
  readonly rows: number | null;
  readonly bytes: number | null;
}

export interface Cut {
  readonly document: JsonDocument;
  readonly rows: number;
}

/**
 * The message with the result cut to the bounds; null: even with nothing in it, it would be over. `place` points at the
 * result, `rows` is how many rows it has.
 */
export function cutToBounds(
  document: JsonDocument,
  place: string,
  rows: number,
  bounds: Bounds,
  rule: string,
): Cut | null {
  const rowsMax = Math.min(rows, bounds.rows ?? rows);
  const nearer = bounds.bytes === null ? document : narrowed(document, place, rowsMax, bounds.bytes);
  const build = (share: Share) => marked(nearer, nearer.at(place), { share, rows, rule });
  const fits = (made: JsonDocument) => bounds.bytes === null || lengthOf(made) <= bounds.bytes;
  const whole = build({ rows: rowsMax, text: 1 });
  if (fits(whole)) return { document: whole, rows: rowsMax };
  let best: Cut | null = null;
  let low = 0;
  let high = 1;
  for (let step = 0; step < STEPS; step++) {
    const part = step === 0 ? 0 : (low + high) / 2;
    const kept = Math.floor(rowsMax * part);
    const made = build({ rows: kept, text: part });
    if (fits(made)) {
      best = { document: made, rows: kept };
      low = part;
    } else {
      if (part === 0) return null;
      high = part;
    }
  }
  return best;
}

/** Something much longer is cut to a few times the bound first, so that what is tried then is small. */
function narrowed(document: JsonDocument, place: string, rows: number, bytes: number): JsonDocument {
  const part = (NEAR * bytes) / lengthOf(document);
  if (part >= 1) return document;
  const edits = new JsonEdits(document);
  cutResult(document, document.at(place), { rows: Math.ceil(rows * part), text: part }, edits);
  return read(edits);
}

function lengthOf(document: JsonDocument): number {
  return document.end(0) - document.start(0);
}

function marked(
  document: JsonDocument,
  result: number,
  { share, rows, rule }: { readonly share: Share; readonly rows: number; readonly rule: string },
): JsonDocument {
  const edits = new JsonEdits(document);
  cutResult(document, result, share, edits);
  const kept = Math.min(rows, share.rows);
  const words = rows > 0 ? `the first ${kept} of ${rows} rows are shown` : 'the beginning is shown';
  const text = `[cut by Sluice: ${words}, since rule "${rule}" allows no more. Ask for less at a time, for instance with a LIMIT.]`;
  const block = Buffer.concat([Buffer.from('{"type":"text","text":'), jsonString(text), Buffer.from('}')]);
  const content = document.member(result, 'content');
  if (document.isArray(content)) edits.addItem(content, block);
  const mark = Buffer.from(JSON.stringify({ rule, rows: { shown: kept, of: rows } }));
  const meta = document.member(result, '_meta');
  if (meta === NONE) edits.addMember(result, '_meta', Buffer.concat([MARK, mark, Buffer.from('}')]));
  else if (document.isObject(meta)) {
    const before = document.member(meta, MARK_NAME);
    if (before === NONE) edits.addMember(meta, MARK_NAME, mark);
    else edits.replace(before, mark);
  }
  return read(edits);
}

function read(edits: JsonEdits): JsonDocument {
  const bytes = edits.apply();
  const made = scanJson(bytes, 0, bytes.length, PLAIN_JSON);
  if (isRefused(made)) throw new Error(`a result that was cut cannot be read: ${made.message}`);
  return made;
}

const MARK_NAME = 'dev.sluice/cut';
const MARK = Buffer.from(`{"${MARK_NAME}":`);
