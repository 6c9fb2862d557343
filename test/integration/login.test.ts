/** `sluice login`: the device flow against a real provider, what it keeps, and what the token is good for. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import pg from 'pg';
import { type PostgresServer, startPostgres } from '../../src/demo/postgres-server.ts';
import { createShop } from '../../src/demo/shop.ts';
import { LoginDenied, logInByDevice } from '../../src/identity/device-login.ts';
import { recordsIn } from '../../src/journal/read.ts';
import { type CommandResult, sluice as command } from '../support/command-line.ts';
import { type Sluice, startSluice } from '../support/sluice.ts';
import { AUDIENCE, TERMINAL, TestIssuer } from '../support/test-issuer.ts';

const MAIN = new URL('../../src/main.ts', import.meta.url).pathname;
const PROGRAM = new URL('../support/mcp-sql-program.ts', import.meta.url).pathname;

let issuer: TestIssuer;
let postgres: PostgresServer;
let proxy: Sluice;
let home: string;

before(async () => {
  [issuer, postgres] = await Promise.all([TestIssuer.start(), startPostgres()]);
  await createShop((database) => postgres.url(database));
  home = mkdtempSync(join(tmpdir(), 'sluice-home-'));
  proxy = await startSluice({
    upstream: postgres.url('shop'),
    auth: ['oidc'],
    users: `[], oidc: { issuer: "${issuer.url}", audience: "${AUDIENCE}" }`,
  });
});

after(async () => {
  await proxy?.stop();
  await postgres?.stop();
  await issuer?.stop();
  rmSync(home, { recursive: true, force: true });
});

const file = () => join(home, '.config', 'sluice', 'login.json');
const login = (...args: readonly string[]): Promise<CommandResult> =>
  command(['login', ...args], { environment: { HOME: home } });

/** A browser as far as it takes: cookies, redirects, and forms that are sent as they are. */
async function browse(url: string): Promise<string> {
  const cookies = new Map<string, string>();
  let next: { readonly url: string; readonly form: URLSearchParams | null } = { url, form: null };
  for (let n = 0; n < 20; n++) {
    const response: Response = await fetch(next.url, {
      method: next.form === null ? 'GET' : 'POST',
      redirect: 'manual',
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(next.form === null ? {} : { body: next.form }),
    });
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      cookies.set(name, value);
    }
    const location = response.headers.get('location');
    const page = await response.text();
    if (location !== null) next = { url: new URL(location, next.url).href, form: null };
    else {
      const action = /<form[^>]* action="([^"]+)"/.exec(page)?.[1];
      if (action === undefined) return page;
      const inputs = [...page.matchAll(/<input[^>]* name="([^"]+)"[^>]* value="([^"]*)"/g)];
      const form = new URLSearchParams(inputs.map(([, name = '', value = '']) => [name, value]));
      form.set('confirm', 'yes');
      next = { url: new URL(action, next.url).href, form };
    }
  }
  throw new Error('too many steps');
}

/** The password that psql and others would be given. */
async function logIn(password: string): Promise<void> {
  const client = new pg.Client({ connectionString: proxy.url('ada', password) });
  await client.connect();
  assert.equal((await client.query('SELECT 1 AS n')).rows[0].n, 1);
  await client.end();
}

test('somebody logs in with a browser, and the token is the password; it is kept for nobody else, and renewed', async () => {
  // The command writes where to go before it waits: what it says is watched as it comes.
  let said = '';
  const { main } = await import('../../src/cli/program.ts');
  const args = [
    'login',
    '--issuer',
    issuer.url,
    '--client',
    TERMINAL,
    '--resource',
    AUDIENCE,
    '--access-token',
  ];
  const code = await main(args, {
    environment: { HOME: home },
    out: () => assert.fail('nothing is printed but the token, and that on demand'),
    error: (text) => {
      said += text;
      const url = /^or open {3}(\S+)$/m.exec(text)?.[1];
      if (url !== undefined) browse(url).then((page) => assert.equal(page, 'done'), assert.ifError);
    },
    isTerminal: false,
    errorIsTerminal: false,
    inputIsTerminal: false,
    readInput: async () => '',
    readSecrets: async () => null,
  });
  assert.equal(code, 0, said);
  assert.match(said, /Open {3}http.*\/device\nand type the code {3}[A-Z]{4}-[A-Z]{4}\n/);
  assert.match(said, /Logged in until/);
  assert.equal(statSync(file()).mode & 0o777, 0o600);
  assert.equal(statSync(join(file(), '..')).mode & 0o077, 0);
  const first = await login('--print');
  assert.equal(first.code, 0);
  assert.match(first.out, /^ey[\w-]+\.[\w-]+\.[\w-]+\n$/);
  assert.ok(!said.includes(first.out.trim()));
  await logIn(first.out.trim());
  assert.equal(proxy.records().find(({ type }) => type === 'session-start')?.['principal'], 'ada');
  // What is about to expire is renewed without a login.
  const kept: unknown = JSON.parse(readFileSync(file(), 'utf8'));
  writeFileSync(file(), JSON.stringify(Object.assign({}, kept, { expires: Date.now() + 1_000 })));
  const second = await login('--print');
  assert.equal(second.code, 0, second.error);
  assert.notEqual(second.out, first.out);
  await logIn(second.out.trim());
  assert.equal((await login('--print')).out, second.out);
});

