/** Alerts and what takes access away, as OCSF has them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ExportEvents } from '../../../src/cli/export-events.ts';
import { ocsfEvent } from '../../../src/cli/export-ocsf.ts';
import type { JsonObject } from '../../../src/core/json.ts';

const AT = '2026-03-01T09:30:00.000Z';
const told = (record: JsonObject) => {
  const [event] = new ExportEvents().of({ n: 7, at: AT, ...record });
  assert.ok(event !== undefined);
  return ocsfEvent(event, { name: 'Sluice' });
};

test('an alert is a finding, and a quarantine one that blocks', () => {
  const alert = {
    type: 'alert',
    alert: 'honey',
    on: 'canary',
    principal: 'eve',
    session: 's',
    message: 'read',
    id: 'a1',
  };
  const finding = told({ ...alert, quarantinedUntil: null });
  assert.equal(finding?.['class_uid'], 2004);
  assert.equal(finding?.['category_uid'], 2);
  assert.equal(finding?.['type_uid'], 200401);
  assert.deepEqual(finding?.['finding_info'], { uid: 'a1', title: 'honey', desc: 'read', types: ['canary'] });
  assert.match(JSON.stringify(finding?.['actor']), /"name":"eve"/);
  assert.equal(finding?.['disposition'], 'Logged');
  assert.equal(told({ ...alert, quarantinedUntil: Date.parse(AT) + 1000 })?.['disposition'], 'Quarantined');
});

test('access that is taken and given back is told of, with who did it', () => {
  for (const type of ['revocation', 'revocation-lifted']) {
    const event = told({ type, kind: 'principal', subject: 'ci', by: 'dana', reason: 'left', since: AT });
    assert.equal(event?.['class_uid'], 6003);
    assert.deepEqual(event?.['resources'], [{ uid: 'ci', type: 'principal' }]);
    assert.match(JSON.stringify(event?.['actor']), /"name":"dana"/);
    assert.match(JSON.stringify(event?.['api']), new RegExp(`"operation":"${type}"`));
    assert.ok(event?.['src_endpoint'] !== undefined);
  }
});
