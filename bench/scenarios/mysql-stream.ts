import { MYSQL_STREAM_SQL } from '../mysql/database.ts';
import { assertSameRows, drainMysql, type Format, measureStream } from '../mysql/streams.ts';
import { interleave, type Scenario } from '../scenario.ts';

const FORMATS: readonly Format[] = ['text', 'binary'];

/** Large results into a client that does nothing with them, with a limit rule in force that is not reached. */
export const mysqlStream: Scenario = {
  name: 'mysql-stream',
  summary: 'a 150 MB result of MariaDB, text and binary, MB/s',
  async run(bench) {
    const targets = await bench.mysql.targets('direct', 'haproxy', 'sluice');
    for (const format of FORMATS) {
      const [direct] = targets;
      if (direct === undefined) return;
      // First ones that do not count: the table comes into memory, code is compiled.
      const expected = await drainMysql(direct, MYSQL_STREAM_SQL, format);
      for (const target of targets) await drainMysql(target, MYSQL_STREAM_SQL, format);
      const cell = { scenario: 'mysql-stream', cell: format, sql: MYSQL_STREAM_SQL, format };
      await interleave(bench.options.rounds, targets, async (target) => {
        const drained = await measureStream(bench, cell, target, expected.bytes);
        assertSameRows(target, drained, expected);
        if (drained.bytes !== expected.bytes)
          throw new Error(`${target.name} gave ${drained.bytes} bytes in place of ${expected.bytes}`);
      });
    }
  },
};
