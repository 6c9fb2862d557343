/** What a session asked, as a person reads it: SQL, or a request with its body or arguments; and what was behind it. */
import type { RecordedStatementInfo } from '../admin/wire.ts';
import { badge, type Child, h } from './dom.ts';
import { bytes, plural } from './format.ts';
import { spacedJson } from './spaced-json.ts';
import { oneLine, sqlNode } from './sql-text.ts';

type Cause = NonNullable<RecordedStatementInfo['cause']>;

/** More statements of one request are counted only. */
const SQL_MAX = 20;

function isRequest({ via }: Pick<RecordedStatementInfo, 'via'>): boolean {
  return via === 'http' || via === 'mcp';
}

export function askedNodes(statement: RecordedStatementInfo): readonly Child[] {
  const { text, parameters, via } = statement;
  if (isRequest(statement)) {
    const title = via === 'mcp' ? 'arguments' : 'body';
    return [
      requestNode(text),
      parameters.filter((value) => value !== '{}').map((value) => bodyNode(value, title)),
    ];
  }
  const values = parameters.map((value, at) => `$${at + 1} = ${JSON.stringify(value)}`).join(', ');
  return [sqlNode(text), values === '' ? null : h('p', { class: 'mono dim wrap' }, values)];
}

/** Method and path, or method and tool; what was said beside it follows in lines of its own. */
function requestNode(text: string): HTMLElement {
  const [first = '', ...rest] = text.split('\n');
  const [method = '', ...about] = first.split(' ');
  return h(
    'pre',
    { class: 'sql', tabindex: 0, 'aria-label': 'request' },
    h('b', {}, method),
    about.length === 0 ? null : ` ${about.join(' ')}`,
    rest.length === 0 ? null : h('span', { class: 'dim' }, `\n${rest.join('\n')}`),
  );
}

/** Long and binary ones come as objects that say what is left out. */
function bodyNode(value: unknown, title: string): HTMLElement {
  if (typeof value === 'object' && value !== null && 'masked' in value) {
    const length = 'bytes' in value && typeof value.bytes === 'number' ? `, ${bytes(value.bytes)}` : '';
    return h('p', { class: 'dim' }, `${title}: masked${length}`);
  }
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return h(
    'details',
    { open: true },
    h('summary', {}, title),
    h('pre', { class: 'sql', tabindex: 0, 'aria-label': title }, spacedJson(text)),
  );
}

/** With a link to the request that the statement ran for, as far as that is known. */
export function causeNode({ session, agent, calls, after }: Cause): HTMLElement {
  const link = ({ number, what }: Cause['calls'][number]) =>
    h('a', { href: placeOf(session, number), class: 'mono' }, `${what} (${number})`);
  const named = calls.flatMap((call, n): readonly Child[] => (n === 0 ? [link(call)] : [' or ', link(call)]));
  const whose: Child = [
    ' of session ',
    h('a', { href: placeOf(session), class: 'mono' }, session),
    agent === null ? null : `, ${agent}`,
  ];
  if (named.length > 0) return h('p', { class: 'dim' }, 'for ', named, whose);
  const last: Child = after === null ? null : [', after ', link(after)];
  return h('p', { class: 'wait' }, 'no request was under way', last, whose);
}

/** With a link to each statement in the recording of the session that ran it. */
export function sqlBehindNode(sql: RecordedStatementInfo['sql']): HTMLElement | null {
  if (sql.length === 0) return null;
  const items = sql
    .slice(0, SQL_MAX)
    .map(({ session, number, text, verdict, candidates }) =>
      h(
        'li',
        {},
        h('a', { href: placeOf(session, number) }, `SQL ${number} of session ${session}`),
        candidates > 1 ? ' (perhaps) ' : ' ',
        verdict === 'deny' ? badge('deny', 'bad') : null,
        h('span', { class: 'mono wrap' }, oneLine(text)),
      ),
    );
  return h(
    'div',
    {},
    h('p', { class: 'dim' }, 'What it ran:'),
    h('ul', {}, items),
    sql.length > SQL_MAX
      ? h('p', { class: 'dim' }, `and ${plural(sql.length - SQL_MAX, 'more statement')}`)
      : null,
  );
}

function placeOf(session: string, number?: number): string {
  const place = `#/recordings/${encodeURIComponent(session)}`;
  return number === undefined ? place : `${place}/${number}`;
}
