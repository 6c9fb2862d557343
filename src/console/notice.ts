/** Questions that have to be answered before something is done, and short news that go away by themselves. */
import { h } from './dom.ts';

const TOAST_MS = 6_000;
const toasts = h('div', { class: 'toasts', role: 'status', 'aria-live': 'polite' });

export function toastRegion(): HTMLElement {
  return toasts;
}

export function toast(text: string, kind: 'good' | 'bad' = 'good'): void {
  const node = h('div', { class: `toast ${kind}` }, text);
  toasts.append(node);
  window.setTimeout(() => node.remove(), TOAST_MS);
}

/** Resolves to whether the reader is sure. */
export async function askFor(title: string, text: string, yes: string): Promise<boolean> {
  return asked(title, h('p', {}, text), yes);
}

/** Resolves to the reason that was given, which may be empty; null where the reader does not want it after all. */
export async function askWhy(title: string, text: string, yes: string): Promise<string | null> {
  const reason = h('input', { id: 'asked-why', maxlength: 2000, placeholder: 'for the journal' });
  const content = h('div', {}, h('p', {}, text), h('label', { for: 'asked-why' }, 'Why'), reason);
  return (await asked(title, content, yes)) ? reason.value.trim() : null;
}

function asked(title: string, content: HTMLElement, yes: string): Promise<boolean> {
  return new Promise((resolve) => {
    const sure = h('button', { value: 'yes', class: 'danger' }, yes);
    const dialog = h(
      'dialog',
      { 'aria-labelledby': 'asked', onclose: () => done(dialog.returnValue === 'yes') },
      h(
        'form',
        { method: 'dialog' },
        h('h2', { id: 'asked' }, title),
        content,
        h(
          'div',
          { class: 'actions' },
          h('button', { value: 'no', type: 'button', onclick: () => dialog.close('no') }, 'Cancel'),
          sure,
        ),
      ),
    );
    const done = (answer: boolean) => {
      dialog.remove();
      resolve(answer);
    };
    document.body.append(dialog);
    dialog.showModal();
  });
}

export function showDialog(title: string, content: HTMLElement): void {
  const dialog = h(
    'dialog',
    { 'aria-labelledby': 'shown', onclose: () => dialog.remove() },
    h(
      'form',
      { method: 'dialog' },
      h('h2', { id: 'shown' }, title),
      content,
      h('div', { class: 'actions' }, h('button', {}, 'Close')),
    ),
  );
  document.body.append(dialog);
  dialog.showModal();
}
