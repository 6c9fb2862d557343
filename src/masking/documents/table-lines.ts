/** Lines of a text, and the cells that a line may have. Positions are those of the text. */

export interface Line {
  readonly start: number;
  /** Before its end of line. */
  readonly end: number;
}

export type Delimiter = 'bar' | 'tab' | 'comma' | 'semicolon' | 'none';

export interface Columns {
  readonly delimiter: Delimiter;
  readonly cells: readonly Cell[];
}

export interface Cell {
  /** Without the blanks around it; with its quotes, where it has some. */
  readonly start: number;
  readonly end: number;
  readonly delimiter: Delimiter;
  readonly isQuoted: boolean;
  text(): string;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LF = 0x0a;
const CR = 0x0d;
const BARS = [Buffer.from('|'), Buffer.from('│'), Buffer.from('┃')] as const;
const MARKS: Readonly<Record<Delimiter, readonly Buffer[]>> = {
  bar: BARS,
  tab: [Buffer.from('\t')],
  comma: [Buffer.from(',')],
  semicolon: [Buffer.from(';')],
  none: [],
};
const DELIMITERS = ['bar', 'tab', 'comma', 'semicolon'] as const;

export function linesOf(text: Buffer, start: number, end: number): readonly Line[] {
  const lines: Line[] = [];
  for (let at = start; at < end; ) {
    let stop = at;
    while (stop < end && text[stop] !== LF) stop++;
    lines.push({ start: at, end: stop > at && text[stop - 1] === CR ? stop - 1 : stop });
    at = stop + 1;
  }
  return lines;
}

/** The cells of a line that may be a header, by the first delimiter that it has; without any, the line as one cell. */
export function columnsOf(text: Buffer, line: Line): Columns {
  for (const delimiter of DELIMITERS) {
    const cells = cellsOf(text, line, delimiter, line.end);
    if (cells.length > 1 || (delimiter === 'bar' && MARKS.bar.some((mark) => startsWith(text, mark, line))))
      return { delimiter, cells };
  }
  return { delimiter: 'none', cells: cellsOf(text, line, 'none', line.end) };
}

/** `end`: how far a quoted cell may go on behind the end of the line. */
export function cellsOf(text: Buffer, line: Line, delimiter: Delimiter, end: number): readonly Cell[] {
  const cells: Cell[] = [];
  const marks = MARKS[delimiter];
  const quotes = delimiter !== 'bar';
  let lineEnd = line.end;
  for (let at = line.start; at <= lineEnd; ) {
    let from = at;
    while (from < lineEnd && isBlank(text[from], delimiter)) from++;
    if (quotes && text[from] === QUOTE && from < lineEnd) {
      const close = quoteEnd(text, from + 1, end);
      if (close > lineEnd) while (lineEnd < close || (lineEnd < end && text[lineEnd] !== LF)) lineEnd++;
      const stop = markAfter(text, close, lineEnd, marks);
      cells.push(cellOf(text, from, close, delimiter, true));
      if (stop.at >= lineEnd) break;
      at = stop.at + stop.size;
      continue;
    }
    const stop = markAfter(text, from, lineEnd, marks);
    cells.push(cellOf(text, from, stop.at, delimiter, false));
    if (stop.at >= lineEnd) break;
    at = stop.at + stop.size;
  }
  if (delimiter !== 'bar') return cells;
  // The bars at both ends of a line have nothing on their other side.
  const first = cells[0]?.start === cells[0]?.end ? 1 : 0;
  const last = cells.at(-1);
  return cells.slice(first, last?.start === last?.end && cells.length > 1 ? -1 : undefined);
}

function cellOf(text: Buffer, start: number, end: number, delimiter: Delimiter, isQuoted: boolean): Cell {
  let to = end;
  while (to > start && isBlank(text[to - 1], delimiter)) to--;
  return {
    start,
    end: to,
    delimiter,
    isQuoted,
    text() {
      if (!isQuoted) return text.utf8Slice(start, to);
      return text
        .utf8Slice(start + 1, text[to - 1] === QUOTE && to > start + 1 ? to - 1 : to)
        .replaceAll('""', '"');
    },
  };
}

function isBlank(byte: number | undefined, delimiter: Delimiter): boolean {
  return byte === 0x20 || byte === CR || (byte === 0x09 && delimiter !== 'tab');
}

/** Behind the closing quote, of which two stand for one. */
function quoteEnd(text: Buffer, from: number, end: number): number {
  for (let at = from; at < end; at++) {
    if (text[at] !== QUOTE) continue;
    if (text[at + 1] !== QUOTE) return at + 1;
    at++;
  }
  return end;
}

function markAfter(
  text: Buffer,
  from: number,
  end: number,
  marks: readonly Buffer[],
): { readonly at: number; readonly size: number } {
  for (let at = from; at < end; at++) {
    if (text[at - 1] === BACKSLASH && at > from) continue;
    for (const mark of marks) if (matches(text, mark, at, end)) return { at, size: mark.length };
  }
  return { at: end, size: 0 };
}

function matches(text: Buffer, mark: Buffer, at: number, end: number): boolean {
  if (text[at] !== mark[0] || at + mark.length > end) return false;
  return mark.length === 1 || text.compare(mark, 0, mark.length, at, at + mark.length) === 0;
}

function startsWith(text: Buffer, mark: Buffer, { start, end }: Line): boolean {
  let at = start;
  while (at < end && text[at] === 0x20) at++;
  return matches(text, mark, at, end);
}
