/**
 * Facts found in the cache are the facts of the text at hand, whatever filled it: see support/literal-mutants.ts.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, test } from 'node:test';
import { PARSER_MAJORS } from '../../src/sql/index.ts';
import { LiteralMutants } from '../support/literal-mutants.ts';
import { statementsOf } from '../support/server-scanner.ts';
import { FactsBench } from '../support/sql-facts.ts';
import { EVERY_KIND } from '../support/sql-statements.ts';

const CAPTURES = new URL('../../fixtures/captures/pg_captured.json', import.meta.url);

let shop: LiteralMutants;
let captured: readonly string[];

before(async () => {
  shop = await LiteralMutants.load(await FactsBench.load(18));
  captured = statementsOf(readFileSync(CAPTURES, 'utf8'));
});

async function checkAll(mutants: LiteralMutants, texts: readonly string[], seed: number): Promise<number> {
  let hits = 0;
  for (const [n, text] of texts.entries()) hits += await mutants.check(text, seed + n);
  return hits;
}

test('promise 3: statements of every kind with other literals have the facts of an empty cache', async () => {
  const seed = Math.floor(Math.random() * 2 ** 30);
  for (let round = 0; round < 4; round++) {
    const hits = await checkAll(shop, EVERY_KIND, seed + round * 1000);
    assert.ok(hits > EVERY_KIND.length, `seed ${seed}: only ${hits} hits`);
  }
});

test('promise 3: every captured statement with other literals has the facts of an empty cache', async () => {
  const seed = Math.floor(Math.random() * 2 ** 30);
  const hits = await checkAll(shop, captured, seed);
  assert.ok(hits > 500, `seed ${seed}: only ${hits} hits`);
});

test('promise 3: the same in each major version, by a sample', async () => {
  for (const major of PARSER_MAJORS.filter((candidate) => candidate !== 18)) {
    const mutants = await LiteralMutants.load(await FactsBench.load(major));
    const sample = captured.filter((_, n) => n % 12 === major % 12);
    const hits = await checkAll(mutants, [...EVERY_KIND, ...sample], major);
    assert.ok(hits > EVERY_KIND.length / 2, `major ${major}: only ${hits} hits`);
  }
});
