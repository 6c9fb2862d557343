/** One request for approval: who asks, for what, what it would touch, and the two answers. */

import type { Tried } from '../admin/policy-wire.ts';
import type { ApprovalDetail, ApprovalInfo } from '../admin/wire.ts';
import { errorText, get, post } from './api.ts';
import { requestNode } from './asked-request.ts';
import { badge, fill, h } from './dom.ts';
import { bytes, count, duration, when } from './format.ts';
import { toast } from './notice.ts';
import { rowOf, tableOf } from './recordings.ts';
import { sqlNode } from './sql-text.ts';
import { triedNode } from './tried.ts';

const AGAIN_MS = 2_000;

export interface ShownDetail {
  readonly node: HTMLElement;
  close(): void;
  onKey(key: string): boolean;
}

export function approvalDetail(id: string, onChange: () => void): ShownDetail {
  const node = h('div');
  let stateBefore = '';
  const load = async () => {
    try {
      const detail = await get<ApprovalDetail>(`approvals/${encodeURIComponent(id)}`);
      const state = `${detail.approval.state} ${detail.approval.votes.length} ${detail.mayNot ?? ''}`;
      // Drawn anew only where something has changed: a reason that is being written stays.
      if (state === stateBefore) return;
      stateBefore = state;
      fill(node, contentOf(detail, vote));
      void addReading(node, detail.approval);
    } catch (error) {
      fill(node, h('p', { class: 'problem', role: 'alert' }, errorText(error)));
    }
  };
  const vote = async (verdict: 'approve' | 'deny', reason: string) => {
    try {
      await post(`approvals/${encodeURIComponent(id)}/votes`, {
        verdict,
        reason: reason === '' ? null : reason,
      });
      toast(verdict === 'approve' ? 'Your yes is counted.' : 'It is denied.');
    } catch (error) {
      toast(errorText(error), 'bad');
    }
    onChange();
    await load();
  };
  const timer = window.setInterval(() => void load(), AGAIN_MS);
  void load();
  return {
    node,
    close: () => window.clearInterval(timer),
    onKey(key) {
      const wanted = key === 'a' ? 'approve' : key === 'd' ? 'deny' : null;
      const button =
        wanted === null ? null : node.querySelector<HTMLButtonElement>(`button[data-vote="${wanted}"]`);
      // A key alone decides nothing: it goes to the button, and Enter presses it.
      button?.focus();
      return button !== null;
    },
  };
}

type Vote = (verdict: 'approve' | 'deny', reason: string) => Promise<void>;

function contentOf(
  { approval, mayVote, mayNot, history }: ApprovalDetail,
  vote: Vote,
): readonly HTMLElement[] {
  const { id, principal, rule, state, kind, request, shown, votes, approvers } = approval;
  const text = (name: string) => (typeof shown[name] === 'string' ? shown[name] : '');
  const runs = text('runs');
  const past = h('tbody');
  for (const session of history) past.append(rowOf(session));
  return [
    h('a', { href: '#/approvals', class: 'back' }, '‹ All requests'),
    h(
      'h2',
      {},
      `${principal} asks `,
      kind === 'result' ? 'to read on ' : request === null ? 'to run this ' : 'for this ',
      badge(
        state,
        state === 'pending'
          ? 'wait'
          : state === 'denied'
            ? 'bad'
            : state === 'approved' || state === 'used'
              ? 'good'
              : 'plain',
      ),
    ),
    request === null ? sqlNode(text('text')) : requestNode(request),
    runs === '' ? h('span') : h('div', {}, h('p', { class: 'dim' }, 'which runs'), sqlNode(runs)),
    factsOf(approval),
    h(
      'div',
      { class: 'card decide' },
      votes.map(({ by, verdict, reason, channel, at }) =>
        h(
          'p',
          {},
          badge(verdict, verdict === 'approve' ? 'good' : 'bad'),
          ` ${by} by ${channel}, ${when(at)}`,
          reason === null ? '' : `: “${reason}”`,
        ),
      ),
      approvers > 1
        ? h(
            'p',
            { class: 'dim' },
            `${approvers} people have to agree; ${votes.filter((one) => one.verdict === 'approve').length} have.`,
          )
        : null,
      mayVote
        ? decision(id, vote, request === null ? 'statement with these values' : 'request, to the byte')
        : h('p', { class: 'dim' }, mayNot ?? ''),
    ),
    h('div', { class: 'reading' }),
    h(
      'details',
      { open: history.length > 0 },
      h('summary', {}, `What ${principal} did before (rule ${rule})`),
      history.length === 0
        ? h('p', { class: 'dim' }, 'No session is recorded on this instance.')
        : tableOf(past),
    ),
  ];
}

