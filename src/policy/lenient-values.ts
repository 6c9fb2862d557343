/** What a lenient server may take a text in JSON for: rules that deny are to hold for that as well. */
import { foldName } from '../json/index.ts';

/** The text itself, without what only its form is, and the file that it names where it is a path. */
export function spellingsOf(text: string): readonly string[] {
  const plain = foldName(text).trim();
  const spellings = plain === text ? [text] : [text, plain];
  if (!/[/\\]/.test(plain)) return spellings;
  const path = pathOf(plain);
  return path === plain ? spellings : [...spellings, path];
}

/**
 * `/tmp/../etc/passwd`, `//etc/./passwd`, `file:///etc/passwd` and `..\\..\\etc\\passwd` are `/etc/passwd`. One that
 * leads out of the folder it starts in is taken for one from the root, where it ends if it is long enough.
 */
function pathOf(text: string): string {
  const local = text.replace(/^file:(?:\/\/[^/]*(?=\/))?/, '').replaceAll('\\', '/');
  let isRooted = local.startsWith('/');
  const segments: string[] = [];
  for (const segment of local.split('/')) {
    if (segment === '' || segment === '.') continue;
    if (segment !== '..') segments.push(segment);
    else if (segments.pop() === undefined) isRooted = true;
  }
  return `${isRooted ? '/' : ''}${segments.join('/')}`;
}

/**
 * The number that a text stands for, null where it stands for none. `unknown`: it has digits, and which number they are
 * is for the server to say: `1,000`, `2_50`, `250 USD`.
 */
export function numberIn(text: string): number | 'unknown' | null {
  const digits = asciiDigits(foldName(text)).trim();
  const number = digits === '' ? Number.NaN : Number(digits);
  if (!Number.isNaN(number)) return number;
  if (/^[+-]?(?:inf|infinity)$/i.test(digits)) return digits.startsWith('-') ? -Infinity : Infinity;
  return /\d/.test(digits) ? 'unknown' : null;
}

/** Digits of other scripts, which come in rows of ten. */
function asciiDigits(text: string): string {
  return text.replaceAll(/(?![0-9])\p{Nd}/gu, (digit) => {
    const code = digit.codePointAt(0) ?? 0;
    let value = 0;
    while (value < 9 && /\p{Nd}/u.test(String.fromCodePoint(code - value - 1))) value++;
    return String(value);
  });
}

/** Digits that a double is sure to hold. */
const DIGITS_SURE = 15;

/** Whether a number is written more exactly than a double has it, so that a server may find it on either side of a bound. */
export function isRounded(written: string): boolean {
  const digits = written.replace(/e.*$/i, '').replace('-', '').replace('.', '');
  return digits.replace(/^0+/, '').replace(/0+$/, '').length > DIGITS_SURE;
}
