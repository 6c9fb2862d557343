/** `npm run bench:compare [A] [B]`: two result files, or the last two. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { renderComparison } from './compare.ts';
import { readRun } from './measurement.ts';

const HELP = `Usage: npm run bench:compare -- [A] [B]

Compares two files of bench/results: without A and B the last two, with A alone A and the last one.
A change counts when it is larger than what the rounds vary by.

Exit codes: 0 nothing is worse, 1 something is, 2 there is nothing to compare.
`;

const RESULTS = join(import.meta.dirname, 'results');

function resultFiles(): readonly string[] {
  // Names begin with the date, so that their order is that of time.
  const names = existsSync(RESULTS) ? readdirSync(RESULTS).filter((name) => name.endsWith('.json')) : [];
  return names.sort().map((name) => join(RESULTS, name));
}

function main(args: readonly string[]): number {
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(HELP);
    return 0;
  }
  const [a, b] = args;
  const latest = resultFiles().filter((file) => a === undefined || !file.endsWith(a));
  const before = a ?? latest.at(-2);
  const after = b ?? latest.at(-1);
  try {
    if (before === undefined || after === undefined)
      throw new Error('two result files are needed; npm run bench makes one');
    const text = renderComparison(readRun(before), readRun(after));
    process.stdout.write(text);
    return text.includes('WORSE') ? 1 : 0;
  } catch (error) {
    process.stderr.write(`bench:compare: ${error instanceof Error ? error.message : String(error)}\n`);
    return 2;
  }
}

process.exitCode = main(process.argv.slice(2));
