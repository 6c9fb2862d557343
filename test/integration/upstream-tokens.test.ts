/** How Sluice itself logs in at the server behind a listener of HTTP: with tokens of its own, or exchanged ones. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { ok, type RawUpstream, startRawUpstream } from '../support/http-upstream.ts';
import { type Sluice, startSluice } from '../support/sluice.ts';
import { TestIssuer } from '../support/test-issuer.ts';
import { TokenEndpoint, type TokenReply } from '../support/token-endpoint.ts';
import { until } from '../support/until.ts';

let tokens: TokenEndpoint;
let upstream: RawUpstream;
const UNAUTHORIZED = Buffer.from('HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n');

before(async () => {
  tokens = await TokenEndpoint.start();
});

beforeEach(async () => {
  tokens.asked.length = 0;
  upstream = await startRawUpstream();
});

after(() => tokens.stop());

function shownTo({ got }: RawUpstream): readonly (string | undefined)[] {
  return got.map(({ head }) => /^authorization: ([^\r\n]*)/im.exec(head)?.[1]);
}

async function withSluice(
  options: { readonly listener: string; readonly auth?: readonly string[]; readonly oidc?: string },
  run: (sluice: Sluice) => Promise<void>,
): Promise<void> {
  const sluice = await startSluice({ upstream: `http://127.0.0.1:${upstream.port}`, ...options });
  try {
    await run(sluice);
    // What is kept, shown and logged of a session holds nothing to log in with.
    const kept = `${sluice.log()}${JSON.stringify(sluice.records())}`;
    assert.ok(!/upstream-token|s%3Acret|s:cret|eyJ/.test(kept), 'promise 11');
  } finally {
    await sluice.stop();
    await upstream.close();
  }
}

function own(more = ''): string {
  return `credentials: { client_credentials: { token_endpoint: "${tokens.url}", client_id: sluice, client_secret: "s:cret/1"${more} } }`;
}

function get(sluice: Sluice, authorization?: string): Promise<Response> {
  const headers = authorization === undefined ? {} : { authorization };
  return fetch(`http://127.0.0.1:${sluice.port}/orders`, { headers });
}

test('promise 11: Sluice logs in with a token of its own, asked for once however many requests come', async () => {
  const listener = own(', scopes: [read, write], resource: "https://api.example.com/"');
  await withSluice({ listener }, async (sluice) => {
    const answers = await Promise.all([1, 2, 3, 4].map(() => get(sluice)));
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 200, 200, 200],
    );
    assert.deepEqual(shownTo(upstream), Array(4).fill('Bearer upstream-token-1'));
    assert.equal(tokens.asked.length, 1);
    const [asked] = tokens.asked;
    assert.deepEqual(Object.fromEntries(asked?.form ?? []), {
      grant_type: 'client_credentials',
      scope: 'read write',
      resource: 'https://api.example.com/',
    });
    // RFC 6749, 2.3.1: encoded as forms are, then joined.
    const basic = Buffer.from(asked?.authorization?.replace('Basic ', '') ?? '', 'base64').toString();
    assert.equal(basic, 'sluice:s%3Acret%2F1');
  });
});

test('a token that the server does not take is replaced once; a second 401 is the answer', async () => {
  await withSluice({ listener: own() }, async (sluice) => {
    upstream.answer = ({ head }) => (head.includes('upstream-token-1') ? UNAUTHORIZED : ok({}, 'in'));
    assert.equal(await (await get(sluice)).text(), 'in');
    assert.deepEqual(shownTo(upstream), ['Bearer upstream-token-1', 'Bearer upstream-token-2']);
    upstream.answer = () => UNAUTHORIZED;
    const refused = await get(sluice);
    assert.equal(refused.status, 401);
    assert.equal(tokens.asked.length, 3);
  });
});

test('a token is asked for anew before it expires', async () => {
  const reply = tokens.reply;
  tokens.reply = (_ask, n) => [
    200,
    { access_token: `upstream-token-${n}`, token_type: 'bearer', expires_in: 0 },
  ];
  await withSluice({ listener: own() }, async (sluice) => {
    await get(sluice);
    await get(sluice);
    assert.deepEqual(shownTo(upstream), ['Bearer upstream-token-1', 'Bearer upstream-token-2']);
  });
  tokens.reply = reply;
});

test('where there is no token nothing is sent, and the client is told nothing of why', async () => {
  const reply = tokens.reply;
  tokens.reply = () => [400, { error: 'invalid_client', error_description: 's:cret/1 is wrong' }];
  await withSluice({ listener: own() }, async (sluice) => {
    const answer = await get(sluice);
    assert.equal(answer.status, 502);
    assert.match(await answer.text(), /upstream-login/);
    assert.equal(upstream.got.length, 0);
    assert.match(sluice.log(), /gives no token: invalid_client/);
  });
  tokens.reply = reply;
});

test('promise 11: a token of a client is exchanged for one of its own, and goes nowhere else', async () => {
  const issuer = await TestIssuer.start();
  try {
    tokens.reply = (ask, n) => [
      200,
      {
        access_token: `upstream-token-${n}`,
        issued_token_type: ask.form.get('requested_token_type'),
        token_type: 'Bearer',
        expires_in: 3600,
      },
    ];
    const listener = `credentials: { token_exchange: { token_endpoint: "${tokens.url}", client_id: sluice, client_secret: "s:cret/1", audience: api } }`;
    const oidc = `{ issuer: "${issuer.url}", audience: "urn:sluice" }`;
    await withSluice({ listener, oidc, auth: ['oidc'] }, async (sluice) => {
      const ada = await issuer.sign({ sub: 'ada' });
      const bob = await issuer.sign({ sub: 'bob' });
      for (const token of [ada, bob, ada]) assert.equal((await get(sluice, `Bearer ${token}`)).status, 200);
      assert.deepEqual(shownTo(upstream), [
        'Bearer upstream-token-1',
        'Bearer upstream-token-2',
        'Bearer upstream-token-1',
      ]);
      assert.deepEqual(Object.fromEntries(tokens.asked[0]?.form ?? []), {
        grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
        subject_token: ada,
        subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
        requested_token_type: 'urn:ietf:params:oauth:token-type:access_token',
        audience: 'api',
      });
      const wire = upstream.got.map(({ head, body }) => head + body.toString()).join('');
      assert.ok(!wire.includes(ada) && !wire.includes(bob));
    });
  } finally {
    await issuer.stop();
  }
});

interface Exchanging {
  readonly sluice: Sluice;
  readonly issuer: TestIssuer;
  /** Statuses of that many requests at once with each token, in the order of the tokens. */
  at(once: number, ...shown: readonly string[]): Promise<readonly number[]>;
}

