import { createHmac } from 'node:crypto';
import { baseOf, type CellType, integerSize } from '../cell-type.ts';
import { currentKey, derivedKey } from '../keys.ts';
import { definition, type Masker, ringOf, textOption } from '../masker.ts';
import { canonicalText, decimalFrom, type Value } from '../value.ts';

/** 128 bits: two values of a table of any size do not meet by chance. */
const HASH_BYTES = 16;
/** Where a column is too short for the whole hash, down to 32 bits of it are still of use for joins. */
const SHORT_DIGITS_MIN = 8;
const SHORT_BYTES_MIN = 4;
const NUMERIC_DIGITS = 18;

/**
 * Keyed HMAC-SHA-256, cut to the type: equal values have equal hashes, in every column that is masked with the same
 * key, so joins still work; without the key nobody can try values out. Text carries the key's id in front.
 */
export const hash = definition<{ key: string }>({
  name: 'hash',
  summary: 'keyed HMAC-SHA-256: equal values stay equal, so joins work',
  options: (z) => z.strictObject({ key: z.string().min(1) }),
  read: (raw) => ({ key: textOption(raw, 'key') }),
  keyed: true,
  bind(_options, context): Masker {
    const key = currentKey(ringOf(context));
    const secret = derivedKey(key, 'hash', 32);
    const digest = (bytes: Uint8Array): Buffer => createHmac('sha256', secret).update(bytes).digest();
    return {
      monotone: false,
      opaque: true,
      text(source, start, end, out, charactersMax) {
        const hex = digest(source.subarray(start, end)).toString('hex', 0, HASH_BYTES);
        const whole = `${key.id}:${hex}`;
        if (charactersMax === null || whole.length <= charactersMax) out.text(whole);
        else if (charactersMax >= SHORT_DIGITS_MIN) out.text(hex.slice(0, charactersMax));
        else return false;
        return true;
      },
      value: (value, type) => shaped(digest(Buffer.from(canonicalText(value))), value, type),
      problem(type) {
        const base = baseOf(type);
        if (base.kind === 'text' && base.charactersMax !== null && base.charactersMax < SHORT_DIGITS_MIN)
          return `a column of ${base.charactersMax} characters is too short for a hash`;
        if (base.kind === 'bytes' && base.bytesMax < SHORT_BYTES_MIN)
          return `a column of ${base.bytesMax} bytes is too short for a hash`;
        return HASHED.has(base.kind) ? null : 'a hash is no value of this type; use redact or null';
      },
    };
  },
});

const HASHED = new Set([
  'text',
  'json',
  'jsonb',
  'int2',
  'int4',
  'int8',
  'integer',
  'numeric',
  'uuid',
  'bytea',
  'bytes',
]);

function shaped(digest: Buffer, value: Value, type: CellType): Value | null {
  const base = baseOf(type);
  const size = integerSize(base);
  if (size !== null) {
    const bits = size.signed ? size.bits - 1 : size.bits;
    return { kind: 'integer', value: digest.readBigUInt64BE() >> BigInt(64 - bits) };
  }
  switch (base.kind) {
    case 'numeric': {
      const room = base.precision === null ? NUMERIC_DIGITS : base.precision - (base.scale ?? 0);
      const digits = Math.min(room, NUMERIC_DIGITS);
      if (digits < 1) return null;
      const fraction = value.kind === 'decimal' ? '0'.repeat(value.fraction.length) : '';
      return decimalFrom(false, (digest.readBigUInt64BE() % 10n ** BigInt(digits)).toString(), fraction);
    }
    case 'uuid': {
      const bytes = Buffer.from(digest.subarray(0, 16));
      // Version 8 is for what an application makes itself (RFC 9562, 5.8).
      bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
      bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
      return { kind: 'uuid', bytes };
    }
    case 'bytea':
      return { kind: 'bytes', bytes: Buffer.from(digest.subarray(0, HASH_BYTES)) };
    case 'bytes':
      if (base.bytesMax < SHORT_BYTES_MIN) return null;
      return { kind: 'bytes', bytes: Buffer.from(digest.subarray(0, Math.min(HASH_BYTES, base.bytesMax))) };
    default:
      return null;
  }
}
