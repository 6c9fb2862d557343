/**
 * Tables in texts: CSV (RFC 4180) and its kin with tabs and semicolons, tables of Markdown, psql and mysql, and lines of
 * `name: value`. A column is masked whose header is what the last step of a path names, wherever the path begins.
 */
import { foldName } from '../../json/index.ts';
import type { CompiledPath, ValueMask } from './document-plan.ts';
import { SpanEdits } from './span-edits.ts';
import { type Cell, type Columns, cellsOf, columnsOf, type Line, linesOf } from './table-lines.ts';

const NAME_BYTES_MAX = 256;
/** Between header and rows, and around them. */
const RULE = /^[\s|+:=\-│┃├┤┼─━═┌┐└┘┬┴╞╡╪]+$/u;
/** What may stand around a name in front of its value. */
const AROUND_NAME = new Set([...' \t\r>*-"\'`'].map((character) => character.charCodeAt(0)));
const LAST_ROW = /^\(\d+ rows?\)$/;

/** Changes cells of [start, end). */
export function maskTables(
  text: Buffer,
  start: number,
  end: number,
  paths: readonly CompiledPath[],
  edits: SpanEdits,
): void {
  const masks = new Map<string, ValueMask>();
  for (const { path, value } of paths) {
    const name = path.lastName;
    if (name !== null && !masks.has(name)) masks.set(name, value);
  }
  if (masks.size === 0) return;
  const sizes = new Set([...masks.keys()].map(({ length }) => length));
  const found = (cell: Cell): ValueMask | undefined =>
    mayBeName(text, cell, sizes) ? masks.get(foldName(cell.text().trim())) : undefined;
  const lines = linesOf(text, start, end);
  for (let n = 0; n < lines.length; n++) {
    const line = lines[n];
    const next = lines[n + 1];
    if (line === undefined) break;
    const header = columnsOf(text, line);
    const columns = header.cells.flatMap((cell, column) => {
      const mask = found(cell);
      return mask === undefined ? [] : [{ column, mask }];
    });
    const isExpanded =
      header.delimiter === 'bar' && header.cells.length === 2 && (next === undefined || !isRule(text, next));
    if (columns.length > 0 && next !== undefined && !isExpanded && isHeader(text, header, next, end)) {
      n = maskRows(text, lines, n + 1, header.delimiter, header.cells.length, columns, end, edits);
      continue;
    }
    const pair = pairIn(text, line);
    const mask = pair === null ? undefined : found(pair.name);
    if (pair !== null && mask !== undefined) maskCell(pair.value, mask, 'none', edits);
  }
}

/** Words with commas between them are a header only where the next line has as many cells. */
function isHeader(text: Buffer, { delimiter, cells }: Columns, next: Line, end: number): boolean {
  if (delimiter === 'bar' || delimiter === 'none') return true;
  return cellsOf(text, next, delimiter, end).length === cells.length;
}

interface MaskedColumn {
  readonly column: number;
  readonly mask: ValueMask;
}

/** The last line of the table. */
function maskRows(
  text: Buffer,
  lines: readonly Line[],
  first: number,
  delimiter: Cell['delimiter'],
  size: number,
  columns: readonly MaskedColumn[],
  end: number,
  edits: SpanEdits,
): number {
  for (let n = first; n < lines.length; n++) {
    const line = lines[n];
    if (line === undefined || line.end === line.start) return n;
    if (isRule(text, line)) continue;
    const written = text.utf8Slice(line.start, line.end);
    if (LAST_ROW.test(written.trim()) || written.startsWith('```')) return n;
    const cells = cellsOf(text, line, delimiter, end);
    if (delimiter === 'bar' && cells.length === 1 && size > 1) return n - 1;
    // A quoted cell goes on in further lines.
    const last = cells.at(-1)?.end ?? line.end;
    while ((lines[n + 1]?.start ?? Number.POSITIVE_INFINITY) <= last) n++;
    const [leftmost] = columns;
    cells.forEach((cell, column) => {
      const own = columns.find((one) => one.column === column)?.mask;
      // With another number of cells, nobody can say which one belongs to which header.
      const mask = own ?? (cells.length === size || leftmost === undefined ? undefined : leftmost.mask);
      if (mask !== undefined) maskCell(cell, mask, delimiter, edits);
    });
  }
  return lines.length;
}

function isRule(text: Buffer, line: Line): boolean {
  return RULE.test(text.utf8Slice(line.start, line.end));
}

/** `sizes`: of the names. Most cells are told by that; characters beyond ASCII may fold to another size. */
function mayBeName(text: Buffer, { start, end, isQuoted }: Cell, sizes: ReadonlySet<number>): boolean {
  if (end - start > NAME_BYTES_MAX) return false;
  if (sizes.has(isQuoted ? end - start - 2 : end - start)) return true;
  for (let at = start; at < end; at++) if ((text[at] ?? 0) > 0x7f) return true;
  return false;
}

/** The two sides of the first sign that may stand between a name and its value. */
function pairIn(text: Buffer, { start, end }: Line): { readonly name: Cell; readonly value: Cell } | null {
  const last = Math.min(end, start + NAME_BYTES_MAX);
  for (let at = start; at < last; at++) {
    const byte = text[at];
    if (byte !== 0x3a && byte !== 0x3d && byte !== 0x7c && byte !== 0x09) continue;
    let [from, to] = [start, at];
    while (from < to && AROUND_NAME.has(text[from] ?? 0)) from++;
    while (to > from && AROUND_NAME.has(text[to - 1] ?? 0)) to--;
    if (from < to) return { name: trimmed(text, from, to), value: trimmed(text, at + 1, end) };
  }
  return null;
}

function trimmed(text: Buffer, start: number, end: number): Cell {
  while (start < end && (text[start] ?? 0) <= 0x20) start++;
  while (end > start && (text[end - 1] ?? 0) <= 0x20) end--;
  return { start, end, delimiter: 'none', isQuoted: false, text: () => text.utf8Slice(start, end) };
}

function maskCell(cell: Cell, mask: ValueMask, delimiter: Cell['delimiter'], edits: SpanEdits): void {
  if (cell.start === cell.end) return;
  const value = Buffer.from(JSON.stringify(cell.text()));
  const masked = new SpanEdits();
  mask.mask(value, 0, value.length, false, masked);
  if (masked.isEmpty) return;
  const written: unknown = JSON.parse(masked.apply(value, 0, value.length).toString('utf8'));
  const shown = typeof written === 'string' ? written : JSON.stringify(written);
  edits.put(cell.start, cell.end, Buffer.from(asCell(shown, cell.isQuoted, delimiter)));
}

function asCell(shown: string, isQuoted: boolean, delimiter: Cell['delimiter']): string {
  switch (delimiter) {
    case 'none':
      return shown.replaceAll(/[\r\n]+/g, ' ');
    case 'bar':
      return shown.replaceAll(/[\r\n]+/g, ' ').replaceAll('|', '\\|');
    case 'tab':
    case 'comma':
    case 'semicolon':
      return isQuoted || /[",;\t\r\n]/.test(shown) ? `"${shown.replaceAll('"', '""')}"` : shown;
  }
}
