import { aessiv } from '@noble/ciphers/aes.js';
import { baseOf } from '../cell-type.ts';
import { currentKey, derivedKey, type KeyRing, type MaskKey } from '../keys.ts';
import { definition, type Masker, ringOf, textOption } from '../masker.ts';
import { writeWithin } from './characters.ts';

/** Version of the form; part of what is authenticated, so that a later form cannot be read as this one. */
const FORM = Buffer.from('sluice token 1');
const SIV_BYTES = 16;
/** Longer values would make tokens that no column or tool carries. */
const VALUE_BYTES_MAX = 64 * 1024;

/**
 * Reversible by whoever holds the key: AES-SIV (RFC 5297) over the value, deterministic, so equal values have equal
 * tokens, and authenticated, so nobody can make one up. `tok_KEYID_…` in text; `detokenise` opens it.
 */
export const token = definition<{ key: string }>({
  name: 'token',
  summary: 'reversible with the key (AES-SIV): equal values have equal tokens',
  options: (z) => z.strictObject({ key: z.string().min(1) }),
  read: (raw) => ({ key: textOption(raw, 'key') }),
  keyed: true,
  bind(_options, context): Masker {
    const key = currentKey(ringOf(context));
    const cipher = cipherOf(key);
    const tokenOf = (bytes: Uint8Array): string =>
      `tok_${key.id}_${Buffer.from(cipher.encrypt(bytes)).toString('base64url')}`;
    return {
      monotone: false,
      opaque: true,
      text(source, start, end, out, charactersMax) {
        if (end - start > VALUE_BYTES_MAX) return false;
        return writeWithin(tokenOf(source.subarray(start, end)), out, charactersMax);
      },
      value: (value) =>
        value.kind === 'bytes' && value.bytes.length <= VALUE_BYTES_MAX
          ? { kind: 'bytes', bytes: Buffer.from(tokenOf(value.bytes)) }
          : null,
      problem(type) {
        const base = baseOf(type);
        const shortest = `tok_${key.id}_`.length + Math.ceil((SIV_BYTES * 4) / 3);
        if (base.kind === 'text' && base.charactersMax !== null && base.charactersMax <= shortest)
          return `a column of ${base.charactersMax} characters is too short for a token`;
        if (base.kind === 'bytes' && base.bytesMax <= shortest)
          return `a column of ${base.bytesMax} bytes is too short for a token`;
        return ['text', 'json', 'jsonb', 'bytea', 'bytes'].includes(base.kind)
          ? null
          : 'a token is text; use fpe or hash for this type';
      },
    };
  },
});

function cipherOf(key: MaskKey): {
  encrypt(bytes: Uint8Array): Uint8Array;
  decrypt(bytes: Uint8Array): Uint8Array;
} {
  const secret = derivedKey(key, 'token', 64);
  // A cipher of the library is for one use.
  return {
    encrypt: (bytes) => aessiv(secret, FORM).encrypt(bytes),
    decrypt: (bytes) => aessiv(secret, FORM).decrypt(bytes),
  };
}

/** The value behind a token; null where the text is no token, or of a key that the ring does not have. */
export function detokenise(text: string, ring: KeyRing): Buffer | null {
  const match = /^tok_([A-Za-z0-9]{1,16})_([A-Za-z0-9_-]+)$/.exec(text);
  const key = ring.keys.find(({ id }) => id === match?.[1]);
  if (match === null || key === undefined) return null;
  try {
    return Buffer.from(cipherOf(key).decrypt(Buffer.from(match[2] ?? '', 'base64url')));
  } catch {
    return null;
  }
}
