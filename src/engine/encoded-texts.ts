/**
 * Values that stand in texts in another spelling: percent-encoded, as in URLs (RFC 3986, 2.1), and Base64 in data URLs
 * (RFC 2397). What hides nothing stays as it is written.
 */
import { isUtf8 } from 'node:buffer';

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

/** Whether a text has anything that could be encoded. */
export function mayBeEncoded(text: string): boolean {
  return text.includes('%') || text.includes(';base64,');
}

/** The very text where nothing of it is masked. */
export function maskEncoded(text: string, masker: DecodedMasker, withheld: string): string {
  const urls = text.replaceAll(DATA_URL, (whole: string, head: string, written: string) => {
    const bytes = Buffer.from(decodedOnce(written), 'base64');
    const masked = masker.bytes(bytes);
    if (masked === bytes) return whole;
    return `${head}${(masked ?? Buffer.from(withheld)).toString('base64')}`;
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
      if (masked === null) return withheld;
      if (!masked.equals(bytes)) return masked.toString('utf8');
    }
    return decodedOnce(decoded) === decoded ? run : withheld;
  });
}

/** Escapes that are no UTF-8 stay: nobody reads a text in them. */
function decodedOnce(text: string): string {
  return text.replaceAll(ESCAPES, (escapes: string) => {
    const bytes = Buffer.from(escapes.replaceAll('%', ''), 'hex');
    return isUtf8(bytes) ? bytes.toString('utf8') : escapes;
  });
}
