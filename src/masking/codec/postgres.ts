/** Postgres' encodings of values, in both formats. */
import type { CellCodec } from './codec.ts';
import { rewriteBinary } from './postgres-compounds.ts';
import { rewriteText } from './postgres-literal-text.ts';
import { decodeScalar, encodeScalar } from './postgres-scalars.ts';

/** jsonb_send writes the version of the format before the text. */
const JSONB_VERSION = 1;

export const POSTGRES_CODEC: CellCodec = {
  dialect: 'postgres',
  decode: decodeScalar,
  encode: encodeScalar,
  jsonPrefixBytes(source, start, end, type, format) {
    if (format !== 'binary' || type.kind !== 'jsonb') return 0;
    return end > start && source[start] === JSONB_VERSION ? 1 : -1;
  },
  jsonPrefix: (type, format) =>
    format === 'binary' && type.kind === 'jsonb' ? Buffer.from([JSONB_VERSION]) : Buffer.alloc(0),
  rewrite(source, start, end, kind, format, delimiter, mask, out) {
    return format === 'binary'
      ? rewriteBinary(source, start, end, kind, mask, out)
      : rewriteText(source, start, end, kind, kind === 'array' ? delimiter : ',', mask, out);
  },
  emptyOf(kind, format) {
    if (kind === 'range') return format === 'binary' ? Buffer.from([1]) : Buffer.from('empty');
    if (kind === 'multirange') return format === 'binary' ? Buffer.alloc(4) : Buffer.from('{}');
    return null;
  },
};
