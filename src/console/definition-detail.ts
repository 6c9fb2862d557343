/** One definition: what is different from the one that stands, and a review of it. */
import type { PinDetail, PinInfo } from '../admin/pin-wire.ts';
import type { Me } from '../admin/wire.ts';
import { ApiError, errorText, get, post } from './api.ts';
import { differenceTable, escapesShown } from './difference.ts';
import { badge, type Child, fill, h } from './dom.ts';
import { when } from './format.ts';
import { askFor, toast } from './notice.ts';

const DIGITS_SHOWN = 12;

export function definitionDetail(id: string, me: Me, changed: () => void): HTMLElement {
  const node = h('div');
  const load = async () => {
    try {
      const detail = await get<PinDetail>(`pins/${encodeURIComponent(id)}`);
      fill(node, ...contentOf(detail, me, reload));
    } catch (error) {
      fill(node, back(), h('p', { class: 'problem', role: 'alert' }, errorText(error)));
    }
  };
  const reload = () => {
    void load();
    changed();
  };
  void load();
  return node;
}

function back(): HTMLElement {
  return h('a', { class: 'back', href: '#/definitions' }, '‹ All definitions');
}

function contentOf(
  { pin, acceptedText, pendingText, difference }: PinDetail,
  me: Me,
  reload: () => void,
): readonly Child[] {
  const { kind, name, listener, why, seenAt, accepted, acceptedBy, pending } = pin;
  const fact = (title: string, value: Child) => [h('dt', {}, title), h('dd', {}, value)];
  const stands = acceptedBy === null ? 'as it was seen first' : `accepted by ${acceptedBy}`;
  const facts = h(
    'dl',
    { class: 'card facts' },
    fact('Listener', listener),
    fact(why === null ? 'Seen' : 'Changed', when(seenAt)),
    accepted === null ? null : fact('Stands', [stands, ' ', digitsOf(accepted)]),
    pending === null ? null : fact('Waits', [digitsOf(pending), `: it ${why ?? ''}`]),
  );
  return [
    back(),
    h(
      'h2',
      { class: 'wrap' },
      `${kind} `,
      h('span', { class: 'mono' }, name),
      ' ',
      why === null ? null : badge('held', 'wait'),
    ),
    facts,
    ...(acceptedText !== null && pending !== null ? [differenceTable(difference)] : []),
    ...(acceptedText === null || pending === null ? [definitionText(pendingText ?? acceptedText ?? '')] : []),
    me.role === 'admin'
      ? reviewForm(pin, reload)
      : h('p', { class: 'dim' }, 'Administrators review (admin.roles.admin).'),
  ];
}

function definitionText(text: string): HTMLElement {
  return h(
    'pre',
    { class: 'sql', tabindex: 0, role: 'region', 'aria-label': 'definition' },
    escapesShown(text),
  );
}

function digitsOf(hash: string): HTMLElement {
  return h('code', { title: hash }, hash.replace('sha256:', '').slice(0, DIGITS_SHOWN));
}

function reviewForm(pin: PinInfo, reload: () => void): HTMLElement {
  const { id, name, pending } = pin;
  const reason = h('textarea', { id: 'd-reason', rows: 2, maxlength: 2000, placeholder: 'for the journal' });
  const problem = h('p', { class: 'problem', role: 'alert' });
  const done = async (act: 'accept' | 'forget', body: object, told: string) => {
    const why = reason.value.trim();
    try {
      await post(`pins/${encodeURIComponent(id)}/${act}`, { ...body, reason: why === '' ? null : why });
      toast(told);
      if (act === 'forget') window.location.hash = '#/definitions';
      else reload();
    } catch (error) {
      fill(problem, errorText(error));
      // What waits is another one: the reader has to see that before anything is accepted.
      if (error instanceof ApiError && error.status === 409) {
        toast(errorText(error), 'bad');
        reload();
      }
    }
  };
  const forget = async () => {
    const text =
      'What the server offers by this name next counts as seen for the first time, and stands without a review.';
    if (await askFor('Forget', text, 'Forget it')) await done('forget', {}, `${name} is forgotten.`);
  };
  const accept = (event: Event) => {
    event.preventDefault();
    if (pending !== null) void done('accept', { pending }, `${name} stands as it waited.`);
  };
  return h(
    'form',
    { class: 'card', onsubmit: accept },
    h('h3', {}, pending === null ? 'Forget it' : 'Review'),
    h('label', { for: 'd-reason' }, 'Reason'),
    reason,
    problem,
    h(
      'div',
      { class: 'actions' },
      pending === null ? null : h('button', { class: 'primary' }, 'Accept'),
      h('button', { type: 'button', onclick: () => void forget() }, 'Forget'),
      pending === null
        ? null
        : h(
            'span',
            { class: 'dim hint' },
            'Exactly what is shown here is accepted, and nothing that comes later.',
          ),
    ),
  );
}
