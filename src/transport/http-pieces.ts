/** Lines and events of a stream, masked one by one. Null: a piece cannot be masked, so it is not passed. */
import { eventFields } from '../../protocols/http/index.ts';
import type { ResponseMasker } from '../engine/response-masker.ts';

export function isBlank(piece: Buffer): boolean {
  return piece.every((byte) => byte === 0x0a || byte === 0x0d || byte === 0x20 || byte === 0x09);
}

export async function maskLine(masker: ResponseMasker, piece: Buffer): Promise<Buffer | null> {
  return isBlank(piece) ? piece : masker.json(piece);
}

/** The data of an event, its lines together. */
export function dataOf(piece: Buffer): Buffer {
  const data = eventFields(piece).filter(({ name }) => name === 'data');
  return Buffer.concat(
    data.flatMap(({ start, end }, n) => [...(n === 0 ? [] : [LF]), piece.subarray(start, end)]),
  );
}

/** The data of an event, its lines together; everything else of it as text. */
export async function maskEvent(masker: ResponseMasker, piece: Buffer): Promise<Buffer | null> {
  const fields = eventFields(piece);
  const data = fields.filter(({ name }) => name === 'data');
  const [first] = data;
  const last = data.at(-1);
  let value: Buffer | null = null;
  let before: Buffer | null = null;
  if (first !== undefined && last !== undefined) {
    before = Buffer.concat(
      data.flatMap(({ start, end }, n) => [...(n === 0 ? [] : [LF]), piece.subarray(start, end)]),
    );
    value = await maskData(masker, before);
    if (value === null) return null;
  }
  const parts: Buffer[] = [];
  let at = 0;
  let written = false;
  for (const { name, start, end } of fields) {
    const isData = name === 'data';
    if (isData && value !== null && before !== null && value.equals(before)) continue;
    if (isData && written) {
      // Further lines of data were masked with the first one: their lines are left empty of everything.
      parts.push(piece.subarray(at, lineStart(piece, start)));
      at = lineEnd(piece, end);
      continue;
    }
    const masked =
      isData && value !== null ? dataLines(value) : maskPlain(masker, piece.subarray(start, end));
    parts.push(piece.subarray(at, start), masked);
    at = end;
    written ||= isData;
  }
  parts.push(piece.subarray(at));
  return Buffer.concat(parts);
}

const LF = Buffer.from('\n');
const DONE = Buffer.from('[DONE]');

async function maskData(masker: ResponseMasker, data: Buffer): Promise<Buffer | null> {
  if (isBlank(data) || data.equals(DONE)) return data;
  const open = data.find((byte) => byte !== 0x20 && byte !== 0x09);
  const looksLikeJson = open === 0x7b || open === 0x5b || open === 0x22;
  return looksLikeJson || masker.needsJson ? masker.json(data) : masker.text(data);
}

function maskPlain(masker: ResponseMasker, text: Buffer): Buffer {
  return Buffer.from(masker.detected(text.toString('latin1')), 'latin1');
}

/** Masked data that has ends of lines in it goes on in lines of its own. */
function dataLines(value: Buffer): Buffer {
  return Buffer.from(value.toString('latin1').replaceAll(/\r\n?|\n/g, '\ndata: '), 'latin1');
}

function lineStart(piece: Buffer, at: number): number {
  while (at > 0 && piece[at - 1] !== 0x0a && piece[at - 1] !== 0x0d) at--;
  return at;
}

function lineEnd(piece: Buffer, at: number): number {
  return at + (piece[at] === 0x0d && piece[at + 1] === 0x0a ? 2 : 1);
}
