/** The options of `npm run bench`. */
import { parseArgs } from 'node:util';
import type { BenchOptions } from './scenario.ts';
import { SCENARIOS } from './scenarios/index.ts';

const FULL = { rounds: 5, seconds: 3 } as const;
const QUICK = { rounds: 2, seconds: 2 } as const;

export const HELP = `Usage: npm run bench -- [options]

Measures Sluice beside a direct connection, pgbouncer and haproxy, in front of Postgres and MariaDB, and writes bench/results/DATE-MACHINE.json.
What it needs is fetched: dependencies from npm, pgbench, pgbouncer, haproxy and sysbench from Debian packages.

Options:
  --quick          ${QUICK.rounds} rounds of ${QUICK.seconds} s in place of ${FULL.rounds} of ${FULL.seconds} s: shows that it works, measures little
  --only LIST      scenarios by name, with commas between them; mysql: all that begin so
  --rounds N       rounds of each measurement
  --seconds N      seconds of each measurement
  --long           the reader that stops does so for 30 s
  --pin            proxies on core 0 alone, everything else on the other cores
  --source         Sluice straight from its TypeScript files in place of the built package
  --directory DIR  where journals and logs are written meanwhile (default: the system's temporary folder)
  --no-save        write no result file
  --help           this

Scenarios:
${SCENARIOS.map(({ name, summary }) => `  ${name.padEnd(15)}  ${summary}`).join('\n')}

Example:
  npm run bench -- --only select,stream --rounds 9
`;

export interface Invocation {
  readonly options: BenchOptions;
  readonly help: boolean;
  readonly save: boolean;
  readonly directory: string | null;
}

/** Throws an Error that says what is wrong with the arguments. */
export function parseOptions(args: readonly string[]): Invocation {
  const { values } = parseArgs({
    args: [...args],
    strict: true,
    options: {
      quick: { type: 'boolean', default: false },
      long: { type: 'boolean', default: false },
      source: { type: 'boolean', default: false },
      pin: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
      'no-save': { type: 'boolean', default: false },
      only: { type: 'string' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      directory: { type: 'string' },
    },
  });
  const base = values.quick ? QUICK : FULL;
  const only =
    values.only === undefined ? SCENARIOS.map(({ name }) => name) : values.only.split(',').flatMap(named);
  for (const name of only) {
    if (!SCENARIOS.some((scenario) => scenario.name === name)) {
      throw new Error(
        `there is no scenario "${name}"; there are ${SCENARIOS.map((scenario) => scenario.name).join(', ')}`,
      );
    }
  }
  return {
    help: values.help,
    save: !values['no-save'],
    directory: values.directory ?? null,
    options: {
      rounds: wholeNumber('rounds', values.rounds, base.rounds),
      seconds: wholeNumber('seconds', values.seconds, base.seconds),
      quick: values.quick,
      long: values.long,
      pinned: values.pin,
      fromSource: values.source,
      only,
    },
  };
}

/** `mysql` stands for all scenarios of MySQL's. */
function named(name: string): readonly string[] {
  const group = SCENARIOS.filter((scenario) => scenario.name.startsWith(`${name}-`));
  const isOne = SCENARIOS.some((scenario) => scenario.name === name);
  return isOne || group.length === 0 ? [name] : group.map((scenario) => scenario.name);
}

function wholeNumber(name: string, written: string | undefined, otherwise: number): number {
  if (written === undefined) return otherwise;
  if (!/^[1-9]\d{0,3}$/.test(written)) throw new Error(`--${name} takes a whole number, not "${written}"`);
  return Number(written);
}
