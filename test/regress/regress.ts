/**
 * Reads every statement of PostgreSQL's own regression suites with each of the six parsers (`npm run
 * test:regress`). Whatever a version's grammar accepts must be judged; nothing may crash or take over 50 ms; and
 * with other literals it must have the facts of an empty cache. Ends with exit code 1 where one of these fails.
 *
 *   node test/regress/regress.ts [--sources FOLDER] [--majors 15,18]
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { PARSER_MAJORS, ParsePool, type ParserMajor } from '../../src/sql/index.ts';
import type { ReadOutcome } from '../../src/sql/postgres/reader.ts';
import { LiteralMutants } from '../support/literal-mutants.ts';
import { FactsBench } from '../support/sql-facts.ts';
import { fetchRegressionFiles, sqlFilesIn } from './sources.ts';
import { splitStatements } from './split.ts';

const MS_MAX = 50;

/** Statements that the grammar accepts, the server refuses in whatever context, and Sluice does not judge. */
const REFUSED_BY_THE_SERVER: readonly RegExp[] = [
  /^(\s|--.*\n)*(copy|declare|insert|create view|select \* from) [^;]*\binto\b/i,
  /create statistics \w+ on [\w, ]+ from .*(\(|foo natural join|tablesample)/i,
  /select \$(0_1|2147483648)$/i,
];

interface Tally {
  statements: number;
  legal: number;
  judged: number;
  long: number;
  /** How often the cache answered for a statement with other literals. */
  mutants: number;
  msMax: number;
  readonly failures: string[];
}

const { values } = parseArgs({ options: { sources: { type: 'string' }, majors: { type: 'string' } } });
const folder = values.sources ?? mkdtempSync(join(tmpdir(), 'sluice-regress-'));
const majors = PARSER_MAJORS.filter(
  (major) => values.majors === undefined || values.majors.split(',').includes(String(major)),
);
const pool = new ParsePool();
try {
  const files = values.sources === undefined ? fetchRegressionFiles(folder) : sqlFilesIn(folder);
  const statements = [...new Set(files.flatMap((file) => splitStatements(readFileSync(file, 'utf8'))))];
  console.log(`${files.length} files, ${statements.length} different statements`);
  console.log('parser legal   judged  long    mutants slowest failures');
  let failed = statements.length < 10_000;
  for (const major of majors) {
    const tally = await readAll(major, statements);
    const { legal, judged, long, mutants, msMax, failures } = tally;
    const cells = [legal, judged, long, mutants, `${msMax.toFixed(1)} ms`, failures.length];
    console.log(`${major}     ${cells.map((cell) => String(cell).padEnd(8)).join('')}`);
    for (const failure of failures.slice(0, 40)) console.log(`  ${failure}`);
    failed ||= failures.length > 0;
  }
  process.exitCode = failed ? 1 : 0;
} finally {
  await pool.close();
  if (values.sources === undefined) rmSync(folder, { recursive: true, force: true });
}

async function readAll(major: ParserMajor, statements: readonly string[]): Promise<Tally> {
  const tally: Tally = { statements: 0, legal: 0, judged: 0, long: 0, mutants: 0, msMax: 0, failures: [] };
  const bench = await FactsBench.load(major);
  const mutants = await LiteralMutants.load(bench);
  for (const statement of statements) {
    tally.statements++;
    try {
      await readOne(bench, statement, tally);
      // The newest grammar has all that the older ones have.
      if (major === 18) tally.mutants += await mutants.check(statement, tally.statements);
    } catch (error) {
      tally.failures.push(
        `${error instanceof Error ? error.message : String(error)}: ${shortened(statement)}`,
      );
    }
  }
  return tally;
}

async function readOne(bench: FactsBench, statement: string, tally: Tally): Promise<void> {
  let outcome = await timed(bench, statement, tally);
  if (outcome.outcome === 'large') {
    tally.long++;
    const parsed = await pool.parse(bench.catalog.major, Buffer.from(statement));
    outcome = bench.reader.readParsed(bench.space(), parsed);
  }
  if (outcome.outcome === 'denied' && outcome.denial.native) return;
  tally.legal++;
  if (outcome.outcome === 'entry') tally.judged++;
  else if (!REFUSED_BY_THE_SERVER.some((pattern) => pattern.test(statement))) {
    const why = outcome.outcome === 'denied' ? outcome.denial.message : outcome.outcome;
    tally.failures.push(`${why}: ${shortened(statement)}`);
  }
}

/** A statement over the limit is read twice more, since on a busy machine any may be held up. */
async function timed(bench: FactsBench, statement: string, tally: Tally): Promise<ReadOutcome> {
  let fastest = Number.POSITIVE_INFINITY;
  for (let attempt = 0; ; attempt++) {
    const space = bench.space();
    const begun = performance.now();
    const outcome = await bench.read(space, statement);
    fastest = Math.min(fastest, performance.now() - begun);
    if (fastest > MS_MAX && attempt < 2) continue;
    tally.msMax = Math.max(tally.msMax, fastest);
    if (fastest > MS_MAX) tally.failures.push(`${fastest.toFixed(0)} ms: ${shortened(statement)}`);
    return outcome;
  }
}

function shortened(statement: string): string {
  return statement.replaceAll(/\s+/g, ' ').slice(0, 160);
}
