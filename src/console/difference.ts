/** Two texts side by side, line by line, with what has changed within a line marked. */
import type { PinDetail } from '../admin/pin-wire.ts';
import { commonEnds, rowsOf } from './compared-lines.ts';
import { type Child, h } from './dom.ts';

type Line = PinDetail['difference'][number];

export function differenceTable(lines: readonly Line[]): HTMLElement {
  const rows = rowsOf(lines).map(({ left, right, same }) => {
    const [begin, end] = same || left === null || right === null ? [0, 0] : commonEnds(left, right);
    const cell = (line: string | null, sign: '-' | '+', kind: string) =>
      h(
        'td',
        { class: same ? 'same' : line === null ? 'none' : kind },
        line === null || same
          ? null
          : h('span', { class: 'sign', 'aria-label': sign === '-' ? 'out: ' : 'in: ', role: 'img' }, sign),
        line === null ? null : lineNodes(line, same || left === null || right === null ? null : [begin, end]),
      );
    return h('tr', { class: same ? 'same' : '' }, cell(left, '-', 'out'), cell(right, '+', 'into'));
  });
  return h(
    'div',
    { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'difference' },
    h(
      'table',
      { class: 'difference mono' },
      h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, 'Stands'), h('th', { scope: 'col' }, 'Waits'))),
      h('tbody', {}, rows),
    ),
  );
}

function lineNodes(line: string, ends: readonly [number, number] | null): Child {
  if (ends === null) return escapesShown(line);
  const [begin, end] = [ends[0], line.length - ends[1]];
  return [
    escapesShown(line.slice(0, begin)),
    begin === end ? null : h('mark', {}, escapesShown(line.slice(begin, end))),
    escapesShown(line.slice(end)),
  ];
}

/**
 * The server writes characters that are not seen as numbers in braces; a text that says the same by itself has two
 * backslashes in JSON.
 */
const ESCAPE = /(?<=(?<!\\)(?:\\\\)*)\\u(?:\{[0-9a-f]+\}|[0-9a-f]{4})/g;

export function escapesShown(text: string): readonly Child[] {
  const nodes: Child[] = [];
  let from = 0;
  for (const { 0: escaped, index } of text.matchAll(ESCAPE)) {
    nodes.push(text.slice(from, index), h('span', { class: 'hidden-character', title: 'not seen' }, escaped));
    from = index + escaped.length;
  }
  return [...nodes, text.slice(from)];
}
