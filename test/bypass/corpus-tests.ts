/** One test for each case of the corpus, against a server of one major version. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { EmbeddedMajor } from '../../src/demo/postgres-server.ts';
import { Arena, tryAttack, type Wire } from './arena.ts';
import { readCorpus } from './corpus.ts';

const FILES = ['tables', 'strict', 'bounds', 'batch', 'columns', 'closed', 'baseline'];

export function testCorpus(major: EmbeddedMajor, wires: readonly Wire[]): void {
  let arena: Arena;
  before(async () => {
    arena = await Arena.open(major);
  });
  after(() => arena?.close());

  for (const file of FILES) {
    const corpus = readCorpus(`${file}.txt`);
    describe(`Postgres ${major} under policies/${corpus.policy}.yaml`, () => {
      for (const attack of corpus.attacks) {
        test(`${attack.title} (${file}.txt)`, async () => {
          for (const wire of attack.simple ? (['query'] as const) : wires) {
            const problems = await tryAttack(arena, corpus, attack, wire);
            assert.equal(problems.length, 0, `\n${problems.join('\n')}`);
          }
        });
      }
    });
  }
}
