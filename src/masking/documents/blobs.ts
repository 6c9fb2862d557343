/**
 * Base64 whose content is a member's value. Text is masked as text. Pictures and sound pass: nothing that looks at bytes
 * could find a value in them. Any other binary, such as a spreadsheet, an archive or a database file, is withheld where a
 * mask applies, since rows may stand in it.
 */
import { isUtf8 } from 'node:buffer';
import { type JsonDocument, jsonString } from '../../json/index.ts';
import type { SpanEdits } from './span-edits.ts';

const MEDIA: readonly (readonly [at: number, bytes: Buffer])[] = [
  [0, Buffer.from('89504e470d0a1a0a', 'hex')],
  [0, Buffer.from('ffd8ff', 'hex')],
  [0, Buffer.from('GIF87a')],
  [0, Buffer.from('GIF89a')],
  [8, Buffer.from('WEBP')],
  [8, Buffer.from('WAVE')],
  [4, Buffer.from('ftyp')],
  [0, Buffer.from('ID3')],
  [0, Buffer.from('fffb', 'hex')],
  [0, Buffer.from('OggS')],
  [0, Buffer.from('fLaC')],
  [0, Buffer.from('1a45dfa3', 'hex')],
];
const WITHHELD_BLOB =
  '[withheld by Sluice: a mask applies to this, and it is binary data in which values cannot be looked for]';

const BASE64 = /^[\w+/=\s-]*$/;

/** Masks the string of base64 at `node`, as every decoder could read it: with either alphabet, blanks and padding. */
export function maskBlob(
  document: JsonDocument,
  node: number,
  text: (text: Buffer) => Buffer | null,
  edits: SpanEdits,
): void {
  const written = document.text(node) ?? '';
  const bytes = Buffer.from(written, 'base64');
  const masked = BASE64.test(written) ? maskBlobBytes(bytes, text) : null;
  if (masked === bytes) return;
  const shown = masked ?? Buffer.from(WITHHELD_BLOB);
  edits.put(document.start(node), document.end(node), jsonString(shown.toString('base64')));
}

/** The very bytes where nothing of them is masked; null: nothing of them may be shown. */
export function maskBlobBytes(bytes: Buffer, text: (text: Buffer) => Buffer | null): Buffer | null {
  if (isText(bytes)) return text(bytes);
  return isMedia(bytes) ? bytes : null;
}

function isText(bytes: Buffer): boolean {
  return isUtf8(bytes) && !bytes.includes(0);
}

export function isMedia(bytes: Buffer): boolean {
  return MEDIA.some(([at, magic]) => bytes.subarray(at, at + magic.length).equals(magic));
}
