/**
 * Names and texts that show one thing to a person and another to a program: characters that are not seen, letters that
 * look like others. Sources: Unicode UTS 39 (confusables), UTS 55 (source code handling); MCP 2025-11-25, tool names.
 */

/** What MCP 2025-11-25 asks of a tool's name. What is outside of it looks like something that is inside. */
const TOOL_NAME = /^[A-Za-z0-9_./-]{1,128}$/;

/** Controls, formats, private and unassigned code points, separators of lines, blanks that are not a space. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}\p{Zl}\p{Zp}]|(?! )\p{Zs}/u;

type Ranges = readonly (readonly [first: number, last: number])[];

/** Unseen though Unicode counts them as letters, symbols and marks: fillers, the empty Braille cell, selectors. */
const FILLERS: Ranges = [
  [0x034f, 0x034f],
  [0x115f, 0x1160],
  [0x17b4, 0x17b5],
  [0x2800, 0x2800],
  [0x3164, 0x3164],
  [0xfe00, 0xfe0f],
  [0xffa0, 0xffa0],
  [0xe0100, 0xe01ef],
];

/** In text for people: what reorders it, tags, and what has no width, apart from what joins emoji and letters. */
const HIDDEN_IN_TEXT: Ranges = [
  [0x0000, 0x0008],
  [0x000b, 0x000c],
  [0x000e, 0x001f],
  [0x007f, 0x009f],
  [0x00ad, 0x00ad],
  [0x034f, 0x034f],
  [0x061c, 0x061c],
  [0x115f, 0x1160],
  [0x180e, 0x180e],
  [0x200b, 0x200b],
  [0x200e, 0x200f],
  [0x202a, 0x202e],
  [0x2060, 0x206f],
  [0x3164, 0x3164],
  [0xfeff, 0xfeff],
  [0xffa0, 0xffa0],
  [0xfff9, 0xfffb],
  [0xe0000, 0xe0fff],
];

function firstIn(ranges: Ranges, text: string): string | null {
  for (const character of text) {
    const codePoint = character.codePointAt(0) ?? 0;
    if (ranges.some(([first, last]) => codePoint >= first && codePoint <= last)) return character;
  }
  return null;
}

/** Why a name is not taken; null: it is. */
export function nameProblem(kind: 'tool' | 'other', name: string): string | null {
  if (name === '') return 'is empty';
  const unseen = UNSEEN.exec(name)?.[0] ?? firstIn(FILLERS, name);
  if (unseen !== null) return `has a character that is not seen (${codePointOf(unseen)})`;
  if (name.length > 1024) return 'is longer than 1024 characters';
  if (kind === 'tool' && !TOOL_NAME.test(name)) {
    const odd = [...name].find((character) => !TOOL_NAME.test(character));
    return odd === undefined
      ? 'is longer than 128 characters'
      : `has a character that tool names may not have (${codePointOf(odd)})`;
  }
  return null;
}

/** The first hidden character of a text that a model reads, as U+XXXX; null: there is none. */
export function hiddenCharacterIn(text: string): string | null {
  const hidden = firstIn(HIDDEN_IN_TEXT, text);
  return hidden === null ? null : codePointOf(hidden);
}

function codePointOf(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
}

/** Letters of other scripts that look like Latin ones, and digits that look like letters. */
const LIKE: Readonly<Record<string, string>> = {
  '0': 'o',
  '1': 'l',
  '|': 'l',
  i: 'l',
  '5': 's',
  а: 'a',
  с: 'c',
  ԁ: 'd',
  е: 'e',
  һ: 'h',
  і: 'l',
  ј: 'j',
  ӏ: 'l',
  ո: 'n',
  о: 'o',
  р: 'p',
  ԛ: 'q',
  ѕ: 's',
  у: 'y',
  ѵ: 'v',
  ԝ: 'w',
  х: 'x',
  α: 'a',
  ε: 'e',
  ι: 'l',
  κ: 'k',
  ν: 'v',
  ο: 'o',
  ρ: 'p',
  τ: 't',
  υ: 'u',
  χ: 'x',
  ı: 'l',
};

/** What a name looks like: two names of one skeleton are taken for each other by whoever reads them quickly. */
export function skeletonOf(name: string): string {
  const folded = name
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll(/[\p{M}\p{Cf}\s_./-]/gu, '');
  return [...folded]
    .map((character) => LIKE[character] ?? character)
    .join('')
    .replaceAll('rn', 'm')
    .replaceAll('vv', 'w');
}
