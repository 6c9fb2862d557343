/** Definitions of what MCP servers offer, for people who review them: nothing in them is out of sight. */
import { type Json, parseJson } from '../core/json.ts';

/** Lines of more than this are compared as a whole: the table of a comparison grows with their product. */
const COMPARED_MAX = 2_000;

/**
 * Controls, formats, what is not assigned, separators, blanks that are not a space, and what Unicode counts as letters,
 * marks or symbols though nothing is seen of it: fillers, variation selectors (which can spell whole texts), the empty
 * Braille cell.
 */
const UNSEEN = /(?!\n)[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800\uffa0]|(?! )\p{Zs}/gu;

/** Canonical JSON in lines; characters that are not seen are written as escapes. */
export function shownDefinition(definition: string): string {
  const parsed: Json = parseJson(definition);
  return JSON.stringify(parsed, null, 2).replaceAll(UNSEEN, escaped);
}

function escaped(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}

export interface ComparedLine {
  readonly change: '+' | '-' | ' ';
  readonly line: string;
}

/** What has to be taken out of one text and put in to get the other, by the longest lines that both have in common. */
export function lineDifference(before: string, after: string): readonly ComparedLine[] {
  const [old, now] = [before, after].map((text) => (text === '' ? [] : text.split('\n')));
  if (old === undefined || now === undefined) return [];
  if (old.length > COMPARED_MAX || now.length > COMPARED_MAX)
    return [
      ...old.map((line): ComparedLine => ({ change: '-', line })),
      ...now.map((line): ComparedLine => ({ change: '+', line })),
    ];
  const common = commonLengths(old, now);
  const width = now.length + 1;
  const lines: ComparedLine[] = [];
  let [i, j] = [0, 0];
  while (i < old.length || j < now.length) {
    const [left, right] = [old[i], now[j]];
    if (left !== undefined && left === right) {
      lines.push({ change: ' ', line: left });
      i++;
      j++;
    } else if (
      left !== undefined &&
      (right === undefined || (common[(i + 1) * width + j] ?? 0) >= (common[i * width + j + 1] ?? 0))
    ) {
      lines.push({ change: '-', line: left });
      i++;
    } else {
      lines.push({ change: '+', line: right ?? '' });
      j++;
    }
  }
  return lines;
}

/** For each pair of places, how many lines both have in common from there on. */
function commonLengths(old: readonly string[], now: readonly string[]): Uint16Array {
  const width = now.length + 1;
  const common = new Uint16Array((old.length + 1) * width);
  for (let i = old.length - 1; i >= 0; i--)
    for (let j = now.length - 1; j >= 0; j--)
      common[i * width + j] =
        old[i] === now[j]
          ? (common[(i + 1) * width + j + 1] ?? 0) + 1
          : Math.max(common[(i + 1) * width + j] ?? 0, common[i * width + j + 1] ?? 0);
  return common;
}
