/** A recorded response as a person reads it: tables, copied lines, notices and errors. */
import type { RecordedStatementInfo } from '../admin/wire.ts';
import { h } from './dom.ts';
import { bytes, plural } from './format.ts';
import { spacedJson } from './spaced-json.ts';

type Response = RecordedStatementInfo['responses'][number];
type Cell = Response['tables'][number]['rows'][number][number];

/** More would make a page slow; the command line shows all. */
const ROWS_MAX = 200;

export function responseOf({
  tables,
  copied,
  head,
  body,
  messages,
  leftOutRows,
  leftOutBytes,
  whole,
}: Response): HTMLElement {
  const lines = (copied ?? '').split('\n').slice(0, ROWS_MAX).join('\n');
  return h(
    'div',
    { class: 'response' },
    tables.map(tableOf),
    copied === null ? null : h('pre', { class: 'mono' }, lines),
    head === null ? null : headOf(head),
    body === null ? null : bodyOf(body),
    messages.map(({ kind, sqlstate, text }) =>
      h('p', { class: kind === 'error' ? 'bad' : 'dim' }, `${kind} ${sqlstate}: ${text}`),
    ),
    leftOutBytes === 0
      ? null
      : h('p', { class: 'dim' }, `${plural(leftOutRows, 'row')} (${bytes(leftOutBytes)}) not recorded`),
    whole ? null : h('p', { class: 'dim' }, 'The end of this response is not recorded.'),
  );
}

/** Status and type; every field as the client got it, for who wants to see them. */
function headOf({ status, fields }: NonNullable<Response['head']>): HTMLElement {
  const type = fields.find(([name]) => name.toLowerCase() === 'content-type')?.[1] ?? '';
  return h(
    'details',
    {},
    h('summary', {}, `${status} ${type}`),
    h('pre', { class: 'sql', tabindex: 0, 'aria-label': 'header fields' }, fieldLines(fields)),
  );
}

function fieldLines(fields: NonNullable<Response['head']>['fields']): string {
  return fields.map(([name, value]) => `${name}: ${value}`).join('\n');
}

/** Messages and lines of JSON each by themselves, spaced. */
function bodyOf(body: string): HTMLElement {
  const lines = body.replace(/\n+$/, '').split('\n');
  const shown = lines.slice(0, ROWS_MAX).map(spacedJson).join('\n');
  const more = lines.length > ROWS_MAX ? `\n… ${plural(lines.length - ROWS_MAX, 'more line')}` : '';
  return h('pre', { class: 'sql', tabindex: 0, 'aria-label': 'answer' }, shown + more);
}

function tableOf({ columns, rows }: Response['tables'][number]): HTMLElement {
  const width = Math.max(columns.length, rows[0]?.length ?? 0);
  const titles = Array.from({ length: width }, (_, n) => columns[n] ?? `column ${n + 1}`);
  return h(
    'div',
    { class: 'wide', tabindex: '0', role: 'region', 'aria-label': 'response' },
    h(
      'table',
      {},
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          titles.map((title) => h('th', { scope: 'col' }, title)),
        ),
      ),
      h(
        'tbody',
        {},
        rows.slice(0, ROWS_MAX).map((row) =>
          h(
            'tr',
            {},
            row.map((cell) => h('td', {}, cellOf(cell))),
          ),
        ),
      ),
    ),
    rows.length > ROWS_MAX
      ? h('p', { class: 'dim' }, `and ${plural(rows.length - ROWS_MAX, 'more row')}`)
      : null,
  );
}

function cellOf(cell: Cell): HTMLElement | string {
  if (cell === null) return h('span', { class: 'dim' }, 'NULL');
  return typeof cell === 'string' ? cell : `\\x${cell.hex}`;
}
