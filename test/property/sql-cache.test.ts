/**
 * Facts found in the cache are the facts of the text at hand: never one decision for two meanings. A statement is
 * read, then again with other literals, in the cache that the first has filled and in an empty one.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, test } from 'node:test';
import fc from 'fast-check';
import { PARSER_MAJORS } from '../../src/sql/index.ts';
import type { ReadOutcome } from '../../src/sql/postgres/reader.ts';
import { ServerScanner, statementsOf } from '../support/server-scanner.ts';
import { FactsBench } from '../support/sql-facts.ts';
import { EVERY_KIND } from '../support/sql-statements.ts';

const CAPTURES = new URL('../../fixtures/captures/pg_captured.json', import.meta.url);

let scanner: ServerScanner;
let shop: FactsBench;
let captured: readonly string[];

before(async () => {
  scanner = await ServerScanner.load();
  shop = await FactsBench.load(18);
  captured = statementsOf(readFileSync(CAPTURES, 'utf8'));
});

const LITERALS: readonly string[] = [
  ...['0', '1', '2', '7', '2147483648', '99999999999999999999', '1.0', '0.5', '1e3', '-1'],
  ...["''", "'1'", "'2'", "'1.0'", "'t'", "'off'", "'on'", "'%'", "'a'", "'it''s'", "'a'\n'b'"],
  ...[
    "B'1'",
    "X'1'",
    "N'1'",
    '$$1$$',
    "$q$'$q$",
    "E'\\x31'",
    "e'\\''",
    "U&'\\0031'",
    "U&'!0031' UESCAPE '!'",
  ],
  ...["'role'", "'search_path'", "'standard_conforming_strings'", "'shop.secrets'", "'pg_temp'", "'shop'"],
  ...["'DROP TABLE shop.orders'", "'SELECT value FROM shop.secrets'", "'SELECT 1'", "'/etc/passwd'", "'$.a'"],
];

/** The text with its constants, as the server's scanner finds them, replaced by others; `null` keeps one. */
function withLiterals(text: string, choose: (n: number, original: string) => string | null): string {
  const bytes = Buffer.from(text);
  let made = '';
  let at = 0;
  let n = 0;
  for (const token of scanner.scan(bytes) ?? []) {
    const original = bytes.toString('utf8', token.start, token.end);
    if (!/^([eEnNbBxX]?'|[uU]&'|\$[^$]*\$|[\d.]*\d)/.test(original)) continue;
    const chosen = choose(n++, original);
    made += bytes.toString('utf8', at, token.start) + (chosen ?? original);
    at = token.end;
  }
  return made + bytes.toString('utf8', at);
}

function plainOf(outcome: ReadOutcome): unknown {
  return outcome.outcome === 'entry' ? outcome.entry.statements : outcome;
}

/** Reads each text in one cache, and fails where an empty cache says something else. */
async function sameFacts(bench: FactsBench, texts: readonly string[]): Promise<number> {
  const space = bench.space();
  let hits = 0;
  for (const text of texts) {
    const before = space.cache.hits;
    const cached = await bench.read(space, text);
    if (space.cache.hits === before) continue;
    hits++;
    const fresh = await bench.read(bench.space(), text);
    // What the grammar refuses (an integer too large for its place, a broken escape), the server refuses too.
    if (fresh.outcome === 'denied' && fresh.denial.native) continue;
    assert.deepEqual(plainOf(cached), plainOf(fresh), `${texts[0]}\nfilled the cache for\n${text}`);
  }
  return hits;
}

/** Mutants of a text, by choices that fast-check made. */
function mutants(text: string, choices: readonly (readonly number[])[]): readonly string[] {
  return choices.map((row) =>
    withLiterals(text, (n) => {
      const choice = row[n % row.length] ?? 0;
      // Half of the literals stay, so that those that facts depend on are often the same and the cache is hit.
      return choice % 2 === 0 ? null : (LITERALS[(choice >> 1) % LITERALS.length] ?? null);
    }),
  );
}

const CHOICES = fc.array(fc.array(fc.nat(1 << 12), { minLength: 7, maxLength: 7 }), {
  minLength: 6,
  maxLength: 6,
});

async function checkAll(bench: FactsBench, texts: readonly string[], seed: number): Promise<number> {
  const rows = fc.sample(CHOICES, { seed, numRuns: texts.length });
  let hits = 0;
  for (const [n, text] of texts.entries()) {
    // The same kind of literal with another value is what clients send, and what hits most.
    const sameKind = withLiterals(text, (_, original) => (/^\d+$/.test(original) ? `${original}1` : null));
    const strings = withLiterals(text, (_, original) => (original.startsWith("'") ? "'pg_x'" : null));
    hits += await sameFacts(bench, [text, sameKind, strings, ...mutants(text, rows[n] ?? [])]);
  }
  return hits;
}

test('promise 3: statements of every kind with other literals have the facts of an empty cache', async () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  for (let round = 0; round < 4; round++) {
    const hits = await checkAll(shop, EVERY_KIND, seed + round);
    assert.ok(hits > EVERY_KIND.length, `seed ${seed}: only ${hits} hits`);
  }
});

test('promise 3: every captured statement with other literals has the facts of an empty cache', async () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  const hits = await checkAll(shop, captured, seed);
  assert.ok(hits > 500, `seed ${seed}: only ${hits} hits`);
});

test('promise 3: the same in each major version, by a sample', async () => {
  for (const major of PARSER_MAJORS.filter((candidate) => candidate !== 18)) {
    const bench = await FactsBench.load(major);
    const sample = captured.filter((_, n) => n % 12 === major % 12);
    const hits = await checkAll(bench, [...EVERY_KIND, ...sample], major);
    assert.ok(hits > EVERY_KIND.length / 2, `major ${major}: only ${hits} hits`);
  }
});
