import { PROTOCOLS } from '../pgbench.ts';
import { interleave, type Scenario } from '../scenario.ts';
import { quantile } from '../statistics.ts';
import { measureQueries, warmUp } from './queries.ts';

/**
 * Each transaction's time as pgbench logs it, with one client that sends its next statement when the answer is there:
 * the round trip of an idle machine, not that of a busy one.
 */
export const latency: Scenario = {
  name: 'latency',
  summary: 'p50 and p99 of single statements, one client, from the log of each transaction',
  async run(bench) {
    const targets = await bench.targets('direct', 'pgbouncer', 'haproxy', 'sluice-open', 'sluice');
    const { rounds, seconds } = bench.options;
    for (const protocol of PROTOCOLS) {
      await warmUp(bench, targets, { protocol, clients: 1 });
      await interleave(rounds, targets, async (target) => {
        const options = { protocol, clients: 1, seconds, logIn: bench.directory } as const;
        const { latenciesUs } = await measureQueries(bench, 'latency', protocol, target, options);
        for (const [metric, share] of [
          ['p50', 0.5],
          ['p99', 0.99],
        ] as const) {
          const value = quantile(latenciesUs, share);
          bench.recorder.add(
            'latency',
            protocol,
            target.name,
            { metric, unit: 'µs', better: 'lower' },
            value,
          );
        }
      });
    }
  },
};
