/** The same attacks where masks keep the last characters and let values be compared: no more than those comes out. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { askEveryWay, newTally, playSession, readAttacks } from '../support/masking-attacks.ts';
import { maskingFile, startTwins, TwinSession, type Twins } from '../support/masking-twins.ts';

let twins: Twins;
before(async () => {
  twins = await startTwins(maskingFile('policy-partial.yaml'), 17);
});
after(() => twins?.stop());

for (const group of readAttacks()) {
  test(`promise 4: no more of a masked value than its mask keeps: ${group.title}`, async (t) => {
    const tally = newTally();
    if (group.session) await playSession(twins, group, tally, false);
    else {
      const session = await TwinSession.open(twins, false);
      for (const line of group.lines) await askEveryWay(session, line, tally, true);
      session.end();
    }
    t.diagnostic(`${tally.asked} asked, ${tally.denied} denied, ${tally.failed} failed`);
    assert.equal(tally.told.length, 0, tally.told.slice(0, 12).join('\n'));
  });
}
