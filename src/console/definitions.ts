/** What MCP servers offer to models: what has changed and is held for a review, and what stands. */
import type { PinInfo } from '../admin/pin-wire.ts';
import type { Me } from '../admin/wire.ts';
import { errorText, get } from './api.ts';
import { definitionDetail } from './definition-detail.ts';
import { badge, emptyState, fill, h, type View } from './dom.ts';
import { plural, when } from './format.ts';

const EVERY_MS = 5000;
/** More of those that stand nobody reads through; the search of the browser has these. */
const SHOWN_MAX = 500;

export function definitionsView(me: Me, selected: string | null): View {
  const held = h('ul', { class: 'inbox' });
  const standing = h('ul', { class: 'inbox' });
  const summary = h('summary', {}, 'Standing');
  const others = h('details', {}, summary, standing);
  const detail = h('div', { class: 'detail' });
  let before = '';
  const load = async () => {
    try {
      const { pins } = await get<{ pins: PinInfo[] }>('pins');
      // What has not changed stays as it is: the reader may be at one of the links.
      if (JSON.stringify(pins) === before) return;
      before = JSON.stringify(pins);
      const waiting = pins.filter(({ why }) => why !== null);
      const stands = pins.filter(({ why }) => why === null);
      if (waiting.length === 0) fill(held, nothing(stands.length));
      else
        fill(
          held,
          waiting.map((pin) => itemOf(pin, selected)),
        );
      fill(
        standing,
        stands.slice(0, SHOWN_MAX).map((pin) => itemOf(pin, selected)),
      );
      fill(summary, `Standing (${stands.length})`);
      others.hidden = stands.length === 0;
      if (stands.some(({ id }) => id === selected)) others.open = true;
    } catch (error) {
      before = '';
      fill(held, h('li', { class: 'problem', role: 'alert' }, errorText(error)));
    }
  };
  others.hidden = true;
  void load();
  const timer = window.setInterval(() => void load(), EVERY_MS);
  if (selected !== null) detail.append(definitionDetail(selected, me, () => void load()));
  return {
    title: 'Definitions',
    node: h(
      'section',
      { class: selected === null ? 'two' : 'two has-detail' },
      h('div', { class: 'side' }, h('h1', {}, 'Definitions'), held, others),
      detail,
    ),
    close: () => window.clearInterval(timer),
    onKey(key) {
      if (key !== 'j' && key !== 'k') return false;
      const links = [...held.querySelectorAll('a')];
      const at = links.findIndex((link) => link.getAttribute('aria-current') === 'true');
      links[key === 'j' ? Math.min(at + 1, links.length - 1) : Math.max(at - 1, 0)]?.click();
      return true;
    },
  };
}

function nothing(stands: number): HTMLElement {
  return h(
    'li',
    {},
    stands === 0
      ? emptyState(
          'No definition has been seen yet',
          'What an MCP server offers (tools, prompts, templates, its instructions) is pinned when it is seen for the first time. Point a listener with “protocol: mcp” at a server and let an agent list its tools: they stand here, and when one of them changes it is held until somebody has looked at the difference.',
        )
      : emptyState(
          'Nothing is held',
          `${plural(stands, 'definition')} stand${stands === 1 ? 's' : ''} as seen first or as accepted. One that changes, looks like another, or has hidden characters is neither shown to agents nor called until it is accepted here or with “sluice pins accept”.`,
        ),
  );
}

function itemOf({ id, listener, kind, name, why, seenAt, acceptedBy }: PinInfo, selected: string | null) {
  return h(
    'li',
    {},
    h(
      'a',
      { href: `#/definitions/${id}`, 'aria-current': id === selected ? 'true' : null },
      h(
        'span',
        { class: 'inbox-head' },
        h('strong', { class: 'wrap' }, name),
        why === null ? null : badge('held', 'wait'),
      ),
      h('span', { class: 'dim' }, `${kind} of ${listener}, ${when(seenAt)}`),
      why === null
        ? h('span', { class: 'dim' }, acceptedBy === null ? 'as seen first' : `accepted by ${acceptedBy}`)
        : h('span', {}, `it ${why}`),
    ),
  );
}
