/** Recorded sessions, replayed without a network with both sides cut into chunks of every size: the same bytes. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { sync } from '../support/frontend.ts';
import { described, type PostgresPair, startPair } from '../support/postgres-pair.ts';
import { WireClient } from '../support/wire-client.ts';
import { GOLDEN_SCHEMA, SCRIPTS } from './scripts.ts';
import { type SoloDomain, soloDomain } from './solo-session.ts';
import { replay, type Transcript } from './transcript.ts';

const FOLDER = new URL('../../fixtures/postgres/transcripts/', import.meta.url);
const SIZES = [
  ...Array.from({ length: 80 }, (_, n) => n + 1),
  100,
  128,
  255,
  256,
  500,
  1000,
  4096,
  16_384,
  1 << 20,
];
let domain: SoloDomain;
let pair: PostgresPair;

before(async () => {
  domain = await soloDomain(GOLDEN_SCHEMA);
  pair = await startPair(GOLDEN_SCHEMA);
});

after(async () => {
  domain?.close();
  await pair?.stop();
});

for (const file of readdirSync(FOLDER)) {
  test(`promise 10: the recorded session ${file} gives the same bytes in chunks of every size`, () => {
    const transcript: Transcript = JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8'));
    for (const size of SIZES) {
      for (const [n, { toServer, toClient }] of replay(domain, transcript, size).entries()) {
        const round = transcript.rounds[n];
        const expected = Buffer.concat(
          (round?.exchange ?? []).map((part) => Buffer.from(part.toServer, 'base64')),
        );
        assert.equal(
          toServer.toString('latin1'),
          expected.toString('latin1'),
          `to the server, chunks of ${size}, round ${n}`,
        );
        assert.equal(
          toClient.toString('latin1'),
          Buffer.from(round?.toClient ?? '', 'base64').toString('latin1'),
          `to the client, chunks of ${size}, round ${n}`,
        );
      }
    }
  });
}

/** Each round's answer; of errors without the place in the server's source, which those of Sluice do not have. */
async function answers(
  client: WireClient,
  rounds: readonly (readonly Buffer[])[],
  size: number,
): Promise<readonly string[]> {
  const all: string[] = [];
  for (const round of rounds) {
    const bytes = Buffer.concat(round);
    for (let at = 0; at < bytes.length; at += size) {
      client.send(bytes.subarray(at, at + size));
      if (size < 100) await new Promise((resolve) => setImmediate(resolve));
    }
    const expected = round.filter((message) => message[0] === 0x51 || message[0] === 0x53).length;
    const messages = await client.until('Z', expected);
    all.push(described(messages).join('\n'));
  }
  const rest = await client.ask(sync());
  assert.equal(rest.length, 1);
  return all;
}

test('promise 10: through sockets, a direct session and one through Sluice get the same bytes, in chunks of several sizes', async () => {
  for (const size of [1 << 20, 1000, 64, 13, 3, 1]) {
    await pair.both('TRUNCATE t, other.t, late');
    for (const { name, rounds } of SCRIPTS) {
      const [direct, through] = await Promise.all([
        WireClient.connect(pair.postgres.port, pair.direct),
        WireClient.connect(pair.sluice.port),
      ]);
      const [expected, actual] = await Promise.all([
        answers(direct, rounds, 1 << 20),
        answers(through, rounds, size),
      ]);
      assert.deepEqual(actual, expected, `${name} in chunks of ${size}`);
      direct.end();
      through.end();
    }
  }
});
