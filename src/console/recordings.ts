/** Recorded sessions, by page, and the search over them. What is searched for is in the address, so that it can be sent on. */
import type { RecordedSession, SessionPage } from '../admin/wire.ts';
import { errorText, get } from './api.ts';
import { emptyState, fill, h, type View } from './dom.ts';
import { bytes, count, duration, shortCount, when } from './format.ts';

const FIELDS = [
  ['user', 'User', 'agent'],
  ['table', 'Table', 'shop.orders or billing.*'],
  ['rule', 'Rule', 'no-destruction'],
  ['text', 'Text', 'what a statement says'],
  ['id', 'Session', 'how its id begins'],
] as const;
const SINCE: readonly (readonly [value: string, label: string])[] = [
  ['', 'any time'],
  ['1', 'the last hour'],
  ['24', 'the last day'],
  ['168', 'the last week'],
];
const HOUR_MS = 3_600_000;

export function recordingsView(query: URLSearchParams): View {
  const list = h('div', { 'aria-live': 'polite' });
  const inputs = FIELDS.map(([name, label, placeholder]) => {
    const input = h('input', { id: `f-${name}`, name, placeholder, value: query.get(name) ?? '' });
    return { input, node: h('div', {}, h('label', { for: `f-${name}` }, label), input) };
  });
  const since = h(
    'select',
    { id: 'f-since', name: 'hours' },
    SINCE.map(([value, label]) =>
      h('option', { value, selected: value === (query.get('hours') ?? '') }, label),
    ),
  );
  const denied = h('input', {
    id: 'f-denied',
    type: 'checkbox',
    name: 'denied',
    value: 'true',
    checked: query.get('denied') === 'true',
  });
  const search = () => {
    const wanted = new URLSearchParams();
    for (const { input } of inputs) if (input.value.trim() !== '') wanted.set(input.name, input.value.trim());
    if (since.value !== '') wanted.set('hours', since.value);
    if (denied.checked) wanted.set('denied', 'true');
    window.location.hash = wanted.size === 0 ? '#/recordings' : `#/recordings?${wanted}`;
  };
  const form = h(
    'form',
    {
      class: 'filters',
      role: 'search',
      onsubmit: (event) => {
        event.preventDefault();
        search();
      },
    },
    inputs.map(({ node }) => node),
    h('div', {}, h('label', { for: 'f-since' }, 'Active in'), since),
    h('label', { class: 'check' }, denied, 'with a denial'),
    h('button', { class: 'primary' }, 'Search'),
  );
  since.addEventListener('change', search);
  denied.addEventListener('change', search);
  void load(list, query);
  return {
    title: 'Recordings',
    node: h('section', {}, h('h1', {}, 'Recordings'), form, list),
    onKey(key) {
      if (key !== '/') return false;
      inputs[0]?.input.focus();
      return true;
    },
  };
}

function apiQuery(query: URLSearchParams): Record<string, string> {
  const hours = Number(query.get('hours') ?? 0);
  const words = ['user', 'table', 'rule', 'text', 'id', 'denied'].map((name) => [
    name,
    query.get(name) ?? '',
  ]);
  return {
    ...Object.fromEntries(words),
    since: hours > 0 ? new Date(Date.now() - hours * HOUR_MS).toISOString() : '',
  };
}

async function load(list: HTMLElement, query: URLSearchParams): Promise<void> {
  const asked = apiQuery(query);
  const body = h('tbody');
  const more = h('button', {}, 'Older sessions');
  const total = h('p', { class: 'dim' });
  const add = async (before: string) => {
    more.disabled = true;
    try {
      const page = await get<SessionPage>('sessions', { ...asked, before });
      total.textContent = `${count(page.total)} sessions in the journal of this instance.`;
      if (before === '' && page.sessions.length === 0) {
        fill(list, nothing(query.size > 0));
        return;
      }
      for (const session of page.sessions) body.append(rowOf(session));
      more.hidden = page.next === null;
      more.onclick = () => void add(page.next ?? '');
    } catch (error) {
      fill(list, h('p', { class: 'problem', role: 'alert' }, errorText(error)));
    } finally {
      more.disabled = false;
    }
  };
  more.hidden = true;
  fill(list, tableOf(body), more, total);
  await add('');
}

function nothing(isFiltered: boolean): HTMLElement {
  return isFiltered
    ? emptyState(
        'No session matches',
        'Every word has to match: a user and a rule by their whole names; a table as the policy writes it, with * for anything.',
        h('p', {}, h('a', { href: '#/recordings' }, 'Show all sessions')),
      )
    : emptyState(
        'Nothing has been recorded yet',
        'Each session that passes through Sluice is recorded here, statement by statement, before it happens. Connect a client to a listener, and it will be the first.',
      );
}

export function tableOf(body: HTMLTableSectionElement): HTMLElement {
  return h(
    'div',
    { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'recorded sessions' },
    h(
      'table',
      {},
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          ['Session', 'When', 'User', 'Listener'].map((name) => h('th', { scope: 'col' }, name)),
          ['Statements', 'Denied', 'Cut', 'Rows', 'Bytes', 'Lasted'].map((name) =>
            h('th', { scope: 'col', class: 'num' }, name),
          ),
        ),
      ),
      body,
    ),
  );
}

export function rowOf(session: RecordedSession): HTMLTableRowElement {
  const { id, at, user, groups, listener, statements, denied, truncated, rows, ms, ended } = session;
  return h(
    'tr',
    {},
    h('th', { scope: 'row' }, h('a', { href: `#/recordings/${id}`, class: 'mono' }, id)),
    h('td', { class: 'nowrap' }, when(at)),
    h('td', {}, user ?? '?', h('small', {}, groups.join(', '))),
    h('td', {}, listener ?? '?'),
    h('td', { class: 'num' }, shortCount(statements)),
    h('td', { class: denied > 0 ? 'num bad' : 'num' }, denied === 0 ? '' : shortCount(denied)),
    h('td', { class: truncated > 0 ? 'num wait' : 'num' }, truncated === 0 ? '' : shortCount(truncated)),
    h('td', { class: 'num' }, shortCount(rows)),
    h('td', { class: 'num' }, bytes(session.bytes)),
    h('td', { class: 'num nowrap' }, ended === null ? `${duration(ms)}, open` : duration(ms)),
  );
}
