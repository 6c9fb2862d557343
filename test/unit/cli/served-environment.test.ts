/** What a program behind a listener sees of Sluice's own environment. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { servedEnvironment } from '../../../src/cli/stdio-config.ts';

test('certificates that the machine trusts, no secrets of Sluice, and what is configured last', () => {
  const own = { TZ: 'Europe/Vienna', API: 'x' };
  const sluice = { PATH: '/bin', TZ: 'UTC', NODE_EXTRA_CA_CERTS: '/ca.pem', DB_PASSWORD: 'secret' };
  assert.deepEqual(servedEnvironment(sluice, own), {
    PATH: '/bin',
    TZ: 'Europe/Vienna',
    NODE_EXTRA_CA_CERTS: '/ca.pem',
    API: 'x',
  });
});
