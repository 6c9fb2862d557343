/** Tokens at the admin API, and the console's login by way of a real issuer: with a browser's cookies, and forged ones. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { Logins } from '../../src/admin/logins.ts';
import { isObject, type JsonObject, parseJson } from '../../src/core/json.ts';
import { type PostgresServer, startPostgres } from '../../src/demo/postgres-server.ts';
import { sluice as command } from '../support/command-line.ts';
import { type Sluice, startSluice } from '../support/sluice.ts';
import { AUDIENCE, CONSOLE, TestIssuer } from '../support/test-issuer.ts';
import { until } from '../support/until.ts';

let issuer: TestIssuer;
let postgres: PostgresServer;
let sluice: Sluice;

before(async () => {
  issuer = await TestIssuer.start();
  postgres = await startPostgres();
  sluice = await startSluice({
    upstream: postgres.url('postgres'),
    auth: ['oidc'],
    oidc: `{ issuer: "${issuer.url}", audience: "${AUDIENCE}", scope: openid profile, console: { client_id: ${CONSOLE.id}, client_secret: ${CONSOLE.secret} } }`,
    users: '[ { name: local, groups: [dba], password: local-pass } ]',
    config: 'admin: { listen: "127.0.0.1:0", roles: { viewer: [dev], approver: [dba], admin: [ops] } }',
  });
});

beforeEach(() => {
  issuer.fault = null;
  issuer.person = { sub: 'ada', groups: ['dba'] };
});

after(async () => {
  await sluice?.stop();
  await postgres?.stop();
  await issuer?.stop();
});

const base = () => (sluice.server.adminUrl ?? '').replace(/\/$/, '');

interface Asked {
  readonly token?: string;
  readonly method?: string;
  readonly body?: string;
}

function api(path: string, { token, method = 'GET', body }: Asked = {}): Promise<Response> {
  return fetch(`${base()}/api/v1/${path}`, {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body }),
  });
}

/** A browser as far as it matters here: cookies by host and port, redirects one at a time. */
class Browser {
  readonly #jars = new Map<string, Map<string, string>>();

  jar(url: string): Map<string, string> {
    const { host } = new URL(url);
    const jar = this.#jars.get(host) ?? new Map<string, string>();
    this.#jars.set(host, jar);
    return jar;
  }

  async open(url: string): Promise<Response> {
    const jar = this.jar(url);
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(url, { headers: cookie === '' ? {} : { cookie }, redirect: 'manual' });
    for (const set of response.headers.getSetCookie()) {
      const [pair = '', ...attributes] = set.split('; ');
      const [name = '', value = ''] = pair.split('=', 2);
      if (attributes.includes('Max-Age=0') || value === '') jar.delete(name);
      else jar.set(name, value);
    }
    return response;
  }

  /** Follows redirects until there are none, or one leads to what `stop` is a part of. */
  async follow(
    url: string,
    stop = 'nowhere',
  ): Promise<{ readonly url: string; readonly response: Response }> {
    let at = url;
    for (let steps = 0; steps < 12; steps++) {
      const response = await this.open(at);
      const location = response.headers.get('location');
      if (location === null) return { url: at, response };
      at = new URL(location, at).href;
      if (at.includes(stop)) return { url: at, response };
    }
    throw new Error(`too many redirects, now at ${at}`);
  }
}

async function partOf(response: Response): Promise<JsonObject> {
  const me = parseJson(await response.text());
  assert.ok(isObject(me));
  const { name = null, groups = null, role = null, csrf = null } = me;
  return { name, groups, role, csrf };
}

const SIGN_ON = '/api/v1/login/oidc';

test('the admin API takes a token of the issuer, with the role of its groups, and without a CSRF token', async () => {
  const me = await api('me', { token: await issuer.sign() });
  assert.equal(me.status, 200);
  assert.deepEqual(await partOf(me), { name: 'ada', groups: ['dba'], role: 'approver', csrf: null });
  const tried = {
    token: await issuer.sign(),
    method: 'POST',
    body: '{"listener":"shop","sql":"SELECT 1","user":"ada","groups":[]}',
  };
  assert.equal((await api('policy/try', tried)).status, 200);
  const ended = await api('live/x/terminate', { token: await issuer.sign(), method: 'POST', body: '{}' });
  assert.equal(ended.status, 403, 'takes the role admin');
});

test('tokens that prove nothing are refused, whatever cookie comes with them', async () => {
  const cases: readonly (readonly [token: string, status: number, why: RegExp])[] = [
    [await issuer.sign({}, { expiresInS: -1 }), 401, /has expired/],
    [await issuer.sign({ aud: CONSOLE.id }), 401, /another audience/],
    ['garbage', 401, /no JSON Web Token/],
    [await issuer.sign({ groups: ['guests'] }), 403, /None of your groups has a role/],
  ];
  for (const [token, status, why] of cases) {
    const answer = await api('me', { token });
    assert.equal(answer.status, status);
    assert.match(await answer.text(), why);
  }
  const basic = await fetch(`${base()}/api/v1/me`, { headers: { authorization: 'Basic YTpi' } });
  assert.equal(basic.status, 401);
  assert.equal(basic.headers.get('www-authenticate'), 'Bearer');
});

