/** The console: who is logged in, where the reader is, and what the keys do. */
import type { Me, Who } from '../admin/wire.ts';
import { accessView } from './access.ts';
import { alertsView } from './alerts.ts';
import { errorText, get, post, setCsrf, whenLoggedOut } from './api.ts';
import { approvalsView } from './approvals.ts';
import { definitionsView } from './definitions.ts';
import { fill, h, setText, type View } from './dom.ts';
import { Feed } from './feed.ts';
import { liveView } from './live.ts';
import { loginForm, returnToPlace } from './login.ts';
import { showDialog, toastRegion } from './notice.ts';
import { playerView } from './player.ts';
import { policyView } from './policy.ts';
import { recordingsView } from './recordings.ts';
import { trafficView } from './traffic.ts';

const PLACES = [
  ['live', 'Live', 'l'],
  ['approvals', 'Approvals', 'a'],
  ['alerts', 'Alerts', 'e'],
  ['definitions', 'Definitions', 'd'],
  ['recordings', 'Recordings', 'r'],
  ['policy', 'Policy', 'p'],
  ['access', 'Access', 'c'],
  ['traffic', 'Traffic', 't'],
] as const;

const KEYS: readonly (readonly [key: string, what: string])[] = [
  [
    'g l, g a, g e, g d, g r, g p, g c, g t',
    'go to Live, Approvals, Alerts, Definitions, Recordings, Policy, Access, Traffic',
  ],
  ['/', 'search, or the statement to try'],
  ['j, k', 'next and previous request, or statement of a recording'],
  ['a, d', 'to the buttons Approve and Deny; Enter presses them'],
  ['Space', 'play and pause a recording; the arrows step'],
  ['?', 'this list'],
];

const app = document.querySelector('#app') ?? document.body;
const feed = new Feed();

