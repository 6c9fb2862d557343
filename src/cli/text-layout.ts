/** How text is laid out in a terminal: folded lines, aligned columns, short forms of long things. */

import { visible } from '../console/visible-text.ts';

const LINE_WIDTH = 100;

/** Folds at spaces so that lines, `indent` wide before their text, stay readable; a long word stays whole. */
export function folded(text: string, indent: number, width = LINE_WIDTH): readonly string[] {
  const lines: string[] = [];
  for (const paragraph of text.split('\n')) {
    let line = '';
    // Runs of spaces stay as they are: they align things.
    for (const word of paragraph.split(/(?<=\S)(?= )/)) {
      if (line !== '' && indent + line.length + word.length > width) {
        lines.push(line);
        line = word.trimStart();
      } else line += word;
    }
    lines.push(line);
  }
  return lines;
}

export interface Column<Row> {
  readonly title: string;
  readonly align: 'left' | 'right';
  cell(row: Row): string;
}

/** Rows under titles, each column as wide as its widest cell. */
export function aligned<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  dim: (text: string) => string,
): readonly string[] {
  const cells = rows.map((row) => columns.map((column) => column.cell(row)));
  const widths = columns.map(({ title }, n) =>
    Math.max(title.length, ...cells.map((line) => line[n]?.length ?? 0)),
  );
  const lineOf = (texts: readonly string[]) =>
    texts
      .map((text, n) =>
        columns[n]?.align === 'right' ? text.padStart(widths[n] ?? 0) : text.padEnd(widths[n] ?? 0),
      )
      .join('  ')
      .trimEnd();
  return [dim(lineOf(columns.map((column) => column.title))), ...cells.map(lineOf)];
}

/** The first digits of a policy's version, as the journal has them. */
export function shortHash(version: string): string {
  const digits = version.replace(/^sha256:/, '');
  return `sha256:${digits.slice(0, 12)}`;
}

/** `2026-03-01 12:00:07`, in UTC, of a time as the journal has it. */
export function shortTime(iso: string): string {
  return iso.replace('T', ' ').replace(/\.\d+Z$/, '');
}

/** One line of at most `width` characters, without control characters that a terminal would act on. */
export function oneLine(text: string, width: number): string {
  const line = withoutControls(text).replaceAll(/\s+/g, ' ').trim();
  return line.length > width ? `${line.slice(0, width - 1)}…` : line;
}

/** Recorded text is the client's: escape sequences in it must not reach the reader's terminal, nor what hides text. */
export function withoutControls(text: string): string {
  return visible(text.replaceAll(/(?![\n\t])\p{Cc}/gu, '\u{fffd}'));
}

export function plural(n: number, noun: string): string {
  return `${n.toLocaleString('en')} ${noun}${n === 1 ? '' : 's'}`;
}
