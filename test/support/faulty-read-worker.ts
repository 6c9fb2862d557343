/** The worker that reads long texts, with texts that make it fail as code can: to be run in place of it. */
import type { MysqlReadTask } from '../../src/sql/mysql/worker-reading.ts';
import { readMysql as read } from '../../workers/read-mysql.ts';

export function readMysql(task: MysqlReadTask): unknown {
  const text = Buffer.from(task.text).toString('latin1');
  const fault = /\/\* fault: (\w+) \*\//.exec(text)?.[1];
  if (fault !== undefined) Atomics.store(task.begun, 0, 1);
  switch (fault) {
    case 'throw':
      throw new Error('a fault');
    case 'hang':
      for (;;);
    case 'die':
      return process.exit(3);
    default:
      return read(task);
  }
}
