/** A cancel that comes too late hits a statement of Sluice's own, and never one of the client's. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ok, packet, query, result, Solo, TableGate } from '../../support/mysql-solo.ts';

for (const [title, answer] of [
  ['completes', result(['n'], [['1']])],
  ['completes without rows', ok(1)],
  ['fails by itself', packet(1, 0xff, 0x7a, 0x04, '#42S02', 'no such table')],
] as const) {
  test(`promise 5: a statement that ${title} while it is being cancelled`, () => {
    const solo = new Solo(new TableGate(() => ({})));
    solo.client(query('SELECT 1'));
    solo.session.cancelRequested();
    assert.equal(solo.cancels, 1);
    solo.take();
    solo.server(answer);
    assert.equal(solo.take().client.toString('hex'), answer.toString('hex'));
    solo.client(query('SELECT 2'));
    assert.equal(solo.take().server.length, 0, 'the cancel is still on its way');
    solo.session.cancelDelivered();
    assert.equal(solo.take().server.toString('latin1').slice(5), 'DO 0');
    solo.server(packet(1, 0xff, 0x25, 0x05, '#70100', 'interrupted'));
    assert.equal(solo.take().server.toString('latin1').slice(5), 'SELECT 2');
  });
}
