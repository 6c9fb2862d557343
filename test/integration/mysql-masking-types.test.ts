/** Masked columns of every type through Sluice, from real servers: both protocols bring the same masked values. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { MYSQL_CODEC, mysqlCellType } from '../../src/masking/index.ts';
import { RawConnection } from '../support/mysql-cells.ts';
import { adminConnection, FLAVOURS, type MysqlPair, startMysqlPair } from '../support/mysql-servers.ts';
import { startSluice } from '../support/sluice.ts';

const COLUMNS: Readonly<Record<string, readonly [type: string, value: string]>> = {
  tiny: ['tinyint', '-5'],
  small: ['smallint unsigned', '65535'],
  medium: ['mediumint', '-8388608'],
  whole: ['int unsigned', '4294967295'],
  big: ['bigint', '-987654321'],
  exact: ['decimal(10,2)', '1234.56'],
  single: ['float', '1.5'],
  twice: ['double', '2.25'],
  bits: ['bit(12)', "b'101'"],
  day: ['date', "'2024-05-06'"],
  span: ['time(6)', "'-12:34:56.5'"],
  moment: ['datetime(6)', "'2024-05-06 07:08:09.123456'"],
  stamp: ['timestamp', "'2024-05-06 07:08:09'"],
  since: ['year', '2024'],
  word: ['varchar(20)', "'Zoë-secret'"],
  prose: ['text', "'prose-secret'"],
  some: ['varbinary(20)', "'bytes-secret'"],
  more: ['blob', "'blob-secret'"],
  doc: ['json', '\'{"a":"doc-secret"}\''],
};
const HASHED = ['tiny', 'small', 'medium', 'whole', 'big', 'exact', 'word', 'prose', 'some', 'more', 'doc'];
const MASKS: readonly (readonly [with_: string, columns: readonly string[]])[] = [
  ['redact', Object.keys(COLUMNS)],
  ['"null"', Object.keys(COLUMNS)],
  ['{ hash: { key: k } }', HASHED],
];

let pair: MysqlPair;

before(async () => {
  pair = await startMysqlPair({ shop: false });
  const columns = Object.entries(COLUMNS).map(([name, [type]]) => `${name} ${type}`);
  const values = Object.values(COLUMNS).map(([, value]) => value);
  for (const flavour of FLAVOURS) {
    const admin = await adminConnection(pair[flavour]);
    await admin.query(`CREATE DATABASE shop; CREATE TABLE shop.samples (${columns.join(', ')})`);
    await admin.query(`INSERT INTO shop.samples VALUES (${values.join(', ')})`);
    await admin.query('INSERT INTO shop.samples (tiny) VALUES (NULL)');
    await admin.end();
  }
});

after(async () => {
  await pair?.stop();
});

for (const flavour of FLAVOURS) {
  for (const [masker, names] of MASKS) {
    test(`promise 4: ${flavour}: ${masker} masks every type alike in both protocols`, async (context) => {
      const masked = names.map((name) => `shop.samples.${name}`).join(', ');
      const sluice = await startSluice({
        upstream: pair[flavour].url('shop'),
        policy: `default: allow\nmasks:\n  - { columns: [${masked}], with: ${masker} }\n`,
        config: 'masking: { keys: { k: 0123456789abcdef0123456789abcdef } }',
      });
      context.after(() => sluice.stop());
      const connection = await RawConnection.open({ port: sluice.port, url: () => sluice.url() }, 'shop');
      context.after(() => connection.sql.destroy());
      const query = `SELECT ${names.join(', ')} FROM samples`;
      const [text, binary] = [await connection.ask(query, 'text'), await connection.ask(query, 'binary')];
      assert.equal(text.rows.length, 2);
      for (const [n, name] of names.entries()) {
        const [field, printed, cell] = [
          text.fields[n],
          text.rows[0]?.[n] ?? null,
          binary.rows[0]?.[n] ?? null,
        ];
        assert.ok(field !== undefined);
        assert.equal(text.rows[1]?.[n] ?? null, null, `NULL of ${name}`);
        assert.equal(binary.rows[1]?.[n] ?? null, null, `NULL of ${name}`);
        assert.equal(printed === null, masker === '"null"', name);
        assert.equal(cell === null, masker === '"null"', name);
        if (printed === null || cell === null) continue;
        const [, value] = COLUMNS[name] ?? ['', ''];
        assert.notEqual(printed.toString(), value.replaceAll("'", ''), name);
        assert.doesNotMatch(printed.toString('latin1'), /secret/);
        const type = mysqlCellType(field);
        const ofText = MYSQL_CODEC.decode(printed, 0, printed.length, type, 'text');
        const ofBinary = MYSQL_CODEC.decode(cell, 0, cell.length, type, 'binary');
        if (ofText === null) assert.deepEqual(cell, printed, name);
        else assert.deepEqual(ofBinary, ofText, name);
      }
    });
  }
}
