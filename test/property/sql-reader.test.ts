/** The reader takes any text: it judges it or denies it, never throws, and goes on with the next (promises 2 and 13). */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, test } from 'node:test';
import fc from 'fast-check';
import { PARSER_MAJORS } from '../../src/sql/index.ts';
import { ServerScanner, statementsOf } from '../support/server-scanner.ts';
import { FactsBench } from '../support/sql-facts.ts';
import { EVERY_KIND } from '../support/sql-statements.ts';

const CAPTURES = new URL('../../fixtures/captures/pg_captured.json', import.meta.url);

let scanner: ServerScanner;
let statements: readonly string[];
let pieces: readonly string[];
const benches: FactsBench[] = [];

before(async () => {
  scanner = await ServerScanner.load();
  const captured = statementsOf(readFileSync(CAPTURES, 'utf8'));
  statements = [...EVERY_KIND, ...captured.filter((text) => text.length < 2_000)];
  pieces = EVERY_KIND.flatMap(tokensOf);
  for (const major of PARSER_MAJORS) benches.push(await FactsBench.load(major));
});

function tokensOf(text: string): readonly string[] {
  const bytes = Buffer.from(text);
  return (scanner.scan(bytes) ?? []).map((token) => bytes.toString('utf8', token.start, token.end));
}

/** Tokens left out, doubled, or exchanged for those of other statements. */
function broken(text: string, edits: readonly (readonly [number, number, number])[]): string {
  const tokens = [...tokensOf(text)];
  for (const [place, kind, piece] of edits) {
    const at = tokens.length === 0 ? 0 : place % tokens.length;
    const other = pieces[piece % pieces.length] ?? '';
    if (kind === 0) tokens.splice(at, 1);
    else if (kind === 1) tokens.splice(at, 0, tokens[at] ?? '');
    else if (kind === 2) tokens.splice(at, 1, other);
    else tokens.splice(at, 0, other);
  }
  return tokens.join(' ');
}

const EDITS = fc.array(fc.tuple(fc.nat(10_000), fc.nat(3), fc.nat(100_000)), { minLength: 1, maxLength: 5 });

test('promise 2: broken statements are judged or denied in every version, and none throws', async () => {
  let judged = 0;
  await fc.assert(
    fc.asyncProperty(fc.nat(100_000), fc.nat(5), EDITS, async (n, which, edits) => {
      const bench = benches[which];
      assert.ok(bench !== undefined);
      const text = broken(statements[n % statements.length] ?? '', edits);
      const outcome = await bench.read(bench.space(), text);
      if (outcome.outcome === 'entry') judged++;
      if (outcome.outcome === 'denied') assert.match(outcome.denial.sqlstate, /^(42501|42601|22021|.{5})$/);
    }),
    { numRuns: 4_000 },
  );
  assert.ok(judged > 100, `only ${judged} were judged`);
  for (const { reader } of benches) assert.equal(reader.parser.discarded, 0, String(reader.parser.major));
});

test('promise 13: random bytes never throw', async () => {
  const [bench] = benches;
  assert.ok(bench !== undefined);
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (random) => {
      const bytes = Buffer.from(random.map((byte) => (byte === 0 ? 1 : byte)));
      await bench.read(bench.space(), bytes);
    }),
    { numRuns: 2_000 },
  );
});