test('sluice stdio speaks for whoever is logged in here, or whom SLUICE_TOKEN proves', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-who-'));
  const config = join(directory, 'sluice.yaml');
  const listener = (name: string) =>
    `  - { name: ${name}, protocol: postgres, listen: "127.0.0.1:0", upstream: "${postgres.url('shop')}", auth: [session] }\n`;
  writeFileSync(join(directory, 'policy.yaml'), 'default: allow\n');
  writeFileSync(
    config,
    `listeners:\n${listener('one')}${listener('two')}identity:\n  users: [ { name: agent } ]\n  oidc: { issuer: "${issuer.url}", audience: "${AUDIENCE}" }\npolicy: policy.yaml\njournal: { dir: ./journal }\nstate: { url: "sqlite:state.sqlite" }\n`,
  );
  mkdirSync(join(directory, 'journal'));
  const spokenAs = async (environment: Readonly<Record<string, string>>) => {
    const transport = new StdioClientTransport({
      command: process.execPath,
      args: [MAIN, 'stdio', '--config', config, '--dsn', 'one', '--', process.execPath, PROGRAM],
      env: { PATH: process.env['PATH'] ?? '', ...environment },
      stderr: 'pipe',
    });
    let errors = '';
    transport.stderr?.on('data', (chunk: Buffer) => {
      errors += chunk;
    });
    const client = new Client({ name: 'who', version: '1' });
    try {
      await client.connect(transport);
    } catch {
      return errors;
    }
    const answer = await client.callTool({ name: 'query', arguments: { sql: 'SELECT 1 AS n' } });
    assert.match(JSON.stringify(answer), /n.*1/);
    await client.close();
    const starts = [...recordsIn(join(directory, 'journal', 'stdio', '1'))].filter(
      ({ type }) => type === 'session-start',
    );
    // The session of MCP, and that of the SQL behind it.
    return starts.slice(-2).map(({ principal }) => principal);
  };
  try {
    assert.deepEqual(await spokenAs({ HOME: home }), ['ada', 'ada']);
    const token = (await login('--print')).out.trim();
    assert.deepEqual(await spokenAs({ HOME: directory, SLUICE_TOKEN: token }), ['ada', 'ada']);
    const made = await command(['token', '--config', config, '--for', 'agent', '--listener', 'two']);
    const credential = { SLUICE_TOKEN: `agent:${made.out.trim()}` };
    assert.deepEqual(await spokenAs({ HOME: home, ...credential }), ['agent', 'agent']);
    assert.match(
      String(await spokenAs({ HOME: home, SLUICE_TOKEN: 'agent:guessed' })),
      /nobody is proven by SLUICE_TOKEN: it is no session credential of that name, or it has ended/,
    );
    // With an issuer, the only user of the file is not whoever sits here.
    assert.match(String(await spokenAs({ HOME: directory })), /expected --as NAME, SLUICE_TOKEN/);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});

test('what cannot be printed is told in words', async () => {
  const kept: unknown = JSON.parse(readFileSync(file(), 'utf8'));
  const put = (more: object) => writeFileSync(file(), JSON.stringify(Object.assign({}, kept, more)));
  put({ expires: Date.now(), refresh: null });
  assert.match((await login('--print')).error, /the token has expired; log in again/);
  put({ expires: Date.now(), refresh: 'forged' });
  assert.match((await login('--print')).error, /serves no more/);
  issuer.fault = 'down';
  const down = await login('--print');
  issuer.fault = null;
  assert.equal(down.code, 2);
  assert.match(down.error, /the issuer cannot be used/);
  chmodSync(file(), 0o644);
  assert.match((await login('--print')).error, /can be read by others/);
  chmodSync(file(), 0o600);
  writeFileSync(file(), 'no json');
  assert.match((await login('--print')).error, /is not what sluice login writes/);
  assert.equal((await login('--forget')).code, 0);
  const none = await login('--print');
  assert.equal(none.code, 1);
  assert.match(none.error, /nobody is logged in here/);
  assert.match((await login('--issuer', 'http://idp.example.com')).error, /expected an https URL/);
  assert.match(
    (await login('--issuer', issuer.url, '--client', 'nobody')).error,
    /does not know this client/,
  );
});

test('it waits as the issuer says, longer when told to slow down, and gives up when it is refused or too late', async () => {
  const answers: (readonly [number, object])[] = [];
  let url = '';
  const server = createServer((request, response) => {
    const said: readonly [number, object] =
      request.url === '/.well-known/openid-configuration'
        ? [
            200,
            {
              issuer: url,
              jwks_uri: `${url}/keys`,
              token_endpoint: `${url}/token`,
              device_authorization_endpoint: `${url}/device`,
            },
          ]
        : request.url === '/device'
          ? [
              200,
              {
                device_code: 'd',
                user_code: 'WXYZ',
                verification_uri: `${url}/go`,
                expires_in: 60,
                interval: 2,
              },
            ]
          : (answers.shift() ?? [400, { error: 'authorization_pending' }]);
    response.writeHead(said[0], { 'content-type': 'application/json' }).end(JSON.stringify(said[1]));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  const client = { issuer: url, clientId: 'c', scope: 'openid', resource: null };
  const waits: number[] = [];
  const go = () =>
    logInByDevice(
      client,
      () => {},
      async (ms) => void waits.push(ms),
    );
  try {
    const pending = [400, { error: 'authorization_pending' }] as const;
    answers.push(pending, [400, { error: 'slow_down' }], pending, [200, { access_token: 'a' }]);
    assert.equal((await go()).accessToken, 'a');
    assert.deepEqual(waits.splice(0), [2_000, 2_000, 7_000, 7_000]);
    answers.push([400, { error: 'access_denied' }]);
    await assert.rejects(go(), /refused in the browser/);
    waits.splice(0);
    await assert.rejects(go(), LoginDenied);
    assert.equal(
      waits.reduce((sum, ms) => sum + ms, 0),
      60_000,
    );
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
