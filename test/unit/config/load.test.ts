/** sluice.yaml: every mistake with its place, secrets from outside, and connection strings. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type LoadedConfig, loadConfig } from '../../../src/config/load.ts';
import { sqlListenersOf } from '../../../src/config/schema.ts';
import { parseUpstreamUrl } from '../../../src/config/upstream-url.ts';
import { ProblemsError } from '../../../src/core/problem.ts';

const directory = mkdtempSync(join(tmpdir(), 'sluice-config-'));
after(() => rmSync(directory, { recursive: true, force: true }));

type Environment = Readonly<Record<string, string>>;

function load(text: string, environment: Environment = {}): LoadedConfig {
  const file = join(directory, 'sluice.yaml');
  writeFileSync(file, text);
  return loadConfig(file, environment);
}

function mistakesIn(text: string, environment: Environment = {}): string {
  try {
    load(text, environment);
    return '';
  } catch (error) {
    if (!(error instanceof ProblemsError)) throw error;
    return error.message.replaceAll(`${directory}/`, '');
  }
}

/** A configuration with one listener; keys given replace or add to those of the listener or of the file. */
function config(
  listener: Readonly<Record<string, string>> = {},
  file: Readonly<Record<string, string>> = {},
): string {
  const keys = {
    name: 'shop',
    protocol: 'postgres',
    listen: '"127.0.0.1:6432"',
    upstream: '"postgres://app:pw@db:5432/shop"',
    auth: '[trust]',
    ...listener,
  };
  const lines = Object.entries(keys)
    .filter(([, value]) => value !== '')
    .map(([key, value]) => `    ${key}: ${value}`);
  const rest = { policy: 'policy.yaml', journal: '{ dir: ./journal }', ...file };
  return [
    'listeners:',
    `  -${lines.join('\n').slice(3)}`,
    ...Object.entries(rest)
      .filter(([, value]) => value !== '')
      .map(([key, value]) => `${key}: ${value}`),
    '',
  ].join('\n');
}

test('a small configuration has all defaults', () => {
  const { config: loaded } = load(config());
  const [sql] = sqlListenersOf(loaded);
  assert.equal(sql?.listener.timeouts.handshake, 10_000);
  assert.equal(sql?.listener.limits.message, 16 * 1024 * 1024);
  assert.equal(loaded.drain, 30_000);
  assert.equal(loaded.journal.segment, 64 * 1024 * 1024);
  assert.equal(loaded.limits.connections, 10_000);
});

const MISTAKES: readonly (readonly [text: string, expected: RegExp])[] = [
  ['', /^sluice\.yaml:1:1: the file is empty/],
  ['listeners: []\npolicy: p\njournal: { dir: j }\n', /listeners: expected at least one listener/],
  ['policy: p\njournal: { dir: j }\n', /listeners: is missing/],
  [config({}, { policy: '' }), /policy: is missing/],
  [config({}, { journal: '' }), /journal: is missing/],
  [config({}, { journal: '{}' }), /journal\.dir: is missing/],
  [config({ upstream: '' }), /listeners\[0\]\.upstream: is missing/],
  [config({ protocol: 'redis' }), /:3:15: listeners\[0\]\.protocol: expected postgres, mysql, http or mcp/],
  [config({ listen: '6432' }), /:4:13: listeners\[0\]\.listen: expected/],
  [config({ listen: '"127.0.0.1"' }), /:4:13: listeners\[0\]\.listen: expected an address and port/],
  [config({ listen: '"127.0.0.1:70000"' }), /listeners\[0\]\.listen: expected an address and port/],
  [config({ listen: '"0.0.0.0:6432"' }), /:6:11: listeners\[0\]\.auth: trust is for loopback addresses only/],
  [config({ auth: '[ldap]' }), /:6:12: listeners\[0\]\.auth\[0\]: expected one of password, trust/],
  [config({ auth: '[password]' }), /:6:11: listeners\[0\]\.auth: nobody can log in/],
  [config({ upstrem: 'x' }), /:7:5: listeners\[0\]\.upstrem: unknown key "upstrem".*upstream/],
  [
    config({ timeouts: '{ idle: 5 }' }),
    /:7:23: listeners\[0\]\.timeouts\.idle: expected a span of time such as 30s/,
  ],
  [config({ timeouts: '{ idle: 5 parsecs }' }), /timeouts\.idle: expected a span of time/],
  [config({ limits: '{ message: big }' }), /limits\.message: expected a size/],
  [config({ limits: '{ names: 0 }' }), /limits\.names: /],
  [config({ durability: 'maybe' }), /listeners\[0\]\.durability: expected .*written.*synced/],
  [config({ tls: '{ cert: a.pem }' }), /listeners\[0\]\.tls\.key: is missing/],
  [config({ upstream: '"redis://a@b/c"' }), /listeners\[0\]\.upstream: expected postgres:\/\/, mysql:/],
  [config({ upstream: '"postgres://a@b/c?sslmode=maybe"' }), /listeners\[0\]\.upstream: sslmode is one of/],
  [config({ upstream: '"postgres://a@b/c?sslmode=verify-ca"' }), /sslmode=verify-ca takes sslrootcert/],
  [config({ upstream: '"postgres://b/c"' }), /the connection string names no user/],
  [config({}, { drain: '5' }), /:9:8: drain: expected a span of time such as 30s/],
  [config({}, { log: '{ level: loud }' }), /log\.level: expected .*debug.*info/],
  [config({}, { limits: '{ connections: many }' }), /limits\.connections: expected/],
  [
    config({}, { identity: '{ users: [ { name: a }, { name: a } ] }' }),
    /identity\.users\[1\]\.name: a second user "a"/,
  ],
  [config({}, { identity: '{ users: [ { groups: [x] } ] }' }), /identity\.users\[0\]\.name: is missing/],
  [config({ name: '"with space"' }), /listeners\[0\]\.name: expected a name of letters/],
  [`${config()}listeners: []\n`, /unique/],
];

