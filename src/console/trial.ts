/** What somebody would be told of a statement, a request or a call: the fields are those of the listener's protocol. */
import type { PolicyInfo, Tried } from '../admin/policy-wire.ts';
import { errorText, post } from './api.ts';
import { fill, h } from './dom.ts';
import { triedNode } from './tried.ts';

/** What is tried, as the API takes it. */
interface Subject {
  readonly node: HTMLElement;
  focus(): void;
  given(): Record<string, unknown>;
}

export function trialForm(policy: PolicyInfo): { readonly node: HTMLElement; readonly focus: () => void } {
  const { listeners, users, protocols } = policy;
  const result = h('div', { 'aria-live': 'polite' });
  const listener = h(
    'select',
    { id: 't-listener' },
    listeners.map((name) => h('option', { value: name }, name)),
  );
  const { place, subject } = subjectFor(listener, protocols);
  const who = whoAsks(users);
  const button = h('button', { class: 'primary' }, 'Try');
  const submit = async () => {
    button.disabled = true;
    try {
      const tried = await post<Tried>('policy/try', {
        listener: listener.value,
        ...subject().given(),
        ...who.given(),
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
  place.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) onsubmit(event);
  });
  const node = h(
    'form',
    { class: 'card trial', onsubmit },
    h('h2', {}, 'Try a statement or a request'),
    h(
      'p',
      { class: 'dim' },
      'It is judged as if it came through the listener, with the catalog of now. Nothing is run, and nothing recorded.',
    ),
    h('div', { class: 'filters' }, field('t-listener', 'Listener', listener)),
    place,
    h('div', { class: 'filters' }, who.nodes, button, h('span', { class: 'dim hint' }, 'Ctrl+Enter')),
    result,
  );
  return { node, focus: () => subject().focus() };
}

/** The fields of the listener that is chosen; what was written for another one stays. */
function subjectFor(
  listener: HTMLSelectElement,
  protocols: PolicyInfo['protocols'],
): { readonly place: HTMLElement; subject(): Subject } {
  const place = h('div');
  const subjects = new Map<string, Subject>();
  const subject = (): Subject => {
    const protocol = protocols[listener.value] ?? '';
    const kind = protocol === 'http' || protocol === 'mcp' ? protocol : 'sql';
    let known = subjects.get(kind);
    if (known === undefined) {
      known = SUBJECTS[kind]();
      subjects.set(kind, known);
    }
    return known;
  };
  const show = () => fill(place, subject().node);
  listener.addEventListener('change', show);
  show();
  return { place, subject };
}

function whoAsks(users: PolicyInfo['users']): {
  readonly nodes: readonly HTMLElement[];
  given(): { readonly user: string; readonly groups: readonly string[] };
} {
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
  const names = h(
    'datalist',
    { id: 't-users' },
    users.map(({ name }) => h('option', { value: name })),
  );
  return {
    nodes: [field('t-user', 'As user', user), field('t-groups', 'Groups', groups), names],
    given: () => ({
      user: user.value.trim() === '' ? 'anyone' : user.value.trim(),
      groups: groups.value
        .split(',')
        .map((name) => name.trim())
        .filter(Boolean),
    }),
  };
}

function field(id: string, label: string, input: HTMLElement, kind = ''): HTMLElement {
  return h('div', { class: kind }, h('label', { for: id }, label), input);
}

function textArea(id: string, rows: number, placeholder: string): HTMLTextAreaElement {
  return h('textarea', { id, rows, spellcheck: 'false', class: 'mono', placeholder });
}

/** What is left empty is what the placeholder shows. */
function writtenIn({ value, placeholder }: HTMLInputElement | HTMLTextAreaElement): string {
  return value.trim() === '' ? placeholder : value;
}

function sqlSubject(): Subject {
  const sql = textArea('t-sql', 4, 'SELECT email, ssn FROM shop.customers LIMIT 10');
  return {
    node: field('t-sql', 'Statement', sql),
    focus: () => sql.focus(),
    given: () => ({ sql: writtenIn(sql) }),
  };
}

function httpSubject(): Subject {
  const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];
  const method = h(
    'select',
    { id: 't-method' },
    methods.map((name) => h('option', { value: name }, name)),
  );
  const path = h('input', { id: 't-path', class: 'mono', placeholder: '/customers/1?fields=all' });
  const headers = textArea('t-headers', 2, '');
  const body = textArea('t-body', 3, '');
  const node = h(
    'div',
    {},
    h(
      'div',
      { class: 'filters' },
      field('t-method', 'Method', method),
      field('t-path', 'Path', path, 'grow'),
    ),
    field('t-headers', 'Header fields, one to a line', headers),
    field('t-body', 'Body (JSON, unless Content-Type says otherwise)', body),
  );
  return {
    node,
    focus: () => path.focus(),
    given: () => ({
      request: {
        method: method.value,
        path: writtenIn(path),
        headers: headersIn(headers.value),
        ...(body.value === '' ? {} : { body: body.value }),
      },
    }),
  };
}

function headersIn(text: string): Record<string, string> {
  const lines = text.split('\n').filter((line) => line.includes(':'));
  return Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
    }),
  );
}

function callSubject(): Subject {
  const kind = h(
    'select',
    { id: 't-kind' },
    ['tool', 'prompt', 'resource'].map((name) => h('option', { value: name }, name)),
  );
  const name = h('input', { id: 't-name', class: 'mono', placeholder: 'execute_sql' });
  const given = textArea('t-arguments', 4, '{ "sql": "SELECT email, ssn FROM shop.customers LIMIT 10" }');
  const fields = field('t-arguments', 'Arguments (JSON)', given);
  kind.addEventListener('change', () => {
    fields.hidden = kind.value === 'resource';
    name.placeholder = kind.value === 'resource' ? 'file:///reports/today.csv' : 'execute_sql';
    given.placeholder = kind.value === 'tool' ? '{ "sql": "SELECT 1" }' : '{}';
  });
  const node = h(
    'div',
    {},
    h(
      'div',
      { class: 'filters' },
      field('t-kind', 'Call of a', kind),
      field('t-name', 'Name or URI', name, 'grow'),
    ),
    fields,
  );
  return {
    node,
    focus: () => name.focus(),
    given: () => ({
      call: {
        kind: kind.value,
        name: writtenIn(name),
        ...(kind.value === 'resource' ? {} : { arguments: writtenIn(given) }),
      },
    }),
  };
}

const SUBJECTS = { sql: sqlSubject, http: httpSubject, mcp: callSubject } as const;
