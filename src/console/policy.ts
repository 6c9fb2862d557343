/** The policy in force, and what it says of a statement. */
import type { PolicyInfo, Tried } from '../admin/policy-wire.ts';
import { errorText, get, post } from './api.ts';
import { badge, emptyState, fill, h, type View } from './dom.ts';
import { plural } from './format.ts';
import { triedNode } from './tried.ts';

export function policyView(): View {
  const node = h('section', {}, h('h1', {}, 'Policy'));
  let focus = () => {};
  const load = async () => {
    try {
      const policy = await get<PolicyInfo>('policy');
      const trial = trialForm(policy);
      focus = trial.focus;
      node.append(trial.node, rulesOf(policy), masksOf(policy));
    } catch (error) {
      node.append(h('p', { class: 'problem', role: 'alert' }, errorText(error)));
    }
  };
  void load();
  return {
    title: 'Policy',
    node,
    onKey(key) {
      if (key === '/') focus();
      return key === '/';
    },
  };
}

function trialForm({ listeners, users }: PolicyInfo): {
  readonly node: HTMLElement;
  readonly focus: () => void;
} {
  const result = h('div', { 'aria-live': 'polite' });
  const sql = h('textarea', {
    id: 't-sql',
    rows: 4,
    spellcheck: 'false',
    class: 'mono',
    placeholder: 'SELECT email, ssn FROM shop.customers LIMIT 10',
  });
  const listener = h(
    'select',
    { id: 't-listener' },
    listeners.map((name) => h('option', { value: name }, name)),
  );
  const user = h('input', { id: 't-user', value: users[0]?.name ?? 'agent', list: 't-users' });
  const groups = h('input', {
    id: 't-groups',
    value: users[0]?.groups.join(', ') ?? '',
    placeholder: 'agents',
  });
  user.addEventListener('change', () => {
    const known = users.find(({ name }) => name === user.value);
    if (known !== undefined) groups.value = known.groups.join(', ');
  });
  const button = h('button', { class: 'primary' }, 'Try');
  const submit = async () => {
    button.disabled = true;
    try {
      const tried = await post<Tried>('policy/try', {
        listener: listener.value,
        sql: sql.value === '' ? sql.placeholder : sql.value,
        user: user.value.trim() === '' ? 'anyone' : user.value.trim(),
        groups: groups.value
          .split(',')
          .map((name) => name.trim())
          .filter(Boolean),
      });
      fill(result, triedNode(tried));
    } catch (error) {
      fill(result, h('p', { class: 'problem', role: 'alert' }, errorText(error)));
    } finally {
      button.disabled = false;
    }
  };
  const onsubmit = (event: Event) => {
    event.preventDefault();
    void submit();
  };
  sql.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) onsubmit(event);
  });
  const field = (id: string, label: string, input: HTMLElement) =>
    h('div', {}, h('label', { for: id }, label), input);
  const node = h(
    'form',
    { class: 'card trial', onsubmit },
    h('h2', {}, 'Try a statement'),
    h(
      'p',
      { class: 'dim' },
      'It is judged as if it came through the listener, with the catalog of now. Nothing is run, and nothing recorded.',
    ),
    field('t-sql', 'Statement', sql),
    h(
      'div',
      { class: 'filters' },
      field('t-listener', 'Listener', listener),
      field('t-user', 'As user', user),
      field('t-groups', 'Groups', groups),
      h(
        'datalist',
        { id: 't-users' },
        users.map(({ name }) => h('option', { value: name })),
      ),
      button,
      h('span', { class: 'dim hint' }, 'Ctrl+Enter'),
    ),
    result,
  );
  return { node, focus: () => sql.focus() };
}

function rulesOf({ rules, version, default: otherwise, mode }: PolicyInfo): HTMLElement {
  const own = rules.filter(({ source }) => source === 'file');
  const shipped = rules.length - own.length;
  const names = new Set(rules.filter(({ source }) => source === 'baseline').map(({ name }) => name));
  const list =
    own.length === 0
      ? emptyState(
          'The file has no rules',
          `What no rule is about: ${otherwise}. The built-in baseline holds all the same.`,
        )
      : h(
          'ul',
          { class: 'rules' },
          own.map(({ name, action, when: conditions, message, observe }) =>
            h(
              'li',
              {},
              h('strong', {}, name),
              badge(action, action === 'deny' ? 'bad' : action === 'allow' ? 'good' : 'wait'),
              observe ? badge('observe', 'plain') : null,
              h('code', { class: 'wrap' }, conditionsText(conditions)),
              message === null ? null : h('span', { class: 'dim' }, `“${message}”`),
            ),
          ),
        );
  return h(
    'div',
    { class: 'card' },
    h('h2', {}, 'Rules'),
    h(
      'p',
      { class: 'dim wrap' },
      `Otherwise: ${otherwise}. Mode: ${mode}. Version `,
      h('code', { title: version }, version.slice(0, 23)),
    ),
    list,
    h(
      'details',
      {},
      h('summary', {}, `and ${plural(shipped, 'rule')} of the baseline`),
      h(
        'ul',
        {},
        [...names].map((name) => h('li', {}, h('code', {}, name))),
      ),
    ),
  );
}

/** `{"effects":["destroy"]}` as `effects: destroy`. */
function conditionsText(json: string): string {
  const conditions: Record<string, unknown> = JSON.parse(json);
  const entries = Object.entries(conditions).filter(([, value]) => value !== undefined);
  if (entries.length === 0) return 'always';
  return entries
    .map(([name, value]) => `${name}: ${Array.isArray(value) ? value.map(String).join(', ') : String(value)}`)
    .join(' · ');
}

function masksOf({ masks }: PolicyInfo): HTMLElement {
  return h(
    'div',
    { class: 'card' },
    h('h2', {}, 'Masks'),
    masks.length === 0
      ? emptyState(
          'Nothing is masked',
          'A mask names columns or what to look for in values. “sluice classify” proposes masks for a database.',
        )
      : h(
          'ul',
          { class: 'rules' },
          masks.map(({ name, with: how, inference }) =>
            h(
              'li',
              {},
              h('code', { class: 'wrap' }, name),
              badge(how, 'mask'),
              h('span', { class: 'dim' }, `compared: ${inference}`),
            ),
          ),
        ),
  );
}