for (const [text, expected] of MISTAKES) {
  test(`a mistake is told: ${expected.source.slice(0, 70)}`, () => {
    assert.match(mistakesIn(text), expected);
  });
}

test('two listeners of one name or address', () => {
  const second =
    '  - { name: shop, protocol: postgres, listen: "127.0.0.1:6432", upstream: "postgres://a@b/c", auth: [trust] }\n';
  const found = mistakesIn(config().replace('policy:', `${second}policy:`));
  assert.match(found, /listeners\[1\]\.name: a second listener named "shop"/);
  assert.match(found, /listeners\[1\]\.listen: a second listener on 127\.0\.0\.1:6432/);
});

test('a configuration that is not there, is a directory, or is no text', () => {
  assert.throws(
    () => loadConfig(join(directory, 'nowhere.yaml'), {}),
    /nowhere\.yaml:1:1: there is no such file/,
  );
  assert.throws(() => loadConfig(directory, {}), /this is a directory/);
  const binary = join(directory, 'binary.yaml');
  writeFileSync(binary, Buffer.from([0xff, 0xfe, 0]));
  assert.throws(() => loadConfig(binary, {}), /expected text in UTF-8/);
});

test('promise 11: secrets come from the environment, with a fallback, and from files', () => {
  writeFileSync(join(directory, 'secret'), 'from a file\n');
  const users = (password: string) =>
    config({ auth: '[password]' }, { identity: `{ users: [ { name: a, password: "${password}" } ] }` });
  const passwordOf = (password: string, environment: Environment = {}) =>
    load(users(password), environment).config.identity.users[0]?.password;
  assert.equal(passwordOf('${PW}', { PW: 'x y' }), 'x y');
  assert.equal(passwordOf('a-${PW}-${PW2:-two}', { PW: '1' }), 'a-1-two');
  assert.equal(passwordOf('${PW:-}x'), 'x');
  assert.equal(passwordOf('${PW:-fall:-back}'), 'fall:-back');
  assert.equal(passwordOf('${PW}', { PW: '${OTHER}' }), '${OTHER}', 'what a secret says is not looked into');
  assert.equal(passwordOf('${file:secret}'), 'from a file');
  assert.equal(passwordOf('$5 and {x}'), '$5 and {x}');
  assert.match(
    mistakesIn(users('${NOT_SET}')),
    /:9:\d+: identity\.users\[0\]\.password: the environment variable NOT_SET is not set/,
  );
  assert.match(
    mistakesIn(users('${file:nowhere}')),
    /identity\.users\[0\]\.password: the file .*nowhere cannot be read/,
  );
  assert.match(mistakesIn(users('${1X}')), /is no reference/);
});

test('promise 11: a mistake in a connection string does not show its password', () => {
  for (const upstream of [
    '"postgres://app:hunter2/x#y@db/shop"',
    '"postgres://app:hunter2@db/shop?sslmode=x"',
    '"postgres://:hunter2@db"',
    '"http://a:hunter2@b"',
  ]) {
    const found = mistakesIn(config({ upstream }));
    assert.notEqual(found, '');
    assert.doesNotMatch(found, /hunter2/);
  }
});

