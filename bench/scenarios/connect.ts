import { interleave, type Scenario } from '../scenario.ts';
import { measureQueries, warmUp } from './queries.ts';

const CLIENTS = [1, 8] as const;

/**
 * Connect, log in, one select, close. pgbouncer gives out server connections that it has kept, and cleans them;
 * everything else opens one per client, and what Postgres needs for that is most of the time.
 */
export const connections: Scenario = {
  name: 'connect',
  summary: 'connections per second: connect, log in, one select, close',
  async run(bench) {
    const targets = await bench.targets('direct', 'pgbouncer', 'haproxy', 'sluice');
    const { rounds, seconds } = bench.options;
    for (const clients of CLIENTS) {
      await warmUp(bench, targets, { protocol: 'simple', clients, reconnect: true });
      await interleave(rounds, targets, async (target) => {
        const options = { protocol: 'simple', clients, seconds, reconnect: true } as const;
        await measureQueries(bench, 'connect', `×${clients}`, target, options);
      });
    }
  },
};
