/**
 * Text of others, as people are shown it. What changes the order or the look of what stands around it (Trojan Source,
 * CVE-2021-42574), what cannot be seen, and what some programs take for the end of a line, is written as its number:
 * who approves a statement has to read what the server will read.
 */

const UNSEEN = /(?![\n\t])[\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}\u115f\u1160\u3164\uffa0]/gu;

/** Line breaks and tabs stay. */
export function visible(text: string): string {
  return text.replaceAll('\r\n', '\n').replaceAll(UNSEEN, (character) => {
    const point = character.codePointAt(0) ?? 0;
    return `⟨U+${point.toString(16).toUpperCase().padStart(4, '0')}⟩`;
  });
}