async function exchanging(reply: typeof tokens.reply, run: (on: Exchanging) => Promise<void>): Promise<void> {
  const issuer = await TestIssuer.start();
  const before = tokens.reply;
  tokens.reply = reply;
  try {
    const listener = `credentials: { token_exchange: { token_endpoint: "${tokens.url}", client_id: sluice, client_secret: "s:cret/1", audience: api } }`;
    const oidc = `{ issuer: "${issuer.url}", audience: "urn:sluice" }`;
    await withSluice({ listener, oidc, auth: ['oidc'] }, async (sluice) => {
      const one = async (token: string) => {
        const answer = await get(sluice, `Bearer ${token}`);
        await answer.arrayBuffer();
        return answer.status;
      };
      await run({
        sluice,
        issuer,
        at: (once, ...shown) =>
          Promise.all(shown.flatMap((token) => Array.from({ length: once }, () => one(token)))),
      });
    });
  } finally {
    tokens.reply = before;
    tokens.gate = Promise.resolve();
    await issuer.stop();
  }
}

const numbered = (n: number, more: object = {}): TokenReply => [
  200,
  { access_token: `upstream-token-${n}`, token_type: 'Bearer', expires_in: 3600, ...more },
];

test('promise 11: fifty first requests at once make one exchange for each token, and nobody gets another’s', async () => {
  let open = () => {};
  const subjects: (string | null)[] = [];
  const reply = ({ form }: { readonly form: URLSearchParams }) => {
    subjects.push(form.get('subject_token'));
    return numbered(subjects.length);
  };
  await exchanging(reply, async ({ issuer, at }) => {
    tokens.gate = new Promise((resolve) => {
      open = resolve;
    });
    // Two tokens of one principal, too: one of them may do less.
    const shown = [
      await issuer.sign({ sub: 'ada' }),
      await issuer.sign({ sub: 'bob' }),
      await issuer.sign({ sub: 'ada', scope: 'read' }),
    ];
    upstream.answer = ({ head }) => ok({}, /^authorization: (.*)$/im.exec(head)?.[1] ?? '');
    const answers = at(50, ...shown);
    await until(() => subjects.length === shown.length, 'an exchange for each token');
    open();
    assert.deepEqual([...new Set(await answers)], [200]);
    assert.deepEqual([...subjects].sort(), [...shown].sort());
    const arrived = [...shownTo(upstream)].sort();
    const each = [1, 2, 3].flatMap((n) => Array(50).fill(`Bearer upstream-token-${n}`));
    assert.deepEqual(arrived, each);
  });
});

test('an exchange that fails is not asked for again at once, and stands in the way of nobody else', async () => {
  const failing = new Set<string | null>();
  let n = 0;
  const reply = ({ form }: { readonly form: URLSearchParams }): TokenReply =>
    failing.has(form.get('subject_token')) ? [400, { error: 'invalid_grant' }] : numbered(++n);
  await exchanging(reply, async ({ sluice, issuer, at }) => {
    const [ada, bob] = [await issuer.sign({ sub: 'ada' }), await issuer.sign({ sub: 'bob' })];
    failing.add(ada);
    assert.deepEqual([...new Set(await at(50, ada))], [502]);
    assert.equal(tokens.asked.length, 1);
    assert.deepEqual(await at(1, bob), [200]);
    assert.deepEqual(shownTo(upstream), ['Bearer upstream-token-1']);
    failing.clear();
    await until(async () => (await at(1, ada))[0] === 200, 'another exchange');
    assert.equal(tokens.asked.length, 3);
    assert.match(sluice.log(), /invalid_grant/);
  });
});

test('promise 11: the token of a client goes nowhere, even where an authorization server gives it back', async () => {
  const kinds = ['refresh_token', 'id_token', 'saml2'].map(
    (kind) => `urn:ietf:params:oauth:token-type:${kind}`,
  );
  let kind: string | undefined;
  const reply = ({ form }: { readonly form: URLSearchParams }): TokenReply =>
    kind === undefined
      ? numbered(1, { access_token: form.get('subject_token') })
      : numbered(1, { issued_token_type: kind });
  await exchanging(reply, async ({ sluice, issuer, at }) => {
    assert.deepEqual(await at(1, await issuer.sign({ sub: 'ada' })), [502]);
    for (kind of kinds) assert.deepEqual(await at(1, await issuer.sign({ sub: kind })), [502], kind);
    assert.equal(upstream.got.length, 0);
    assert.match(sluice.log(), /gives back the token of the client/);
    assert.match(sluice.log(), /gives no access token/);
  });
});