test('a browser goes to the issuer and comes back logged in', async () => {
  const browser = new Browser();
  const who = await browser.open(`${base()}/api/v1/login`);
  assert.deepEqual(await who.json(), { me: null, signOn: SIGN_ON });
  const begun = await browser.open(`${base()}${SIGN_ON}`);
  assert.equal(begun.status, 302);
  const asked = new URL(begun.headers.get('location') ?? '').searchParams;
  assert.equal(asked.get('code_challenge_method'), 'S256');
  assert.equal(asked.get('redirect_uri'), `${base()}${SIGN_ON}/callback`);
  for (const name of ['state', 'nonce', 'code_challenge']) assert.match(asked.get(name) ?? '', /^[\w-]{43}$/);
  assert.match(
    begun.headers.get('set-cookie') ?? '',
    /^sluice-sign-on=[\w-]+; Max-Age=600; Path=\/; HttpOnly; SameSite=Lax$/,
  );
  const { url } = await browser.follow(begun.headers.get('location') ?? '', `${base()}/api`);
  const back = await browser.open(url);
  assert.equal(back.status, 302);
  assert.equal(back.headers.get('location'), '/');
  assert.ok(
    back.headers
      .getSetCookie()
      .some((set) => /^sluice=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/.test(set)),
  );
  const { csrf, ...me } = await partOf(await browser.open(`${base()}/api/v1/me`));
  assert.deepEqual(me, { name: 'ada', groups: ['dba'], role: 'approver' });
  assert.match(String(csrf), /^[\w-]{43}$/);
  const recorded = sluice.records().findLast(({ type, action }) => type === 'admin' && action === 'login');
  assert.equal(recorded?.['by'], 'ada');
  assert.equal(recorded?.['issuer'], issuer.url);
  // The code, the cookie and the state were for once.
  const again = await browser.open(url);
  assert.equal(again.status, 403);
  assert.match(await again.text(), /begun elsewhere, or too long ago/);
  const token = [...browser.jar(base()).values()].join();
  const told = JSON.stringify(sluice.records()) + sluice.log();
  assert.ok(token !== '' && !told.includes(token));
  assert.ok(!told.includes(CONSOLE.secret));
});

test('promise 12: a login to the console ends with what was shown for it', () => {
  let now = 1_000_000;
  const logins = new Logins(() => now);
  const proof = {
    via: 'oidc',
    expiresAtMs: now + 60_000,
    credential: null,
    issuer: 'x',
    subject: 'ada',
  } as const;
  const { token } = logins.begin({ principal: { name: 'ada', groups: [] }, proof }, 'viewer');
  now += 59_999;
  assert.notEqual(logins.find(token), null);
  now += 1;
  assert.equal(logins.find(token), null);
});

test('forged states and cookies, other browsers, other issuers and refusals log nobody in', async () => {
  const mine = new Browser();
  const { url: callback } = await mine.follow(`${base()}${SIGN_ON}`, `${base()}/api`);
  // Somebody else is made to open my callback: login by forgery.
  const theirs = new Browser();
  assert.equal((await theirs.open(callback)).status, 403);
  // With an attempt of their own, the state does not fit; and the attempt is gone.
  const other = new Browser();
  await other.open(`${base()}${SIGN_ON}`);
  assert.equal((await other.open(callback)).status, 403);
  const forged = new Browser();
  forged.jar(base()).set('sluice-sign-on', 'A'.repeat(43));
  assert.equal((await forged.open(callback)).status, 403);
  forged.jar(base()).set('sluice', 'A'.repeat(43));
  assert.equal((await forged.open(`${base()}/api/v1/me`)).status, 401);
  for (const [parameters, why] of [
    ['error=access_denied', /the issuer says access_denied/],
    ['error=<script>alert(1)</script>', /the issuer says no/],
    ['code=made-up', /gave no ID token/],
    ['code=x&iss=https://evil.example', /of another issuer/],
    ['', /sent no code/],
  ] as const) {
    const browser = new Browser();
    const begun = await browser.open(`${base()}${SIGN_ON}`);
    const state = new URL(begun.headers.get('location') ?? '').searchParams.get('state');
    const back = await browser.open(`${base()}${SIGN_ON}/callback?state=${state}&${parameters}`);
    assert.equal(back.status, 403);
    const page = await back.text();
    assert.match(page, why);
    assert.ok(!page.includes('<script'));
    assert.equal(browser.jar(base()).size, 0);
  }
});

test('who has no role, or no access any more, comes back to a page that says so', async () => {
  issuer.person = { sub: 'guest', groups: ['guests'] };
  const guest = await new Browser().follow(`${base()}${SIGN_ON}`);
  assert.equal(guest.response.status, 403);
  assert.match(await guest.response.text(), /None of your groups has a role/);
  issuer.person = { sub: 'gone', groups: ['dba'] };
  const browser = new Browser();
  await browser.follow(`${base()}${SIGN_ON}`);
  assert.equal((await browser.open(`${base()}/api/v1/me`)).status, 200);
  const token = await issuer.sign();
  assert.equal((await api('me', { token })).status, 200);
  const { code, error } = await command(
    ['revoke', '--config', sluice.configFile, '--user', 'gone', '--reason', 'left'],
    { input: '' },
  );
  assert.equal(code, 0, error);
  const isOut = async () => (await browser.open(`${base()}/api/v1/me`)).status === 401;
  await until(isOut, 'the login to the console to be over', 1_000);
  assert.equal((await api('me', { token })).status, 401);
  const { response } = await new Browser().follow(`${base()}${SIGN_ON}`);
  assert.equal(response.status, 403);
  assert.match(await response.text(), /has been revoked/);
});

test('while the issuer is down, passwords of the configuration still open the console', async () => {
  issuer.fault = 'down';
  const local = await fetch(`${base()}/api/v1/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ user: 'local', password: 'local-pass' }),
  });
  assert.equal(local.status, 200);
});