function viewFor(me: Me): View {
  const [path = '', search = ''] = window.location.hash.replace(/^#\/?/, '').split('?');
  const [place, id = '', within = ''] = path.split('/');
  switch (place) {
    case 'approvals':
      return approvalsView(feed, id === '' ? null : decodeURIComponent(id));
    case 'alerts':
      return alertsView(me);
    case 'definitions':
      return definitionsView(me, id === '' ? null : decodeURIComponent(id));
    case 'access':
      return accessView(me);
    case 'recordings':
      if (id === '') return recordingsView(new URLSearchParams(search));
      return playerView(decodeURIComponent(id), /^\d+$/.test(within) ? Number(within) : null);
    case 'policy':
      return policyView();
    case 'traffic':
      return trafficView();
    default:
      return liveView(feed, me);
  }
}

class Shell {
  readonly #me: Me;
  readonly #main = h('main', { id: 'main', tabindex: -1 });
  readonly #links = new Map<string, HTMLAnchorElement>();
  readonly #pending = h('span', { class: 'count' });
  readonly #lost = h(
    'p',
    { class: 'lost', role: 'status' },
    'Sluice does not answer; what is shown may be out of date.',
  );
  readonly #stop: () => void;
  #view: View | null = null;
  #went = false;

  constructor(me: Me) {
    this.#me = me;
    this.#lost.hidden = true;
    this.#pending.hidden = true;
    fill(
      app,
      h('a', { class: 'skip', href: '#main', onclick: (event) => this.#skip(event) }, 'To the content'),
      h('header', {}, this.#brand(), this.#nav(), this.#who()),
      this.#lost,
      this.#main,
      toastRegion(),
    );
    window.onhashchange = () => this.show();
    window.onkeydown = (event) => this.#key(event);
    this.#stop = feed.listen((news) => {
      this.#lost.hidden = news !== null;
      const pending = news?.pending ?? 0;
      this.#pending.hidden = pending === 0;
      setText(this.#pending, String(pending));
      this.#pending.setAttribute('aria-label', `${pending} waiting`);
    });
    feed.start();
    this.show();
  }

  #brand(): HTMLElement {
    return h(
      'a',
      { class: 'brand', href: '#/live' },
      h('img', { src: '/console/icon.svg', alt: '', width: 22, height: 22 }),
      'Sluice',
    );
  }

  #nav(): HTMLElement {
    const links = PLACES.map(([place, name, key]) => {
      const link = h(
        'a',
        { href: `#/${place}`, title: `g ${key}` },
        name,
        place === 'approvals' ? this.#pending : null,
      );
      this.#links.set(place, link);
      return link;
    });
    return h('nav', { 'aria-label': 'main' }, links);
  }

  #who(): HTMLElement {
    const leave = async () => {
      await post('logout', {}).catch(() => {});
      logOut();
    };
    return h(
      'div',
      { class: 'who' },
      h('button', { class: 'small', onclick: showKeys, 'aria-label': 'keys' }, '?'),
      h('span', {}, this.#me.name, h('small', {}, this.#me.role)),
      h('button', { class: 'small', onclick: () => void leave() }, 'Log out'),
    );
  }

  #skip(event: Event): void {
    event.preventDefault();
    this.#main.focus();
  }

  show(): void {
    const wasThere = this.#view !== null;
    this.#view?.close?.();
    this.#view = viewFor(this.#me);
    document.title = `${this.#view.title} · Sluice`;
    const place = /^#\/(\w+)/.exec(window.location.hash)?.[1] ?? 'live';
    for (const [name, link] of this.#links) {
      if (name === place) {
        link.setAttribute('aria-current', 'page');
        // On a phone the names are wider than the window.
        link.scrollIntoView({ block: 'nearest', inline: 'nearest' });
      } else link.removeAttribute('aria-current');
    }
    fill(this.#main, this.#view.node);
    if (!wasThere) return;
    window.scrollTo(0, 0);
    this.#main.focus({ preventScroll: true });
  }

  #key(event: KeyboardEvent): void {
    const { target, key } = event;
    const isTyping =
      target instanceof HTMLTextAreaElement ||
      target instanceof HTMLSelectElement ||
      (target instanceof HTMLInputElement && target.type !== 'checkbox');
    if (
      isTyping ||
      event.ctrlKey ||
      event.metaKey ||
      event.altKey ||
      document.querySelector('dialog') !== null
    )
      return;
    const isPressed =
      target instanceof HTMLButtonElement ||
      target instanceof HTMLAnchorElement ||
      (target instanceof HTMLElement && target.tagName === 'SUMMARY');
    if (key === ' ' && (isPressed || target instanceof HTMLInputElement)) return;
    if (this.#went) {
      this.#went = false;
      const place = PLACES.find(([, , letter]) => letter === key);
      if (place !== undefined) {
        event.preventDefault();
        window.location.hash = `#/${place[0]}`;
      }
      return;
    }
    if (key === 'g') this.#went = true;
    else if (key === '?') showKeys();
    else if (this.#view?.onKey?.(key) !== true) return;
    event.preventDefault();
  }

  close(): void {
    this.#stop();
    this.#view?.close?.();
    window.onhashchange = null;
    window.onkeydown = null;
  }
}

function showKeys(): void {
  const rows = KEYS.map(([key, what]) => [h('dt', {}, h('kbd', {}, key)), h('dd', {}, what)]);
  showDialog('Keys', h('dl', { class: 'keys' }, rows));
}

let shell: Shell | null = null;

function logIn(me: Me): void {
  setCsrf(me.csrf);
  shell?.close();
  shell = new Shell(me);
}

let signOn: Who['signOn'] = null;

function logOut(): void {
  feed.stop();
  shell?.close();
  shell = null;
  document.title = 'Log in · Sluice';
  fill(app, loginForm(signOn, logIn));
}

async function begin(): Promise<void> {
  try {
    const who = await get<Who>('login');
    const { me } = who;
    signOn = who.signOn;
    if (me !== null) returnToPlace();
    if (me === null) logOut();
    else logIn(me);
  } catch (error) {
    fill(app, h('main', { class: 'center' }, h('p', { class: 'problem', role: 'alert' }, errorText(error))));
  }
}

whenLoggedOut(() => {
  if (shell !== null) logOut();
});
void begin();