test('connection strings of servers, as libpq writes them', () => {
  const plain = parseUpstreamUrl('postgres://app@db');
  assert.deepEqual(
    { ...plain, options: [...plain.options] },
    {
      protocol: 'postgres',
      flavour: null,
      host: 'db',
      port: 5432,
      user: 'app',
      password: null,
      database: 'app',
      sslMode: 'prefer',
      sslRootCert: null,
      options: [],
    },
  );
  const full = parseUpstreamUrl(
    'postgresql://a%40b:p%2Fw%23@[::1]:6000/my%20db?sslmode=verify-full&sslrootcert=/ca.pem&search_path=shop,public',
  );
  assert.equal(full.user, 'a@b');
  assert.equal(full.password, 'p/w#');
  assert.equal(full.host, '::1');
  assert.equal(full.port, 6000);
  assert.equal(full.database, 'my db');
  assert.equal(full.sslMode, 'verify-full');
  assert.equal(full.sslRootCert, '/ca.pem');
  assert.deepEqual([...full.options], [['search_path', 'shop,public']]);
  assert.throws(() => parseUpstreamUrl('postgres://a@b/c?Bad-Key=1'), /"Bad-Key" that is not known/);
  assert.throws(() => parseUpstreamUrl('postgres://a:%zz@b/c'), /percent/);
  assert.throws(() => parseUpstreamUrl('db:5432'), /expected/);
  assert.throws(
    () => parseUpstreamUrl('postgres://a:b/c@d/e'),
    /percent/,
    'a slash in a password has to be written as %2F',
  );
});

test("connection strings of MySQL and MariaDB, in the words of MySQL's client", () => {
  const plain = parseUpstreamUrl('mysql://app@db');
  assert.deepEqual(
    { ...plain, options: [...plain.options] },
    {
      protocol: 'mysql',
      flavour: 'mysql',
      host: 'db',
      port: 3306,
      user: 'app',
      password: null,
      database: '',
      sslMode: 'prefer',
      sslRootCert: null,
      options: [],
    },
  );
  const full = parseUpstreamUrl(
    'mariadb://a%40b:p%2Fw%23@[::1]:6000/shop?ssl-mode=VERIFY_IDENTITY&ssl-ca=/ca.pem&charset=utf8mb4',
  );
  assert.equal(full.flavour, 'mariadb');
  assert.equal(full.password, 'p/w#');
  assert.equal(full.database, 'shop');
  assert.equal(full.sslMode, 'verify-full');
  assert.equal(full.sslRootCert, '/ca.pem');
  for (const [written, mode] of [
    ['ssl-mode=DISABLED', 'disable'],
    ['ssl-mode=disabled', 'disable'],
    ['ssl-mode=PREFERRED', 'prefer'],
    ['ssl-mode=REQUIRED', 'require'],
    ['ssl-mode=VERIFY_CA&ssl-ca=x', 'verify-ca'],
    ['sslmode=verify-full', 'verify-full'],
  ] as const) {
    assert.equal(parseUpstreamUrl(`mysql://app@db/shop?${written}`).sslMode, mode);
  }
  const optionsOf = (written: string) => [...parseUpstreamUrl(`mysql://app@db/shop?${written}`).options];
  assert.deepEqual(optionsOf('get-server-public-key=true'), [['get-server-public-key', 'true']]);
  assert.deepEqual(optionsOf('get-server-public-key=0'), []);
  assert.throws(() => parseUpstreamUrl('mysql://a@b/c?ssl-mode=on'), /one of DISABLED, .*, not "on"/);
  assert.throws(() => parseUpstreamUrl('mysql://a@b/c?charset=latin1'), /charset is utf8mb4/);
  assert.throws(() => parseUpstreamUrl('mysql://a@b/c?sql_mode=ANSI'), /"sql_mode" that is not known/);
  assert.throws(() => parseUpstreamUrl('mysql://a@b/c?get-server-public-key=ja'), /true or false/);
});

