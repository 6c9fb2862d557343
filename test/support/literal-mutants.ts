/**
 * A statement is read, then again with other literals, in the cache that the first has filled and in an empty one:
 * never one decision for two meanings.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { ReadOutcome } from '../../src/sql/postgres/reader.ts';
import { ServerScanner } from './server-scanner.ts';
import type { FactsBench } from './sql-facts.ts';

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

const CHOICES = fc.array(fc.array(fc.nat(1 << 12), { minLength: 7, maxLength: 7 }), {
  minLength: 6,
  maxLength: 6,
});

export class LiteralMutants {
  readonly #bench: FactsBench;
  readonly #scanner: ServerScanner;

  private constructor(bench: FactsBench, scanner: ServerScanner) {
    this.#bench = bench;
    this.#scanner = scanner;
  }

  static async load(bench: FactsBench): Promise<LiteralMutants> {
    return new LiteralMutants(bench, await ServerScanner.load());
  }

  /** Reads a text and mutants of it in one cache; fails where an empty cache says something else. Gives the hits. */
  async check(text: string, seed: number): Promise<number> {
    const [rows = []] = fc.sample(CHOICES, { seed, numRuns: 1 });
    // The same kind of literal with another value is what clients send, and what hits most.
    const texts = [
      text,
      this.#withLiterals(text, (_, original) => (/^\d+$/.test(original) ? `${original}1` : null)),
      this.#withLiterals(text, (_, original) => (original.startsWith("'") ? "'pg_x'" : null)),
      ...rows.map((row) => this.#withLiterals(text, (n) => chosen(row[n % row.length] ?? 0))),
    ];
    const space = this.#bench.space();
    let hits = 0;
    for (const mutant of texts) {
      const before = space.cache.hits;
      const cached = await this.#bench.read(space, mutant);
      if (space.cache.hits === before) continue;
      hits++;
      const fresh = await this.#bench.read(this.#bench.space(), mutant);
      // What the grammar refuses (an integer too large for its place, a broken escape), the server refuses too.
      if (fresh.outcome === 'denied' && fresh.denial.native) continue;
      assert.deepEqual(
        plainOf(cached),
        plainOf(fresh),
        `seed ${seed}: ${text}\nfilled the cache for\n${mutant}`,
      );
    }
    return hits;
  }

  /** The text with its constants, as the server's scanner finds them, replaced by others; `null` keeps one. */
  #withLiterals(text: string, choose: (n: number, original: string) => string | null): string {
    const bytes = Buffer.from(text);
    let made = '';
    let at = 0;
    let n = 0;
    for (const token of this.#scanner.scan(bytes) ?? []) {
      const original = bytes.toString('utf8', token.start, token.end);
      if (!/^([eEnNbBxX]?'|[uU]&'|\$[^$]*\$|[\d.]*\d)/.test(original)) continue;
      made += bytes.toString('utf8', at, token.start) + (choose(n++, original) ?? original);
      at = token.end;
    }
    return made + bytes.toString('utf8', at);
  }
}

/** Half of the literals stay, so that those that facts depend on are often the same and the cache is hit. */
function chosen(choice: number): string | null {
  return choice % 2 === 0 ? null : (LITERALS[(choice >> 1) % LITERALS.length] ?? null);
}

function plainOf(outcome: ReadOutcome): unknown {
  return outcome.outcome === 'entry' ? outcome.entry.statements : outcome;
}
