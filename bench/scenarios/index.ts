/** Every scenario, in the order in which they run. */
import type { Scenario } from '../scenario.ts';
import { connections } from './connect.ts';
import { durability } from './durability.ts';
import { idleMemory } from './idle-memory.ts';
import { latency } from './latency.ts';
import { maskMemory } from './mask-memory.ts';
import { maskSelect } from './mask-select.ts';
import { maskStream } from './mask-stream.ts';
import { mcp } from './mcp.ts';
import { mysqlConnections } from './mysql-connect.ts';
import { mysqlIdleMemory } from './mysql-idle-memory.ts';
import { mysqlInsert } from './mysql-insert.ts';
import { mysqlMaskStream } from './mysql-mask-stream.ts';
import { mysqlNeighbours } from './mysql-neighbours.ts';
import { mysqlSelect } from './mysql-select.ts';
import { mysqlStoppedReader } from './mysql-stopped-reader.ts';
import { mysqlStream } from './mysql-stream.ts';
import { mysqlUncached } from './mysql-uncached.ts';
import { neighbours } from './neighbours.ts';
import { select } from './select.ts';
import { stoppedReader } from './stopped-reader.ts';
import { stream } from './stream.ts';
import { uncached } from './uncached.ts';

export const SCENARIOS: readonly Scenario[] = [
  select,
  uncached,
  latency,
  stream,
  connections,
  durability,
  idleMemory,
  stoppedReader,
  maskStream,
  maskSelect,
  neighbours,
  maskMemory,
  mysqlSelect,
  mysqlUncached,
  mysqlInsert,
  mysqlStream,
  mysqlMaskStream,
  mysqlConnections,
  mysqlIdleMemory,
  mysqlStoppedReader,
  mysqlNeighbours,
  mcp,
];
