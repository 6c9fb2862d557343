/** Random pipelines, to a server directly and through Sluice: the same replies in the same order. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { query, sync, terminate } from '../support/frontend.ts';
import {
  messagesOf,
  PIPELINE_RESET,
  PIPELINE_SCHEMA,
  pipeline,
  type Step,
  shown,
} from '../support/pipelines.ts';
import { described, type PostgresPair, startPair } from '../support/postgres-pair.ts';
import { WireClient, type WireMessage } from '../support/wire-client.ts';

const RUNS = Number(process.env['SLUICE_PROPERTY_RUNS'] ?? 400);
const LAST = 'the last word';

let pair: PostgresPair;

before(async () => {
  pair = await startPair(PIPELINE_SCHEMA, { policy: 'default: allow\n' });
});

after(async () => {
  await pair?.stop();
});

/** Everything that comes back for a pipeline, up to the answer to a question put behind it. */
async function replies(client: WireClient, steps: readonly Step[]): Promise<readonly WireMessage[]> {
  client.send(...messagesOf(steps), sync(), query('ROLLBACK'), query(`SELECT '${LAST}' AS last`));
  const messages: WireMessage[] = [];
  for (;;) {
    let message: WireMessage;
    try {
      message = await client.next(`the answers to ${steps.map(shown).join('\n')}`);
    } catch (error) {
      if (client.closed) return [...messages, { tag: '!', body: Buffer.from('closed') }];
      throw new Error(`${error} after\n${described(messages).join('\n')}`);
    }
    messages.push(message);
    if (message.tag === 'Z' && messages.at(-2)?.tag === 'C' && messages.at(-3)?.body.includes(LAST))
      return messages;
  }
}

test('promise 10: random pipelines get the same replies in the same order', async () => {
  await fc.assert(
    fc.asyncProperty(pipeline, async (steps) => {
      await pair.both(PIPELINE_RESET);
      const [direct, through] = await Promise.all([
        WireClient.connect(pair.postgres.port, pair.direct),
        WireClient.connect(pair.sluice.port),
      ]);
      try {
        const expected = described(await replies(direct, steps));
        const actual = described(await replies(through, steps));
        assert.deepEqual(actual, expected);
      } finally {
        for (const client of [direct, through]) {
          client.send(terminate());
          client.end();
        }
      }
    }),
    // The same pipelines in every default run; SLUICE_PROPERTY_SEED chooses others.
    { numRuns: RUNS, seed: Number(process.env['SLUICE_PROPERTY_SEED'] ?? 872_630_682) },
  );
});
