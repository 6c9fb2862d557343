import type { Me, Who } from '../admin/wire.ts';
import { ApiError, errorText, post } from './api.ts';
import { h } from './dom.ts';

const PLACE = 'sluice-place';

/** The way to the issuer leaves the page: where its reader was is known again when they are back. */
function signOnLink(href: string): HTMLElement {
  const remember = () => sessionStorage.setItem(PLACE, window.location.hash);
  return h('a', { class: 'sign-on', href, onclick: remember }, 'Log in with your organization');
}

/** Back to where somebody was who has been to the issuer. */
export function returnToPlace(): void {
  const place = sessionStorage.getItem(PLACE);
  sessionStorage.removeItem(PLACE);
  if (place?.startsWith('#/') === true && window.location.hash === '') window.location.replace(place);
}

/** The form that stands where nobody is logged in. */
export function loginForm(signOn: Who['signOn'], onDone: (me: Me) => void): HTMLElement {
  const problem = h('p', { class: 'problem', role: 'alert' });
  const user = h('input', { id: 'user', name: 'user', autocomplete: 'username', required: true });
  const password = h('input', {
    id: 'password',
    name: 'password',
    type: 'password',
    autocomplete: 'current-password',
    required: true,
  });
  const button = h('button', { class: 'primary', type: 'submit' }, 'Log in');
  const submit = async () => {
    button.disabled = true;
    problem.textContent = '';
    try {
      onDone(await post<Me>('login', { user: user.value, password: password.value }));
    } catch (error) {
      problem.textContent = error instanceof ApiError ? error.message : errorText(error);
      password.value = '';
      password.focus();
    } finally {
      button.disabled = false;
    }
  };
  const form = h(
    'form',
    {
      class: 'card login',
      onsubmit: (event) => {
        event.preventDefault();
        void submit();
      },
    },
    h('h1', {}, h('img', { src: '/console/icon.svg', alt: '', width: 28, height: 28 }), 'Sluice'),
    h('p', { class: 'dim' }, 'With the name and password of a user in sluice.yaml whose group has a role.'),
    h('label', { for: 'user' }, 'Name'),
    user,
    h('label', { for: 'password' }, 'Password'),
    password,
    problem,
    button,
    ...(signOn === null ? [] : [signOnLink(signOn)]),
  );
  queueMicrotask(() => user.focus());
  return h('main', { class: 'center' }, form);
}
