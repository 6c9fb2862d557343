import { MYSQL_PEOPLE_SQL } from '../mysql/database.ts';
import { assertSameRows, drainMysql, type Format, measureStream } from '../mysql/streams.ts';
import { interleave, type MysqlTargetName, type Scenario } from '../scenario.ts';

const CELLS: readonly {
  readonly cell: string;
  readonly format: Format;
  readonly masked: MysqlTargetName;
}[] = [
  { cell: '2 of 8 columns, text', format: 'text', masked: 'sluice-columns' },
  { cell: '2 of 8 columns, binary', format: 'binary', masked: 'sluice-columns' },
  { cell: 'detectors, text', format: 'text', masked: 'sluice-detectors' },
];

/** A large result with masked cells, beside the same result as it is. */
export const mysqlMaskStream: Scenario = {
  name: 'mysql-mask-stream',
  summary:
    'a result of MariaDB with 2 of 8 columns masked (text, binary), and with detectors on everything, MB/s',
  async run(bench) {
    for (const { cell, format, masked } of CELLS) {
      const targets = await bench.mysql.targets('direct', 'haproxy', 'sluice', masked);
      const [direct] = targets;
      if (direct === undefined) return;
      // First ones that do not count: the table comes into memory, code is compiled, threads start.
      const expected = await drainMysql(direct, MYSQL_PEOPLE_SQL, format);
      for (const target of targets) {
        const drained = await drainMysql(target, MYSQL_PEOPLE_SQL, format);
        assertSameRows(target, drained, expected);
        if ((target.name === masked) !== (drained.bytes !== expected.bytes))
          throw new Error(`${target.name}: ${drained.bytes} bytes: masks are not where they should be`);
      }
      const of = { scenario: 'mysql-mask-stream', cell, sql: MYSQL_PEOPLE_SQL, format };
      await interleave(bench.options.rounds, targets, async (target) => {
        assertSameRows(target, await measureStream(bench, of, target, expected.bytes), expected);
      });
    }
  },
};
