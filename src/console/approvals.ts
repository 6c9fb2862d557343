/** What waits for people: the inbox, and one request with all that a decision needs. */
import type { ApprovalInfo } from '../admin/wire.ts';
import { errorText, get } from './api.ts';
import { approvalDetail } from './approval-detail.ts';
import { requestLine } from './asked-request.ts';
import { badge, emptyState, fill, h, type View } from './dom.ts';
import type { Feed } from './feed.ts';
import { duration, when } from './format.ts';
import { oneLine } from './sql-text.ts';

export function approvalsView(feed: Feed, selected: string | null): View {
  const list = h('ul', { class: 'inbox' });
  const settled = h('ul', { class: 'inbox' });
  const detail = h('div', { class: 'detail' });
  const older = h('details', {}, h('summary', {}, 'Settled'), settled);
  let pendingBefore: number | null = null;
  let shown: { close(): void; onKey(key: string): boolean } | null = null;
  const load = async () => {
    try {
      const [pending, all] = await Promise.all([
        get<{ approvals: ApprovalInfo[] }>('approvals', { state: 'pending' }),
        get<{ approvals: ApprovalInfo[] }>('approvals', { limit: '50' }),
      ]);
      const done = all.approvals.filter(({ state }) => state !== 'pending');
      if (pending.approvals.length === 0) fill(list, nothing());
      else
        fill(
          list,
          pending.approvals.map((one) => itemOf(one, selected)),
        );
      fill(
        settled,
        done.map((one) => itemOf(one, selected)),
      );
      older.hidden = done.length === 0;
    } catch (error) {
      fill(list, h('li', { class: 'problem', role: 'alert' }, errorText(error)));
    }
  };
  const stop = feed.listen((news) => {
    if (news === null || news.pending === pendingBefore) return;
    pendingBefore = news.pending;
    void load();
  });
  void load();
  if (selected !== null) {
    const made = approvalDetail(selected, () => void load());
    shown = made;
    detail.append(made.node);
  }
  return {
    title: 'Approvals',
    node: h(
      'section',
      { class: selected === null ? 'two' : 'two has-detail' },
      h('div', { class: 'side' }, h('h1', {}, 'Approvals'), list, older),
      detail,
    ),
    close() {
      stop();
      shown?.close();
    },
    onKey(key) {
      if (shown?.onKey(key) === true) return true;
      if (key !== 'j' && key !== 'k') return false;
      const links = [...list.querySelectorAll('a')];
      const at = links.findIndex((link) => link.getAttribute('aria-current') === 'true');
      const next = links[key === 'j' ? Math.min(at + 1, links.length - 1) : Math.max(at - 1, 0)];
      next?.click();
      return true;
    },
  };
}

function nothing(): HTMLElement {
  return h(
    'li',
    {},
    emptyState(
      'Nothing waits for you',
      'A rule with “then: { approve: { by: [dba] } }” holds what it matches until somebody here decides; a limit with “over: approve” pauses a result in the same way.',
    ),
  );
}

function itemOf(approval: ApprovalInfo, selected: string | null): HTMLElement {
  const { id, principal, rule, request, shown, state, createdAt, expiresAt, kind } = approval;
  const left = Date.parse(expiresAt) - Date.now();
  const text =
    request !== null ? requestLine(request) : typeof shown['text'] === 'string' ? shown['text'] : '';
  return h(
    'li',
    {},
    h(
      'a',
      { href: `#/approvals/${id}`, 'aria-current': id === selected ? 'true' : null },
      h(
        'span',
        { class: 'inbox-head' },
        h('strong', {}, principal),
        badge(kind === 'result' ? 'paused result' : state, stateKind(state)),
        h(
          'span',
          { class: 'dim end' },
          state === 'pending' ? `${duration(Math.max(0, left))} left` : when(createdAt),
        ),
      ),
      h('span', { class: 'mono cut' }, oneLine(text, 120)),
      h('span', { class: 'dim' }, rule),
    ),
  );
}

export function stateKind(state: string): string {
  if (state === 'approved' || state === 'used') return 'good';
  return state === 'pending' ? 'wait' : state === 'denied' ? 'bad' : 'plain';
}
