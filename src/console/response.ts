/** A recorded response as a person reads it: tables, copied lines, notices and errors. */
import type { RecordedStatementInfo } from '../admin/wire.ts';
import { h } from './dom.ts';
import { bytes, plural } from './format.ts';

type Response = RecordedStatementInfo['responses'][number];
type Cell = Response['tables'][number]['rows'][number][number];

/** More would make a page slow; the command line shows all. */
const ROWS_MAX = 200;

export function responseOf({
  tables,
  copied,
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
    messages.map(({ kind, sqlstate, text }) =>
      h('p', { class: kind === 'error' ? 'bad' : 'dim' }, `${kind} ${sqlstate}: ${text}`),
    ),
    leftOutBytes === 0
      ? null
      : h('p', { class: 'dim' }, `${plural(leftOutRows, 'row')} (${bytes(leftOutBytes)}) not recorded`),
    whole ? null : h('p', { class: 'dim' }, 'The end of this response is not recorded.'),
  );
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
