/** The corpus of attacks, every case by Query and by the extended protocol, against Postgres 18. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Arena, tryAttack } from './arena.ts';
import { readCorpus } from './corpus.ts';

const FILES = ['tables', 'strict', 'bounds', 'batch', 'columns', 'closed', 'baseline'];

let arena: Arena;
before(async () => {
  arena = await Arena.open(18);
});
after(() => arena?.close());

for (const file of FILES) {
  const corpus = readCorpus(`${file}.txt`);
  describe(`under policies/${corpus.policy}.yaml`, () => {
    for (const attack of corpus.attacks) {
      test(`${attack.title} (${file}.txt)`, async () => {
        const wires = attack.simple ? (['query'] as const) : (['query', 'extended'] as const);
        for (const wire of wires) {
          const problems = await tryAttack(arena, corpus, attack, wire);
          assert.equal(problems.length, 0, `\n${problems.join('\n')}`);
        }
      });
    }
  });
}
