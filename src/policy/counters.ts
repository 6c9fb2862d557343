/**
 * What a server counts in bytes: what it has sent, and what it holds in memory. It counts values before they are masked,
 * so that `SELECT if(ssn < '5', repeat('x', 5000), '')` would show in it whatever becomes of the row.
 */
import { Mask } from './mask.ts';

const COLUMNS = [
  'information_schema.SESSION_STATUS.VARIABLE_VALUE',
  'information_schema.GLOBAL_STATUS.VARIABLE_VALUE',
  'performance_schema.session_status.VARIABLE_VALUE',
  'performance_schema.global_status.VARIABLE_VALUE',
  'performance_schema.status_by_*.VARIABLE_VALUE',
  'performance_schema.socket_*.*BYTES*',
  'performance_schema.memory_*.*BYTES*',
  'information_schema.USER_STATISTICS.BYTES_SENT',
  'information_schema.CLIENT_STATISTICS.BYTES_SENT',
  'information_schema.PROCESSLIST.*MEMORY*',
];

/** In force for whoever gets columns masked that may not be compared freely. */
export const COUNTERS = new Mask({ columns: COLUMNS, with: 'redact' }, 'counters of the server');
