import { ALNUM, DASH, KIND, runEnd, UNDERSCORE } from './bytes.ts';
import type { Detector } from './detector.ts';

const BASE64URL = ALNUM | DASH | UNDERSCORE;
const DOT = 0x2e;
/** `{"alg":"none"}` and shorter is no header anybody sends. */
const HEADER_BYTES_MIN = 16;
/** Longer is none either; without a limit, text made of beginnings of headers would be read over and over. */
const HEADER_BYTES_MAX = 4096;
const PARTS_MAX = 5;

/** JSON Web Tokens, signed or encrypted: a header that is base64url of `{"`, and two parts or four behind it. */
export const jwt: Detector = {
  name: 'jwt',
  summary: 'JSON Web Tokens',
  triggers: ['word'],
  pairs: ['ey'],
  label: null,
  find(source, _floor, _start, end, at, _labelled, span) {
    if (source[at + 2] !== 0x4a || at + 3 >= end) return false;
    let stop = runEnd(source, at, Math.min(end, at + HEADER_BYTES_MAX), BASE64URL);
    if (stop - at < HEADER_BYTES_MIN) return false;
    let parts = 1;
    let payload = 0;
    while (parts < PARTS_MAX && stop < end && source[stop] === DOT) {
      const next = runEnd(source, stop + 1, end, BASE64URL);
      // A full stop at the end of a sentence is no empty part.
      if (next === stop + 1 && parts >= 3) break;
      if (parts === 1) payload = next - stop - 1;
      parts++;
      stop = next;
    }
    if (parts < 3 || (payload < 2 && parts < PARTS_MAX)) return false;
    if (stop < end && ((KIND[source[stop] ?? 0] ?? 0) & ALNUM) !== 0) return false;
    span.start = at;
    span.end = stop;
    return true;
  },
};
