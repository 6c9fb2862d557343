/**
 * Values that stand in texts in another spelling: percent-encoded, as in URLs (RFC 3986, 2.1), and Base64 in data URLs
 * (RFC 2397). What hides nothing stays as it is written.
 */
import { isUtf8 } from 'node:buffer';
import { type JsonDocument, JsonEdits, jsonString } from '../json/index.ts';

/** Masks texts, and the bytes of what is Base64; null: nothing of it may be shown. */
export interface DecodedMasker {
  text(text: Buffer): Buffer | null;
  bytes(bytes: Buffer): Buffer | null;
}

const DATA_URL = /(data:[^\s,"'<>]{0,200};base64,)([\w+/=%-]+)/gi;
const RUN = /[^\s"'<>]+/g;
const ESCAPE = /%[0-9a-f]{2}/i;
const ESCAPES = /(?:%[0-9a-f]{2})+/gi;
/** What was encoded more often than this is shown to nobody. */
const ROUNDS_MAX = 4;

/** What takes the place of something that cannot be masked and must not be shown. */
export const WITHHELD =
  '[withheld by Sluice: a mask applies to this, and it cannot be read in one way only, so nothing of it is shown]';

/** Whether bytes of JSON or text have anything that could be encoded. */
export function holdsEncoded(bytes: Buffer): boolean {
  return bytes.includes('%') || bytes.includes(';base64,') || bytes.includes('\\u0025');
}

/** Strings of JSON, apart from those of `kept`, in which something is masked that is written in another spelling. */
export function maskEncodedIn(
  document: JsonDocument,
  kept: ReadonlySet<number>,
  masker: DecodedMasker,
): JsonEdits {
  const edits = new JsonEdits(document);
  for (let node = 0; node < document.count; node++) {
    if (!document.isString(node) || kept.has(node)) continue;
    const text = document.text(node) ?? '';
    if (!mayBeEncoded(text)) continue;
    const masked = maskEncoded(text, masker);
    if (masked !== text) edits.replace(node, jsonString(masked));
  }
  return edits;
}

function mayBeEncoded(text: string): boolean {
  return text.includes('%') || text.includes(';base64,');
}

/** The very text where nothing of it is masked. */
export function maskEncoded(text: string, masker: DecodedMasker): string {
  const urls = text.replaceAll(DATA_URL, (whole: string, head: string, written: string) => {
    const bytes = Buffer.from(decodedOnce(written), 'base64');
    const masked = masker.bytes(bytes);
    if (masked === bytes) return whole;
    return `${head}${(masked ?? Buffer.from(WITHHELD)).toString('base64')}`;
  });
  return urls.replaceAll(RUN, (run: string) => {
    if (!run.includes('%') || !ESCAPE.test(run)) return run;
    let decoded = run;
    for (let round = 0; round < ROUNDS_MAX; round++) {
      const before = decoded;
      decoded = decodedOnce(before);
      if (decoded === before) return run;
      const bytes = Buffer.from(decoded);
      const masked = masker.text(bytes);
      if (masked === null) return WITHHELD;
      // What is shown decoded must not end a line that it did not end before.
      if (!masked.equals(bytes)) return masked.toString('utf8').replaceAll(/\p{Cc}/gu, encodeURIComponent);
    }
    return decodedOnce(decoded) === decoded ? run : WITHHELD;
  });
}

/** Escapes that are no UTF-8 stay: nobody reads a text in them. */
function decodedOnce(text: string): string {
  return text.replaceAll(ESCAPES, (escapes: string) => {
    const bytes = Buffer.from(escapes.replaceAll('%', ''), 'hex');
    return isUtf8(bytes) ? bytes.toString('utf8') : escapes;
  });
}
