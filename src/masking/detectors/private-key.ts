import type { Detector } from './detector.ts';

const BEGIN = Buffer.from('-----BEGIN ');
const END = Buffer.from('-----END ');
const DASHES = Buffer.from('-----');
/** `OPENSSH PRIVATE KEY`, `PGP PRIVATE KEY BLOCK`: longer than this is no label. */
const LABEL_BYTES_MAX = 40;

/** Private keys in PEM (RFC 7468), to the line that ends them, or to the end of the value where it is cut off. */
export const privateKey: Detector = {
  name: 'private-key',
  summary: 'private keys in PEM',
  triggers: ['dashes'],
  pairs: [],
  label: null,
  find(source, _floor, _start, end, at, _labelled, span) {
    if (end - at < BEGIN.length || source.compare(BEGIN, 0, BEGIN.length, at, at + BEGIN.length) !== 0)
      return false;
    const label = source.latin1Slice(at + BEGIN.length, Math.min(end, at + BEGIN.length + LABEL_BYTES_MAX));
    const named = /^[A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----/.exec(label);
    if (named === null) return false;
    span.start = at;
    span.end = end;
    const rest = source.subarray(at, end);
    const closing = rest.indexOf(END);
    const last = closing < 0 ? -1 : rest.indexOf(DASHES, closing + END.length);
    if (last >= 0) span.end = at + last + DASHES.length;
    return true;
  },
};
