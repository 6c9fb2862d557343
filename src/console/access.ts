/** Access that is given for a while, and taken away: session credentials and revocations. */
import type { CredentialInfo, RevocationInfo } from '../admin/access-wire.ts';
import type { PolicyInfo } from '../admin/policy-wire.ts';
import type { Me } from '../admin/wire.ts';
import { mintForm, revokeForm } from './access-forms.ts';
import { errorText, get, post } from './api.ts';
import { badge, type Child, emptyState, fill, h, type View } from './dom.ts';
import { duration, when } from './format.ts';
import { askWhy, toast } from './notice.ts';
import { tableOf } from './table.ts';

const EVERY_MS = 5000;

export function accessView(me: Me): View {
  const revoked = h('div');
  const open = h('div');
  const forms = h('div');
  const load = async () => {
    try {
      const [{ revocations }, { credentials }] = await Promise.all([
        get<{ revocations: RevocationInfo[] }>('revocations'),
        get<{ credentials: CredentialInfo[] }>('credentials'),
      ]);
      fill(
        revoked,
        revocationTable(revocations, me, () => void load()),
      );
      fill(
        open,
        credentialTable(credentials, me, () => void load()),
      );
    } catch (error) {
      fill(open, h('p', { class: 'problem', role: 'alert' }, errorText(error)));
    }
  };
  const offer = async () => {
    if (me.role !== 'admin') return;
    // Names to choose from; both forms take what is typed as well.
    const known = await get<PolicyInfo>('policy').catch(() => null);
    const users = known?.users.map(({ name }) => name) ?? [];
    fill(
      forms,
      h(
        'div',
        { class: 'columns' },
        mintForm(users, known?.listeners ?? [], () => void load()),
        revokeForm(() => void load()),
      ),
      h(
        'datalist',
        { id: 'known-users' },
        users.map((value) => h('option', { value })),
      ),
    );
  };
  void load();
  void offer();
  const timer = window.setInterval(() => void load(), EVERY_MS);
  return {
    title: 'Access',
    node: h(
      'section',
      {},
      h('h1', {}, 'Access'),
      forms,
      h('h2', {}, 'No access now'),
      revoked,
      h('h2', {}, 'Session credentials'),
      open,
    ),
    close: () => window.clearInterval(timer),
  };
}

const KINDS = { principal: 'user', credential: 'credential', session: 'session', quarantine: 'quarantine' };

function revocationTable(revocations: readonly RevocationInfo[], me: Me, done: () => void): HTMLElement {
  if (revocations.length === 0)
    return emptyState(
      'Nothing is revoked',
      'A user, a credential or a session that is revoked is cut within a second on every instance, and does not come back until it is undone here or with “sluice revoke --undo”.',
    );
  return tableOf(
    'no access now',
    ['What', 'Whose', 'Why', 'By', 'Since', 'How long', ''],
    revocations.map((one) => [
      badge(KINDS[one.kind], one.kind === 'quarantine' ? 'wait' : 'bad'),
      one.subject,
      one.reason ?? '',
      one.by,
      when(one.at),
      one.until === null ? 'until undone' : `${left(one.until)} left`,
      undoButton(one, me, done),
    ]),
  );
}

function undoButton({ kind, subject, until }: RevocationInfo, me: Me, done: () => void): Child {
  // Sessions that were cut are gone, and what an alert has raised is released with the alerts.
  if (kind === 'quarantine') return h('a', { href: '#/alerts' }, 'Alerts');
  if (kind === 'session' || me.role !== 'admin') return '';
  // A credential that Sluice made is gone with its revocation; an issuer's, which stays revoked for good, works again.
  if (kind === 'credential' && until !== null) return '';
  const undo = async () => {
    const why = await askWhy(
      'Undo',
      `Give ${KINDS[kind]} ${subject} access again? Sessions that were cut stay cut.`,
      'Undo it',
    );
    if (why === null) return;
    try {
      await post('revocations/lift', { kind, subject, reason: why === '' ? null : why });
      toast(`${subject} may log in again.`);
    } catch (error) {
      toast(errorText(error), 'bad');
    }
    done();
  };
  return h('button', { class: 'small', onclick: () => void undo(), 'aria-label': `undo ${subject}` }, 'Undo');
}

function credentialTable(credentials: readonly CredentialInfo[], me: Me, done: () => void): HTMLElement {
  if (credentials.length === 0)
    return emptyState(
      'No session credential is open',
      'A session credential is a password for one user that is good for a while, on listeners whose “auth” has “session”. Make one here or with “sluice token --for agent --ttl 15m”.',
    );
  return tableOf(
    'session credentials',
    ['Id', 'User', 'Groups', 'Listener', 'Made', 'Ends', ''],
    credentials.map(({ id, principal, groups, listener, by, made, expires }) => [
      h('code', { class: 'nowrap' }, id),
      principal,
      groups.join(', '),
      listener ?? 'every one',
      `${when(made)} by ${by}`,
      `${left(expires)} left`,
      me.role === 'admin' ? revokeButton(id, principal, done) : '',
    ]),
  );
}

function revokeButton(id: string, principal: string, done: () => void): HTMLElement {
  const revoke = async () => {
    const text = `Credential ${id} of ${principal} will be worth nothing, and its sessions end within a second. It cannot be given back.`;
    const why = await askWhy('Revoke', text, 'Revoke it');
    if (why === null) return;
    try {
      await post('revocations', { kind: 'credential', subject: id, reason: why === '' ? null : why });
      toast(`Credential ${id} is revoked.`);
    } catch (error) {
      toast(errorText(error), 'bad');
    }
    done();
  };
  return h(
    'button',
    { class: 'small', onclick: () => void revoke(), 'aria-label': `revoke ${id}` },
    'Revoke',
  );
}

function left(until: string): string {
  return duration(Math.max(0, Date.parse(until) - Date.now()));
}