/** `what`: that a yes covers. */
function decision(id: string, vote: Vote, what: string): HTMLElement {
  const reason = h('textarea', {
    id: `why-${id}`,
    rows: 2,
    maxlength: 500,
    placeholder: 'ticket, or what you have checked',
  });
  const buttons: HTMLButtonElement[] = [];
  const press = (verdict: 'approve' | 'deny') => async () => {
    for (const button of buttons) button.disabled = true;
    await vote(verdict, reason.value.trim());
    for (const button of buttons) button.disabled = false;
  };
  const approve = press('approve');
  const deny = press('deny');
  buttons.push(
    h('button', { class: 'primary', 'data-vote': 'approve', onclick: () => void approve() }, 'Approve'),
    h('button', { class: 'danger', 'data-vote': 'deny', onclick: () => void deny() }, 'Deny'),
  );
  return h(
    'div',
    {},
    h('label', { for: `why-${id}` }, 'Reason'),
    reason,
    h(
      'div',
      { class: 'actions' },
      buttons,
      h(
        'span',
        { class: 'dim hint' },
        `A yes covers exactly this ${what}, once unless the rule says otherwise.`,
      ),
    ),
  );
}

function factsOf({
  request,
  shown,
  rule,
  reason,
  createdAt,
  expiresAt,
  by,
  windowMs,
  session,
}: ApprovalInfo): HTMLElement {
  const words = (name: string) => {
    const value = shown[name];
    return Array.isArray(value) ? value.map(String) : [];
  };
  const { parameters, result, listener, upstream } = shown;
  const fact = (name: string, ...value: readonly (Node | string | null)[]) => [
    h('dt', {}, name),
    h('dd', {}, ...value.filter((one) => one !== null)),
  ];
  const values =
    request === null && Array.isArray(parameters)
      ? parameters.map((value, n) => `$${n + 1} = ${JSON.stringify(value)}`)
      : [];
  return h(
    'dl',
    { class: 'card facts' },
    fact('Why', reason ?? h('span', { class: 'dim' }, 'no reason given')),
    values.length === 0 ? null : fact('Values', h('code', { class: 'wrap' }, values.join(', '))),
    request !== null
      ? null
      : fact(
          'Touches',
          words('tables').join(', ') || 'no table',
          ' ',
          ...words('effects').map((one) => badge(one, one === 'read' ? 'plain' : 'wait')),
        ),
    result === null || result === undefined ? null : fact('So far', resultText(result)),
    fact('On', `${String(listener ?? '')}, ${String(upstream ?? '')}`),
    fact('Rule', h('code', {}, rule), ` decided by ${by.join(', ')}`),
    fact(
      'Asked',
      when(createdAt),
      Date.parse(expiresAt) > Date.now()
        ? `, ${duration(Date.parse(expiresAt) - Date.now())} left`
        : ', expired',
    ),
    windowMs === null ? null : fact('A yes lasts', duration(windowMs)),
    fact('Session', h('a', { href: `#/recordings/${session}`, class: 'mono' }, session)),
  );
}

function resultText(result: unknown): string {
  if (typeof result !== 'object' || result === null) return '';
  const number = (name: string) => {
    const found = Object.entries(result).find(([key]) => key === name)?.[1];
    return typeof found === 'number' ? found : 0;
  };
  return `${count(number('rows'))} rows and ${bytes(number('bytes'))}, at a limit of ${count(number('max'))}`;
}

/** Adds how Sluice reads the statement now: bounds, masks, lineage. */
async function addReading(node: HTMLElement, { request, shown, principal }: ApprovalInfo): Promise<void> {
  if (request !== null) return;
  const place = node.querySelector('.reading');
  const { text, runs, listener, groups, parameters } = shown;
  const sql = typeof runs === 'string' ? runs : text;
  if (place === null || typeof sql !== 'string' || sql.length > 100_000) return;
  const values = Array.isArray(parameters)
    ? parameters.map((one) => (typeof one === 'string' ? one : null))
    : [];
  try {
    const tried = await post<Tried>('policy/try', {
      listener: String(listener ?? ''),
      sql,
      user: principal,
      groups: Array.isArray(groups) ? groups.map(String) : [],
      parameters: values,
    });
    fill(place, h('details', { open: true }, h('summary', {}, 'How Sluice reads it now'), triedNode(tried)));
  } catch {
    // What was asked stands above; its reading is beside the point where it cannot be had.
  }
}
