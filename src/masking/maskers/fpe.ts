import { isUtf8 } from 'node:buffer';
import { FF1 } from '@noble/ciphers/ff1.js';
import { baseOf, type CellType, describeType, fitsInteger, integerSize } from '../cell-type.ts';
import { currentKey, derivedKey } from '../keys.ts';
import { definition, type Masker, ringOf, textOption, type Zod } from '../masker.ts';
import { decimalFrom, type Value } from '../value.ts';
import { isSeparator } from './characters.ts';

/** "radix^minlen ≥ 1 000 000" (NIST SP 800-38G Rev. 1, 5.1): fewer values than that can be tried out one by one. */
const DOMAIN_MIN = 1_000_000;
/** The cost grows with the square of the length; longer text has no format to preserve. */
const CHARACTERS_MAX = 512;
/** Encrypting again until the result is one of the type; a type takes at least a tenth of its digits' domain. */
const WALK_MAX = 400;

const ALPHABETS: Readonly<Record<string, string>> = {
  digits: '0123456789',
  alnum: '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz',
};
const HEX = '0123456789abcdef';
/** Fewer bits than these have fewer numbers than `DOMAIN_MIN`. */
const INTEGER_BITS_MIN = 20;
/** The hexadecimal digits of a uuid that tell version and variant: they stay. */
const UUID_KEPT = new Set([12, 16]);

const alphabetSchema = (z: Zod) =>
  z
    .string()
    .refine((written) => written in ALPHABETS || new Set(written).size === [...written].length, {
      message: 'expected digits, alnum, or characters of which none is there twice',
    })
    .refine((written) => written in ALPHABETS || [...written].length >= 2, {
      message: 'expected at least two characters',
    });

/** Format-preserving encryption, FF1: same length, same alphabet, separators in their places; equal values stay equal. */
export const fpe = definition<{ key: string; alphabet: string; tweak: string }>({
  name: 'fpe',
  summary: 'format-preserving encryption (NIST FF1): same length and alphabet, separators kept',
  options: (z) =>
    z.strictObject({
      key: z.string().min(1),
      alphabet: alphabetSchema(z).default('digits'),
      tweak: z.string().default(''),
    }),
  read: (raw) => ({
    key: textOption(raw, 'key'),
    alphabet: textOption(raw, 'alphabet', 'digits'),
    tweak: textOption(raw, 'tweak', ''),
  }),
  keyed: true,
  bind({ alphabet, tweak }, context): Masker {
    const key = derivedKey(currentKey(ringOf(context)), 'fpe', 32);
    const tweakBytes = Buffer.from(tweak);
    const text = new Ff1Alphabet(ALPHABETS[alphabet] ?? alphabet, key, tweakBytes);
    const digits = new Ff1Alphabet('0123456789', key, tweakBytes);
    const hex = new Ff1Alphabet(HEX, key, tweakBytes);
    return {
      monotone: false,
      opaque: false,
      text(source, start, end, out) {
        if (end - start > CHARACTERS_MAX * 4 || !isUtf8(source.subarray(start, end))) return false;
        const encrypted = text.encryptText(source.utf8Slice(start, end));
        if (encrypted === null) return false;
        out.text(encrypted);
        return true;
      },
      value: (value, type) => encryptValue(value, type, digits, hex),
      problem(type) {
        const base = baseOf(type);
        if (base.kind === 'text' && base.charactersMax !== null && base.charactersMax < text.lengthMin)
          return `values of ${base.charactersMax} characters are too short to be encrypted safely`;
        const size = integerSize(base);
        if (size !== null && size.bits < INTEGER_BITS_MIN)
          return `${describeType(base)} has fewer than a million values, too few to be encrypted safely`;
        return ENCRYPTED.has(base.kind) ? null : 'it only works on text, integers, numeric and uuids';
      },
    };
  },
});

const ENCRYPTED = new Set(['text', 'json', 'jsonb', 'int4', 'int8', 'integer', 'numeric', 'uuid']);

/** FF1 over the characters of an alphabet. */
export class Ff1Alphabet {
  readonly #symbols: readonly string[];
  readonly #numerals = new Map<string, number>();
  readonly #cipher: { encrypt(numerals: number[]): number[] };
  /** Shorter strings of this alphabet cannot be encrypted safely. */
  readonly lengthMin: number;

