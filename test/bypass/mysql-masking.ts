/** Every class of attack on masks, in every protocol and wrapping, against one kind of server. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { MysqlFlavour } from '../../src/demo/mysql-programs.ts';
import { newTally } from '../support/masking-attacks.ts';
import { askMysqlEveryWay, playMysqlSession, readMysqlAttacks } from '../support/mysql-attacks.ts';
import {
  MysqlTwinSession,
  type MysqlTwins,
  mysqlUnmaskedState,
  startMysqlTwins,
} from '../support/mysql-twins.ts';

export function testMysqlMasking(flavour: MysqlFlavour): void {
  let twins: MysqlTwins;
  before(async () => {
    twins = await startMysqlTwins(flavour);
  });
  after(() => twins?.stop());

  for (const group of readMysqlAttacks('masked.txt', flavour)) {
    test(`promise 4: nothing of a masked value, whatever ${flavour} is asked: ${group.title}`, async (t) => {
      const tally = newTally();
      if (group.session) await playMysqlSession(twins, group, tally);
      else {
        const session = await MysqlTwinSession.open(twins);
        for (const [nth, line] of group.lines.entries()) await askMysqlEveryWay(session, line, tally, nth);
        session.end();
        assert.equal(session.ended, 0, 'a session was ended');
      }
      t.diagnostic(`${tally.asked} asked, ${tally.denied} denied, ${tally.failed} failed`);
      assert.equal(tally.told.length, 0, tally.told.slice(0, 12).join('\n'));
      const [one, two] = await mysqlUnmaskedState(twins);
      assert.deepEqual(one, two, 'something was stored');
    });
  }
}
