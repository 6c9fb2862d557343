/** A thread that reads a long text and throws, hangs or dies: that text is denied, others are read, and the next one is as well. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { MysqlReadPool } from '../../src/sql/mysql/read-pool.ts';
import { sketchCatalog } from '../support/mysql-catalog.ts';

const catalog = sketchCatalog({ tables: { 'shop.person': ['id int', 'name varchar(40)'] } });
const pool = new MysqlReadPool(new URL('../support/faulty-read-worker.ts', import.meta.url));
after(() => pool.close());

const LONG = ' '.repeat(20_000);

function read(text: string) {
  const reading = { catalog, schema: 'shop', sqlMode: new Set<string>(), temporary: [] };
  return pool.read(reading, catalog, Buffer.from(text));
}

for (const fault of ['throw', 'hang', 'die']) {
  test(`promises 2 and 13: a reading thread told to "${fault}": that text is denied, the next one is read`, async () => {
    const neighbour = read(`SELECT name FROM person${LONG}`);
    const faulty = await read(`SELECT id FROM person /* fault: ${fault} */${LONG}`);
    assert.equal(faulty.outcome, 'denied');
    assert.ok(faulty.outcome === 'denied' && faulty.tooComplex);
    assert.equal((await neighbour).outcome, 'facts');
    const next = await read(`SELECT id FROM person${LONG}`);
    assert.equal(next.outcome, 'facts');
    assert.equal(next.outcome === 'facts' && next.statements[0]?.relations[0]?.name, 'person');
  });
}
