/** What Postgres' errors mean for the store (https://www.postgresql.org/docs/current/errcodes-appendix.html). */
import { StoreUnavailable } from './store.ts';

export const NO_RIGHTS =
  'there is no permission: its role needs the right to make the schema sluice (GRANT CREATE ON DATABASE …), or a schema of its own: CREATE SCHEMA sluice AUTHORIZATION …';

const WHY: Readonly<Record<string, string>> = {
  '42501': NO_RIGHTS,
  '25006': 'the server takes no writes: it is a standby, or set to read only',
  '53100': 'the disk of the server is full',
  '53300': 'the server has no connection left',
  '55P03': 'a lock is held for too long',
  '57014': 'the server took too long',
  '57P01': 'the server is shutting down',
  '57P03': 'the server is starting or stopping',
};

/** Classes of errors that are ours or the data's, and not the store's availability. */
const OWN_CLASSES = new Set(['22', '23']);

/** Null where the error is not of the store's availability. */
export function postgresProblem(error: unknown, name: string): string | null {
  if (error instanceof StoreUnavailable) return error.message;
  if (!(error instanceof Error)) return null;
  const code = sqlstateOf(error);
  // Errors of the network are those of Node with a code, and those of the driver without any.
  if (code === null && !isOfNetwork(error)) return null;
  if (code !== null && OWN_CLASSES.has(code.slice(0, 2))) return null;
  const why = code === null ? undefined : WHY[code];
  return `the store ${name} cannot be used: ${why === undefined ? wordsOf(error) : `${why} (${wordsOf(error)})`}`;
}

/** Whether a server was there and answered. */
export function wasAnswered(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return sqlstateOf(error) !== null || error instanceof StoreUnavailable;
}

/** Nothing was committed, and the same may go well now. */
export function mayBeRepeated(error: unknown): boolean {
  const code = error instanceof Error ? sqlstateOf(error) : null;
  // Serialization failure; deadlock; two that made the same schema or table at once.
  return code === '40001' || code === '40P01' || code === '42P06' || code === '42P07';
}

/** Somebody has dropped the schema or a table of it. */
export function tablesAreGone(error: unknown): boolean {
  const code = error instanceof Error ? sqlstateOf(error) : null;
  return code === '42P01' || code === '3F000';
}

function sqlstateOf(error: Error): string | null {
  const isServers = 'severity' in error && 'code' in error;
  return isServers && typeof error.code === 'string' ? error.code : null;
}

function isOfNetwork(error: Error): boolean {
  return (
    'syscall' in error ||
    'code' in error ||
    error instanceof AggregateError ||
    /connection|connect|socket|timeout|password|SSL|TLS|certificate|busy/i.test(error.message)
  );
}

function wordsOf(error: Error): string {
  if (error instanceof AggregateError && error.message === '') {
    return [...new Set(error.errors.map((one) => (one instanceof Error ? one.message : String(one))))].join(
      '; ',
    );
  }
  return error.message;
}
