/** What administrators fill in: a credential to be made, access to be taken away. */
import type { MintedInfo } from '../admin/access-wire.ts';
import { errorText, post } from './api.ts';
import { fill, h } from './dom.ts';
import { when } from './format.ts';
import { showDialog, toast } from './notice.ts';

const SPANS = [
  [900, '15 minutes'],
  [3_600, '1 hour'],
  [28_800, '8 hours'],
  [86_400, '1 day'],
  [604_800, '7 days'],
] as const;

function field(id: string, label: string, input: HTMLElement): HTMLElement {
  return h('div', {}, h('label', { for: id }, label), input);
}

function textOrNull({ value }: { readonly value: string }): string | null {
  return value.trim() === '' ? null : value.trim();
}

export function mintForm(
  users: readonly string[],
  listeners: readonly string[],
  done: () => void,
): HTMLElement {
  const user = h('input', {
    id: 'c-user',
    required: true,
    list: 'known-users',
    placeholder: users[0] ?? 'agent',
  });
  const span = h(
    'select',
    { id: 'c-span' },
    SPANS.map(([seconds, label]) => h('option', { value: seconds }, label)),
  );
  const listener = h(
    'select',
    { id: 'c-listener' },
    h('option', { value: '' }, 'every one'),
    listeners.map((name) => h('option', { value: name }, name)),
  );
  const groups = h('input', { id: 'c-groups', placeholder: 'all that the user has' });
  const problem = h('p', { class: 'problem', role: 'alert' });
  const submit = async () => {
    const named = groups.value.split(',').map((name) => name.trim());
    fill(problem);
    try {
      const minted = await post<MintedInfo>('credentials', {
        principal: user.value.trim(),
        seconds: Number(span.value),
        listener: textOrNull(listener),
        groups: groups.value.trim() === '' ? null : named.filter(Boolean),
      });
      showOnce(minted);
      user.value = '';
      done();
    } catch (error) {
      fill(problem, errorText(error));
    }
  };
  const fields = [
    field('c-user', 'For user', user),
    field('c-span', 'Good for', span),
    field('c-listener', 'On listener', listener),
    field('c-groups', 'With groups', groups),
  ];
  return card('Make a credential', fields, problem, h('button', { class: 'primary' }, 'Make'), submit);
}

/** A form that is sent without leaving the page. */
function card(
  title: string,
  fields: readonly HTMLElement[],
  problem: HTMLElement,
  button: HTMLElement,
  submit: () => Promise<void>,
): HTMLElement {
  const onsubmit = (event: Event) => {
    event.preventDefault();
    void submit();
  };
  return h(
    'form',
    { class: 'card', onsubmit },
    h('h2', {}, title),
    h('div', { class: 'filters' }, ...fields),
    problem,
    button,
  );
}

/** The page keeps it no longer than the dialog is open. */
function showOnce({ token, id, principal, expires }: MintedInfo): void {
  const copy = h('button', { type: 'button', class: 'small' }, 'Copy');
  copy.onclick = () =>
    void navigator.clipboard?.writeText(token).then(
      () => toast('Copied.'),
      () => toast('The browser does not let it be copied; select it instead.', 'bad'),
    );
  showDialog(
    'The credential',
    h(
      'div',
      {},
      h(
        'p',
        {},
        `The password of ${principal} until ${when(expires)}, by the id ${id}. It is shown this once.`,
      ),
      h('code', { class: 'sql secret', 'aria-label': 'credential' }, token),
      copy,
    ),
  );
}

export function revokeForm(done: () => void): HTMLElement {
  const kind = h(
    'select',
    { id: 'r-kind' },
    h('option', { value: 'principal' }, 'a user'),
    h('option', { value: 'session' }, 'a session'),
    h('option', { value: 'credential' }, 'a credential'),
  );
  const subject = h('input', {
    id: 'r-subject',
    required: true,
    list: 'known-users',
    placeholder: 'name or id',
  });
  const span = h(
    'select',
    { id: 'r-span' },
    h('option', { value: '' }, 'until undone'),
    SPANS.map(([seconds, label]) => h('option', { value: seconds }, label)),
  );
  const reason = h('input', { id: 'r-reason', maxlength: 2000, placeholder: 'for the journal' });
  const problem = h('p', { class: 'problem', role: 'alert' });
  kind.addEventListener('change', () => {
    const isUser = kind.value === 'principal';
    span.disabled = !isUser;
    if (isUser) subject.setAttribute('list', 'known-users');
    else subject.removeAttribute('list');
  });
  const submit = async () => {
    fill(problem);
    try {
      await post('revocations', {
        kind: kind.value,
        subject: subject.value.trim(),
        reason: textOrNull(reason),
        seconds: kind.value === 'principal' && span.value !== '' ? Number(span.value) : null,
      });
      toast(`${subject.value.trim()} is cut within a second.`);
      subject.value = '';
      reason.value = '';
      done();
    } catch (error) {
      fill(problem, errorText(error));
    }
  };
  const fields = [
    field('r-kind', 'What', kind),
    field('r-subject', 'Name or id', subject),
    field('r-span', 'How long', span),
    field('r-reason', 'Why', reason),
  ];
  return card('Take access away', fields, problem, h('button', { class: 'danger' }, 'Revoke'), submit);
}
