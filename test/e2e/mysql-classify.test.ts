/** `sluice classify` on MySQL and MariaDB: what it proposes for the sample shop and for columns made to mislead it. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { sluice } from '../support/command-line.ts';
import { adminConnection, FLAVOURS, type MysqlPair, startMysqlPair } from '../support/mysql-servers.ts';

let pair: MysqlPair;

const ODD = `
  CREATE DATABASE odd;
  USE odd;
  CREATE TABLE \`Ta\`\`b.le\` (
    id int, \`Home Phone\` varchar(30), kreditkartennummer bigint unsigned, geburtsdatum date, note text, doc json,
    passwort_hash varbinary(40), tokens_used int, mail enum('yes', 'no'), version varchar(20));
  INSERT INTO \`Ta\`\`b.le\`
    SELECT id, concat('+4930123456', 10 + id % 80), 4242424242424242, '1980-01-01',
           if(id % 20 = 0, concat('write to bob', id, '@ex.org please'), 'hello'),
           json_object('k', if(id % 3 = 0, '4242 4242 4242 4242', 'none')), 'abc', id, 'yes', '10.0.1.1'
      FROM shop.orders WHERE id <= 300;
  CREATE VIEW shown AS SELECT \`Home Phone\` AS contact, concat(note, '') AS remark FROM \`Ta\`\`b.le\`;
  CREATE VIEW others AS SELECT email AS contact FROM shop.customers;
  CREATE TABLE forbidden (email varchar(40), other varchar(40));
  CREATE TABLE half_forbidden (hidden varchar(40), contact varchar(40));
  INSERT INTO half_forbidden VALUES ('hidden@ex.org', 'half@ex.org');
  CREATE USER reader@'%' IDENTIFIED BY 'p@ss-1834';
  GRANT SELECT ON odd.\`Ta\`\`b.le\` TO reader@'%';
  GRANT SELECT, SHOW VIEW ON odd.shown TO reader@'%';
  GRANT SELECT (contact), INSERT (hidden) ON odd.half_forbidden TO reader@'%';
  GRANT INSERT ON odd.forbidden TO reader@'%';
`;

before(async () => {
  pair = await startMysqlPair();
  for (const flavour of FLAVOURS) {
    const admin = await adminConnection(pair[flavour]);
    await admin.query(ODD);
    await admin.end();
  }
});

after(async () => {
  await pair?.stop();
});

for (const flavour of FLAVOURS) {
  test(`${flavour}: the shop's personal columns are proposed, and no value is printed`, async () => {
    const { code, out, error } = await sluice(['classify', '--upstream', pair[flavour].appUrl('shop')]);
    assert.equal(code, 0, error);
    for (const column of [
      'customers.ssn',
      'customers.email',
      'customers.phone',
      'payments.card_number',
      'secrets.value',
    ])
      assert.match(out, new RegExp(`shop\\.${column}`), out);
    assert.doesNotMatch(out, /contact\.|vault\./, 'views show columns of tables');
    assert.doesNotMatch(out, /@example\.|sk_live|\d{3}-\d{2}-\d{4}/);
  });

  test(`${flavour}: odd names, numbers, JSON and text with something in it`, async () => {
    const url = pair[flavour].url('odd');
    const { code, out, error } = await sluice(['classify', '--upstream', url, '--json']);
    assert.equal(code, 0, error);
    const found = JSON.parse(out);
    const kinds = Object.fromEntries(
      found.columns.map(({ pattern, kind }: { pattern: string; kind: string }) => [pattern, kind]),
    );
    assert.equal(kinds['odd."Ta`b.le"."Home Phone"'], 'phone');
    assert.equal(kinds['odd."Ta`b.le".kreditkartennummer'], 'card');
    assert.equal(kinds['odd."Ta`b.le".passwort_hash'], 'secret');
    const detected = found.detected.map(({ column }: { column: string }) => column);
    assert.ok(detected.includes('note'), out);
    assert.ok(detected.includes('doc'), out);
    assert.match(found.serverVersion, flavour === 'mariadb' ? /^MariaDB 1[01]\./ : /^MySQL 9/);
    assert.match(
      found.notes.join(' '),
      /views show columns of tables in schemas that were not looked at.*shop/,
    );
  });

  test(`${flavour}: what the account may not read is judged by names, and the server's words are not repeated`, async () => {
    const url = `${flavour}://reader@127.0.0.1:${pair[flavour].port}/odd`;
    const { code, out, error } = await sluice(['classify', '--upstream', url], {
      environment: { MYSQL_PWD: 'p@ss-1834' },
    });
    assert.equal(code, 0, error);
    assert.match(out, /half_forbidden\.contact|odd\.half_forbidden/);
    assert.match(error, /judged by their names alone, because this account may not read it.*odd\.forbidden/);
    assert.doesNotMatch(out + error, /denied|half@ex|p@ss/);
  });

  test(`${flavour}: a database that is not there is named`, async () => {
    const url = pair[flavour].url('shop');
    const { code, error } = await sluice(['classify', '--upstream', url, '--schema', 'shpo']);
    assert.equal(code, 2);
    assert.match(error, /there is no schema "shpo" in the database; did you mean "shop"\?/);
  });
}
