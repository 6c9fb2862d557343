/** Character sets that `_name` before a literal stands for, by what bytes of such a string say. */

/** Every ASCII byte stands for itself, alone. */
const SINGLE = [
  ...[
    'binary',
    'ascii',
    'latin1',
    'latin2',
    'latin5',
    'latin7',
    'utf8',
    'utf8mb3',
    'utf8mb4',
    'greek',
    'hebrew',
  ],
  ...['cp1250', 'cp1251', 'cp1256', 'cp1257', 'cp850', 'cp852', 'cp866', 'koi8r', 'koi8u', 'dec8', 'hp8'],
  ...['tis620', 'armscii8', 'geostd8', 'keybcs2', 'macce', 'macroman'],
];
/** A quote or backslash can be the second half of a character. */
const MULTIBYTE = ['big5', 'gbk', 'gb2312', 'gb18030', 'sjis', 'cp932', 'ujis', 'euckr', 'eucjpms'];
/** A string's bytes are not the text that they look like: of two and four bytes each, or letters in place of ASCII's. */
const WIDE = ['ucs2', 'utf16', 'utf16le', 'utf32', 'filename', 'swe7'];

export type IntroducerKind = 'single' | 'multibyte' | 'wide';

const KINDS: ReadonlyMap<string, IntroducerKind> = new Map<string, IntroducerKind>([
  ...SINGLE.map((name) => [name, 'single'] as const),
  ...MULTIBYTE.map((name) => [name, 'multibyte'] as const),
  ...WIDE.map((name) => [name, 'wide'] as const),
]);

/** `name` without its underscore, in lower case; undefined where it is a name like any other. */
export function introducerKind(name: string): IntroducerKind | undefined {
  return KINDS.get(name);
}