  constructor(symbols: string, key: Uint8Array, tweak: Uint8Array) {
    this.#symbols = [...symbols];
    this.#symbols.forEach((symbol, i) => {
      this.#numerals.set(symbol, i);
    });
    this.#cipher = FF1(this.#symbols.length, key, tweak);
    this.lengthMin = Math.max(2, Math.ceil(Math.log(DOMAIN_MIN) / Math.log(this.#symbols.length) - 1e-9));
  }

  encrypt(numerals: number[]): number[] | null {
    if (numerals.length < this.lengthMin || numerals.length > CHARACTERS_MAX) return null;
    return this.#cipher.encrypt(numerals);
  }

  numeralsOf(text: string): number[] {
    return [...text].map((symbol) => this.#numerals.get(symbol) ?? 0);
  }

  textOf(numerals: readonly number[]): string {
    return numerals.map((numeral) => this.#symbols[numeral] ?? '').join('');
  }

  /** Null: too short, too long, or with characters that are neither of the alphabet nor separators. */
  encryptText(text: string): string | null {
    const characters = [...text];
    const places: number[] = [];
    const numerals: number[] = [];
    for (let i = 0; i < characters.length; i++) {
      const character = characters[i] ?? '';
      const numeral = this.#numerals.get(character);
      if (numeral !== undefined) {
        places.push(i);
        numerals.push(numeral);
      } else if (character.length > 1 || !isSeparator(character.charCodeAt(0))) {
        return null;
      }
    }
    const encrypted = this.encrypt(numerals);
    if (encrypted === null) return null;
    places.forEach((place, i) => {
      characters[place] = this.#symbols[encrypted[i] ?? 0] ?? '';
    });
    return characters.join('');
  }

  /**
   * Encrypts again and again until `accepts` takes the result: a permutation of the accepted strings ("cycle walking"),
   * so distinct values stay distinct.
   */
  walk<Result>(text: string, accepts: (encrypted: string) => Result | null): Result | null {
    let numerals: number[] | null = this.numeralsOf(text);
    for (let i = 0; i < WALK_MAX; i++) {
      numerals = this.encrypt(numerals);
      if (numerals === null) return null;
      const result = accepts(this.textOf(numerals));
      if (result !== null) return result;
    }
    return null;
  }
}

function encryptValue(value: Value, type: CellType, digits: Ff1Alphabet, hex: Ff1Alphabet): Value | null {
  const base = baseOf(type);
  switch (value.kind) {
    case 'integer': {
      const size = integerSize(base);
      if (size === null || size.bits < INTEGER_BITS_MIN) return null;
      const negative = value.value < 0n;
      return digits.walk((negative ? -value.value : value.value).toString(), (text) => {
        const magnitude = BigInt(text);
        // The lowest number of a type has no opposite, and is left out, so that the sign changes nothing.
        if (text.startsWith('0') || !fitsInteger(magnitude, size)) return null;
        return { kind: 'integer', value: negative ? -magnitude : magnitude };
      });
    }
    case 'decimal': {
      const { negative, integer, fraction } = value;
      const small = integer === '0';
      return digits.walk(small ? fraction : integer + fraction, (text) => {
        if (small) return decimalFrom(negative, '0', text);
        if (text.startsWith('0')) return null;
        return decimalFrom(negative, text.slice(0, integer.length), text.slice(integer.length));
      });
    }
    case 'uuid': {
      const characters = [...value.bytes.toString('hex')];
      const moving = characters.filter((_, i) => !UUID_KEPT.has(i)).join('');
      const encrypted = hex.encrypt(hex.numeralsOf(moving));
      if (encrypted === null) return null;
      const text = hex.textOf(encrypted);
      const kept = characters.map((character, i) => (UUID_KEPT.has(i) ? character : ''));
      let at = 0;
      const joined = kept.map((character) => (character === '' ? text.charAt(at++) : character)).join('');
      return { kind: 'uuid', bytes: Buffer.from(joined, 'hex') };
    }
    default:
      return null;
  }
}
