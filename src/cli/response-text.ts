/** Recorded responses for a terminal, as tables. What is in them came from a server: no control character passes. */
import { spacedJson } from '../console/spaced-json.ts';
import { formatBytes } from '../core/quantities.ts';
import type { RecordedCell, RecordedHead, RecordedResponse, RecordedTable } from './recorded-responses.ts';
import type { Style } from './style.ts';
import { aligned, oneLine, plural, withoutControls } from './text-layout.ts';

const CELL_WIDTH = 40;
const MESSAGE_WIDTH = 400;

/** Lines without indentation; at most `rowsMax` rows of each table. */
export function responseLines(response: RecordedResponse, rowsMax: number, style: Style): readonly string[] {
  const lines: string[] = [];
  for (const table of response.tables) lines.push(...tableLines(table, rowsMax, style));
  if (response.copied !== null) {
    const copied = withoutControls(response.copied).replace(/\n$/, '').split('\n');
    lines.push(...copied.slice(0, rowsMax).map((line) => line.slice(0, CELL_WIDTH * 4)));
    if (copied.length > rowsMax) lines.push(style.dim(`… ${plural(copied.length - rowsMax, 'more line')}`));
  }
  if (response.head !== null) lines.push(headLine(response.head, style));
  if (response.body !== null) lines.push(...bodyLines(response.body, rowsMax, style));
  for (const { kind, sqlstate, text } of response.messages) {
    const line = `${kind} ${sqlstate}: ${oneLine(text, MESSAGE_WIDTH)}`;
    lines.push(kind === 'error' ? style.red(line) : style.yellow(line));
  }
  const { leftOutRows, leftOutBytes } = response;
  if (leftOutBytes > 0)
    lines.push(style.dim(`… ${plural(leftOutRows, 'row')} (${formatBytes(leftOutBytes)}) not recorded`));
  if (!response.whole) lines.push(style.dim('… the end of this response is not recorded'));
  return lines;
}

/** Such as `200  content-type: application/json`. */
function headLine({ status, fields }: RecordedHead, style: Style): string {
  const type = fields.find(([name]) => name.toLowerCase() === 'content-type')?.[1] ?? '';
  const more = fields.length > 1 ? `, ${plural(fields.length - 1, 'more field')}` : '';
  return style.dim(`${status}  ${oneLine(type, CELL_WIDTH)}${more}`);
}

/** JSON with a member a line; long lines go on in the next. */
function bodyLines(body: string, rowsMax: number, style: Style): readonly string[] {
  const lines = withoutControls(body.replace(/\n+$/, ''))
    .split('\n')
    .flatMap((line) => spacedJson(line).split('\n'))
    .flatMap((line) => line.match(/.{1,160}/gu) ?? ['']);
  const shown = lines.slice(0, rowsMax);
  return lines.length > rowsMax
    ? [...shown, style.dim(`… ${plural(lines.length - rowsMax, 'more line')} (--rows)`)]
    : shown;
}

function tableLines({ columns, rows }: RecordedTable, rowsMax: number, style: Style): readonly string[] {
  const width = Math.max(columns.length, ...rows.slice(0, rowsMax).map((row) => row.length));
  const shown = rows.slice(0, rowsMax);
  const lines = aligned(
    shown,
    Array.from({ length: width }, (_, n) => ({
      title: oneLine(columns[n] ?? `column ${n + 1}`, CELL_WIDTH),
      align:
        shown.every((row) => isNumber(row[n] ?? null)) && shown.length > 0
          ? ('right' as const)
          : ('left' as const),
      cell: (row: readonly RecordedCell[]) => cellText(row[n] ?? null),
    })),
    style.dim,
  );
  return rows.length > rowsMax
    ? [...lines, style.dim(`… ${plural(rows.length - rowsMax, 'more row')} (--rows)`)]
    : lines;
}

function isNumber(cell: RecordedCell): boolean {
  return cell === null || (typeof cell === 'string' && /^-?\d+(?:\.\d+)?$/.test(cell));
}

function cellText(cell: RecordedCell): string {
  if (cell === null) return 'NULL';
  return oneLine(typeof cell === 'string' ? cell : `\\x${cell.hex}`, CELL_WIDTH);
}
