/** The policy in force, and what it says of a statement, a request or a call. */
import type { PolicyInfo } from '../admin/policy-wire.ts';
import { errorText, get } from './api.ts';
import { badge, emptyState, h, type View } from './dom.ts';
import { plural } from './format.ts';
import { trialForm } from './trial.ts';

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
