/** Definitions changed by a session that does not stay to hear of it. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { query } from '../support/frontend.ts';
import { startTwins, type Twins } from '../support/masking-twins.ts';
import { until } from '../support/until.ts';
import { WireClient } from '../support/wire-client.ts';

let twins: Twins;
before(async () => {
  twins = await startTwins();
});
after(() => twins?.stop());

for (const text of [
  'CREATE OR REPLACE VIEW public.peek AS SELECT id, ssn AS x FROM hr.person',
  'BEGIN; CREATE OR REPLACE VIEW public.peek AS SELECT id, ssn AS x FROM hr.person; COMMIT',
]) {
  test(`promise 4: the one that asked has gone when it is done: ${text}`, async () => {
    const [{ sluice, direct, canaries }] = twins.all;
    const started = { user: 'agent', database: 'first' };
    await direct.query('CREATE OR REPLACE VIEW public.peek AS SELECT id, name AS x FROM hr.person');
    const reader = await WireClient.connect(sluice.port, started);
    await reader.ask(query('CREATE VIEW public.other AS SELECT 1'));
    await reader.ask(query("SELECT x || '' FROM public.peek WHERE id < 5"));
    const changer = await WireClient.connect(sluice.port, started);
    const pid = await backendsOf(direct);
    // The statement reaches the server, and the client is gone before the answer.
    changer.send(query(text));
    changer.socket.destroySoon();
    await until(async () => (await backendsOf(direct)) < pid, 'the end of the session at the server');
    const messages = await reader.ask(query("SELECT x || '' FROM public.peek WHERE id < 5"));
    assert.equal(canaries.found(messages, Buffer.alloc(0)), null);
    reader.end();
    await direct.query('DROP VIEW public.peek, public.other');
  });
}

async function backendsOf(direct: Twins['all'][0]['direct']): Promise<number> {
  const { rows } = await direct.query<{ count: string }>(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = 'first' AND backend_type = 'client backend'",
  );
  return Number(rows[0]?.count);
}
