import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { interleave, type Scenario } from '../scenario.ts';
import { measureQueries, warmUp } from './queries.ts';

const CLIENTS = [1, 16] as const;
const ACCOUNTS = 100_000;

/**
 * In the simple protocol pgbench puts variables into the text, also within a word: a number in an alias gives
 * every statement a structure of its own, so that no level of the cache knows it. The same script with a fixed number
 * is what it is compared with.
 */
function script(alias: string): string {
  return `\\set aid random(1, ${ACCOUNTS})\n\\set n ${alias}\nSELECT abalance AS balance_:n FROM pgbench_accounts WHERE aid = :aid;\n`;
}

const KINDS = [
  { name: 'same structure', alias: '1' },
  { name: 'new structure', alias: 'random(1, 1000000000000)' },
] as const;

export const uncached: Scenario = {
  name: 'uncached',
  summary: 'every statement new in structure, against the same script with one structure',
  async run(bench) {
    const targets = await bench.targets('direct', 'pgbouncer', 'sluice');
    const { rounds, seconds } = bench.options;
    const files = KINDS.map(({ name, alias }, n) => {
      const file = join(bench.directory, `uncached-${n}.sql`);
      writeFileSync(file, script(alias));
      return { name, file };
    });
    for (const clients of CLIENTS) {
      for (const { file } of files)
        await warmUp(bench, targets, { protocol: 'simple', clients, script: file });
      await interleave(rounds, targets, async (target) => {
        for (const { name, file } of files) {
          const options = { protocol: 'simple', clients, seconds, script: file } as const;
          await measureQueries(bench, 'uncached', `${name} ×${clients}`, target, options);
        }
      });
    }
  },
};
