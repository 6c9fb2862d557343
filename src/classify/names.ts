/** What a column's name says is in it. */
import type { CellType } from '../masking/index.ts';
import { baseOf } from '../masking/index.ts';
import { ABOUT, KINDS, type Kind } from './kinds.ts';

/** Words that others are written before without a break: `useremail`. */
const GLUED = /([a-z])(password|passwort|passwd|email|token|secret|telephone|telefon)$/;

/** `homePhone2`: home_phone2; `Home-Phone`: home_phone. */
export function wordsOf(name: string): string {
  return name
    .normalize('NFD')
    .replaceAll(/\p{Mn}/gu, '')
    .replaceAll('ß', 'ss')
    .replaceAll('ø', 'o')
    .replaceAll('ł', 'l')
    .replaceAll(/([\p{Ll}\d])(\p{Lu})/gu, '$1_$2')
    .replaceAll(/(\p{Lu})(\p{Lu}\p{Ll})/gu, '$1_$2')
    .toLowerCase()
    .replaceAll(/[^\p{L}\d]+/gu, '_')
    .replaceAll(/^_+|_+$/g, '')
    .replace(GLUED, '$1_$2');
}

/** Letters of shorter names meet by chance: `p_an`. */
const SQUEEZED_MIN = 8;

/** Nobody knows how others break a word: `kreditkarten_nummer`. */
function squeezed(words: string): string {
  return words.replaceAll('_', '');
}

/** The type under domains and arrays. */
export function innermost(type: CellType): CellType {
  const base = baseOf(type);
  return base.kind === 'array' ? innermost(base.of) : base;
}

const HOLDS_SECRETS = /(^|_)(secrets?|credentials?|vault|api_keys|passwords?|tokens)$/;
/** What the one column with the secret is called in a table of secrets. */
const HOLDS_VALUE = new Set([
  'value',
  'secret_value',
  'content',
  'contents',
  'data',
  'key',
  'hash',
  'payload',
]);

/** The kind that a name says; `of`: whose name says it. */
export function kindByName(
  table: string,
  column: string,
  type: CellType,
): { readonly kind: Kind; readonly of: 'column' | 'table' } | null {
  const { kind: base } = innermost(type);
  const words = wordsOf(column);
  // `phone1` and `phone_1` are phones.
  const plain = words.replace(/_?\d+$/, '');
  const last = plain.slice(plain.lastIndexOf('_') + 1);
  for (const kind of KINDS) {
    if (!kind.types.some((accepted) => accepted === base)) continue;
    const isNamed = kind.names.some(
      (name) =>
        name === words ||
        name === plain ||
        (name.length >= SQUEEZED_MIN && squeezed(name) === squeezed(plain)),
    );
    const isInside = kind.names.some((name) =>
      ABOUT.has(last) ? plain.endsWith(`_${name}`) : `_${plain}_`.includes(`_${name}_`),
    );
    if (isNamed || isInside) return { kind, of: 'column' };
    if (kind.name === 'secret' && HOLDS_SECRETS.test(wordsOf(table)) && HOLDS_VALUE.has(plain)) {
      return { kind, of: 'table' };
    }
  }
  return null;
}
