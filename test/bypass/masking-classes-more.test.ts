/** Further members of every class of attack on masks, over views, rules, defaults, casts and extensions of their own. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { askEveryWay, newTally, playSession, readAttacks } from '../support/masking-attacks.ts';
import { maskingFile, startTwins, TwinSession, type Twins, unmaskedState } from '../support/masking-twins.ts';

let twins: Twins;
before(async () => {
  twins = await startTwins(maskingFile('policy.yaml'), 18, ['schema.sql', 'schema-more.sql']);
});
after(() => twins?.stop());

for (const group of readAttacks('attacks-more.txt')) {
  test(`promise 4: nothing of a masked value, whatever is asked: ${group.title}`, async (t) => {
    const tally = newTally();
    if (group.session) await playSession(twins, group, tally);
    else {
      const session = await TwinSession.open(twins);
      for (const line of group.lines) await askEveryWay(session, line, tally);
      session.end();
    }
    t.diagnostic(`${tally.asked} asked, ${tally.denied} denied, ${tally.failed} failed`);
    assert.equal(tally.told.length, 0, tally.told.slice(0, 12).join('\n'));
    const [one, two] = twins.all;
    assert.deepEqual(
      await unmaskedState(one.direct),
      await unmaskedState(two.direct),
      'something was stored',
    );
    await twins.both('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
  });
}
