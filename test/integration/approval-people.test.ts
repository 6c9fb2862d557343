/** Promise 7: the people who decide are other people than the requester and each other, by whatever name they come. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { type PostgresServer, startPostgres } from '../../src/demo/postgres-server.ts';
import { createShop } from '../../src/demo/shop.ts';
import { requestIn } from '../support/approvals.ts';
import { type Sluice, startSluice } from '../support/sluice.ts';
import { AUDIENCE, TestIssuer } from '../support/test-issuer.ts';

const POLICY = `
default: allow
rules:
  - { name: second-person, when: { effects: [write], tables: [shop.orders] }, then: { approve: { by: [dba], approvers: 2 } } }
`;

let issuer: TestIssuer;
let postgres: PostgresServer;
let sluice: Sluice;

before(async () => {
  issuer = await TestIssuer.start();
  postgres = await startPostgres();
  await createShop(postgres.url);
  sluice = await startSluice({
    upstream: postgres.url('shop'),
    auth: ['oidc', 'session'],
    policy: POLICY,
    oidc: `{ issuer: "${issuer.url}", audience: "${AUDIENCE}", username: preferred_username }`,
    users: '[ { name: agent, groups: [agents] } ]',
    config: 'admin: { listen: "127.0.0.1:0", roles: { viewer: [dba], approver: [dba], admin: [ops] } }',
  });
});

after(async () => {
  await sluice?.stop();
  await postgres?.stop();
  await issuer?.stop();
});

const tokenOf = (sub: string, name: string, groups = ['dba', 'ops']) =>
  issuer.sign({ sub, preferred_username: name, groups });

async function post(path: string, token: string, body: unknown): Promise<{ status: number; text: string }> {
  const base = (sluice.server.adminUrl ?? '').replace(/\/$/, '');
  const response = await fetch(`${base}/api/v1/${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, text: await response.text() };
}

const vote = (id: string, token: string) =>
  post(`approvals/${id}/votes`, token, { verdict: 'approve', reason: null });

/** Asks for approval of a write, and gives the id of the request. */
async function ask(user: string, password: string, id: number) {
  const client = new pg.Client({ connectionString: sluice.url(user, password) });
  await client.connect();
  const sql = `UPDATE shop.orders SET status = 'x' WHERE id = ${id}`;
  const answer = client.query(sql).then(
    ({ command }) => command,
    (error: Error) => error.message,
  );
  const { id: request } = await requestIn(sluice, 'pending', ({ shown }) => shown['text'] === sql);
  return { id: request, client, answer };
}

test('promise 7: who made the credential that a request came by is its requester', async () => {
  const minted = await post('credentials', await tokenOf('1', 'dana'), {
    principal: 'agent',
    seconds: 600,
    groups: null,
    listener: null,
    foreign: false,
  });
  assert.equal(minted.status, 200, minted.text);
  const { id, client } = await ask('agent', JSON.parse(minted.text).token, 1);
  const own = await vote(id, await tokenOf('1', 'dana'));
  assert.equal(own.status, 403, own.text);
  assert.match(own.text, /urn:sluice:vote:own/);
  assert.equal((await vote(id, await tokenOf('2', 'sam'))).status, 200);
  await client.end();
});

test('promise 7: whom the issuer means is one person under another name', async () => {
  const { id, client, answer } = await ask('dana', await tokenOf('1', 'dana'), 2);
  for (const [sub, name] of [
    ['1', 'dana.married'],
    ['9', 'Dana'],
    ['9', 'ｄａｎａ'],
  ] as const) {
    const { status, text } = await vote(id, await tokenOf(sub, name));
    assert.match(`${status} ${text}`, /^403 .*urn:sluice:vote:own/, name);
  }
  assert.equal((await vote(id, await tokenOf('2', 'sam'))).status, 200);
  for (const [sub, name] of [
    ['2', 'samuel'],
    ['9', 'SAM'],
  ] as const) {
    const { status, text } = await vote(id, await tokenOf(sub, name));
    assert.match(`${status} ${text}`, /^409 .*urn:sluice:vote:twice/, name);
  }
  const last = await vote(id, await tokenOf('3', 'kim'));
  assert.equal(last.status, 200, last.text);
  assert.equal(JSON.parse(last.text).approval.state, 'approved');
  assert.doesNotMatch(last.text, /aliases/);
  assert.equal(await answer, 'UPDATE');
  await client.end();
});