test('a listener and its upstream are of one protocol', () => {
  const listener = (written: string) =>
    `listeners: [{ name: shop, listen: "127.0.0.1:0", ${written} }]
identity: { users: [{ name: agent, password: secret }] }
policy: policy.yaml
journal: { dir: journal }
`;
  assert.equal(
    mistakesIn(listener('protocol: mysql, upstream: "mysql://a@b/c", multi_statements: true')),
    '',
  );
  assert.equal(mistakesIn(listener('protocol: mysql, upstream: "mariadb://a@b/c"')), '');
  assert.match(
    mistakesIn(listener('protocol: mysql, upstream: "postgres://a@b/c"')),
    /protocol: mysql takes an upstream with mysql:\/\/ or mariadb:\/\//,
  );
  assert.match(
    mistakesIn(listener('protocol: postgres, upstream: "mysql://a@b/c"')),
    /protocol: postgres takes an upstream with postgres:\/\//,
  );
  assert.match(
    mistakesIn(listener('protocol: mysql, upstream: "mysql://a@b/c?ssl-mode=VERIFY_CA"')),
    /ssl-mode=VERIFY_CA takes ssl-ca=FILE/,
  );
  assert.match(
    mistakesIn(listener('protocol: postgres, upstream: "postgres://a@b/c", multi_statements: true')),
    /multi_statements.* is for protocol: mysql/,
  );
  assert.match(
    mistakesIn(listener('protocol: redis, upstream: "mysql://a@b/c"')),
    /expected postgres, mysql, http or mcp/,
  );
});

test('passwords of the console do not cross a network in clear text, and somebody has to have a role', () => {
  const admin = (written: string) => mistakesIn(config({}, { admin: written }));
  const roles = 'roles: { admin: [ops] }';
  assert.match(admin(`{ listen: "0.0.0.0:8600", ${roles} }`), /admin\.listen: .*no loopback address/);
  assert.match(
    admin(`{ listen: "0.0.0.0:8600", url: "http://sluice.example.com", ${roles} }`),
    /admin\.listen/,
  );
  assert.match(admin('{ listen: "127.0.0.1:8600" }'), /admin(\.roles)?: .*nobody can log in/);
  assert.match(admin(`{ listen: "127.0.0.1:8600", url: "ftp://x", ${roles} }`), /admin\.url: expected a URL/);
  assert.equal(admin(`{ listen: "127.0.0.1:8600", ${roles} }`), '');
  assert.equal(admin(`{ listen: "0.0.0.0:8600", url: "https://sluice.example.com", ${roles} }`), '');
  assert.equal(admin(`{ listen: "0.0.0.0:8600", tls: { cert: a.crt, key: a.key }, ${roles} }`), '');
});

test('mistakes about an issuer are told with their place', () => {
  const issuer = 'issuer: "https://idp.example.com", audience: sluice';
  const identity = `{ oidc: { ${issuer} } }`;
  const good = load(config({ auth: '[oidc]' }, { identity })).config.identity.oidc;
  assert.deepEqual(
    [
      good?.username,
      good?.groups,
      good?.clock_skew,
      good?.keys_max_age,
      good?.audience,
      good?.algorithms.length,
    ],
    ['sub', 'groups', 30_000, 86_400_000, ['sluice'], 11],
  );
  for (const [listener, oidc, expected] of [
    [{ auth: '[oidc]' }, null, /auth: oidc takes an issuer under identity\.oidc/],
    [{ auth: '[oidc, trust]' }, issuer, /auth: trust lets in everybody whom oidc would ask/],
    [{ auth: '[oidc, oauthbearer]' }, issuer, /auth: a client cannot be asked both ways/],
    [{ auth: '[oidc]' }, issuer.replace('https', 'http'), /issuer: expected an https URL/],
    [{ auth: '[oidc]' }, issuer.replace('idp', 'user:pw@idp'), /issuer: expected an https URL/],
    [
      { auth: '[oidc]' },
      `${issuer}, algorithms: [HS256]`,
      /algorithms\[0\]: expected algorithms out of RS256/,
    ],
    [
      { auth: '[oidc]' },
      `${issuer}, algorithms: [none]`,
      /algorithms\[0\]: expected algorithms out of RS256/,
    ],
    [{ auth: '[oidc]' }, `${issuer}, clock_skew: 10m`, /clock_skew: expected 5m at most/],
    [{ auth: '[oidc]' }, 'issuer: "https://idp.example.com"', /audience/],
    [{ auth: '[oidc]' }, `${issuer}, user: sub`, /user/],
  ] as const) {
    const file = oidc === null ? {} : { identity: `{ oidc: { ${oidc} } }` };
    assert.match(mistakesIn(config(listener, file)), expected);
  }
});
