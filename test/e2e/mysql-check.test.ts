/** `sluice check` with MySQL and MariaDB upstreams: names and types are those of the servers' own catalogs. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { MysqlServer } from '../../src/demo/mysql-server.ts';
import { type CommandResult, sluice } from '../support/command-line.ts';
import { adminConnection, FLAVOURS, type MysqlPair, startMysqlPair } from '../support/mysql-servers.ts';

const directory = mkdtempSync(join(tmpdir(), 'sluice-mysql-check-'));
let pair: MysqlPair;

before(async () => {
  pair = await startMysqlPair();
});

after(async () => {
  await pair?.stop();
  rmSync(directory, { recursive: true, force: true });
});

/** Checks a policy in front of a server. */
function check(
  server: MysqlServer,
  policy: string,
  upstream = server.appUrl('shop'),
): Promise<CommandResult> {
  const config = join(directory, 'sluice.yaml');
  writeFileSync(join(directory, 'policy.yaml'), policy);
  writeFileSync(
    config,
    `listeners:
  - { name: shop, protocol: mysql, listen: "127.0.0.1:0", upstream: "${upstream}", auth: [trust] }
policy: policy.yaml
masking: { keys: { customers: 0123456789abcdef0123456789abcdef } }
journal: { dir: journal }
`,
  );
  return sluice(['check', '--config', config]);
}

for (const flavour of FLAVOURS) {
  test(`${flavour}: a policy is held against the catalog`, async () => {
    const { code, out, error } = await check(
      pair[flavour],
      `default: allow
rules:
  - { name: secrets, when: { tables: [shop.secrets, information_schema.TABLES] }, then: deny }
  - { name: functions, when: { functions: [shop.wipe, "mysql.sleep"] }, then: deny }
masks:
  - { columns: [shop.customers.ssn, "*.*.card_number"], with: last4 }
  - { columns: [shop.orders.total], with: { hash: { key: customers } } }
  - { columns: [shop.customers.created_at], with: year }
`,
    );
    assert.equal(error, '');
    assert.equal(code, 0);
    assert.match(out, /shop → 127\.0\.0\.1:\d+\/shop/);
    assert.match(out, /2 rules, 3 masks .* held against 11 tables and views/);
  });

  test(`${flavour}: what its catalog does not have, and what cannot be masked, is told`, async () => {
    const { code, error } = await check(
      pair[flavour],
      `default: allow
rules:
  - { name: secrets, when: { tables: [shop.secretz, information_schema.tables] }, then: deny }
  - { name: functions, when: { functions: [shop.wype] }, then: deny }
masks:
  - { columns: [shop.customers.snn], with: last4 }
  - { columns: [shop.orders.placed_at], with: last4 }
  - { columns: [shop.order_items.line], with: { token: { key: customers } } }
`,
    );
    assert.equal(code, 2);
    assert.match(error, /policy\.yaml:3:\d+: .*shop\.secretz.*did you mean "shop\.secrets"/);
    assert.match(error, /did you mean "information_schema\.TABLES"/);
    assert.match(error, /policy\.yaml:4:\d+: .*shop\.wype/);
    assert.match(error, /no column matches "shop\.customers\.snn"; did you mean "shop\.customers\.ssn"/);
    assert.match(error, /last4 cannot mask shop\.orders\.placed_at \(timestamp\): it only works on/);
    assert.match(error, /token cannot mask shop\.order_items\.line \(int(\(11\))?\): a token is text/);
  });
}

for (const flavour of FLAVOURS) {
  test(`${flavour}: an account that is not shown triggers is told of`, async () => {
    const server = pair[flavour];
    const admin = await adminConnection(server);
    const name = `reader_${flavour}`;
    const told = async () => {
      const upstream = server.appUrl('shop').replace(/\/\/[^@]+@/, `//${name}:x@`);
      return /has no TRIGGER privilege on shop/.test((await check(server, 'default: deny\n', upstream)).out);
    };
    await admin.query(`CREATE USER '${name}'@'%' IDENTIFIED BY 'x'`);
    await admin.query(`GRANT SELECT, SHOW VIEW ON shop.* TO '${name}'@'%'`);
    assert.equal(await told(), true);
    await admin.query(`GRANT TRIGGER ON \`sh_p\`.* TO '${name}'@'%'`);
    assert.equal(await told(), false);
    await admin.query(`DROP USER '${name}'@'%'`);
    await admin.end();
  });
}

test('a server that cannot be reached is told, and the rest is checked', async () => {
  const { code, out } = await check(
    pair.mysql,
    'default: deny\n',
    'mysql://app:secret-word@127.0.0.1:1/shop',
  );
  assert.equal(code, 0);
  assert.match(out, /note: the upstream of listener "shop" \(127\.0\.0\.1:1\/shop\) cannot be asked/);
  assert.doesNotMatch(out, /secret-word/);
});

test('a wrong password is told, without repeating it', async () => {
  const upstream = pair.mariadb.appUrl('shop').replace('apppw', 'wrong-word');
  const { out } = await check(pair.mariadb, 'default: deny\n', upstream);
  assert.match(out, /cannot be asked for its catalog: Access denied for user 'app'/);
  assert.doesNotMatch(out, /wrong-word/);
});
