/** Cancels what a session's connection to MySQL or MariaDB runs, over a connection of Sluice's own: the same account's. */
import { connectToMysql, type MysqlCatalogAccount } from './mysql-catalog-source.ts';

const KILL_TIMEOUT_MS = 10_000;
/** ER_NO_SUCH_THREAD: it has ended by itself. */
const NO_SUCH_THREAD = 1094;

/** Resolves once the server has acted on it: until then it could hit what runs next. */
export async function killQuery(account: MysqlCatalogAccount, connectionId: number): Promise<void> {
  if (!Number.isSafeInteger(connectionId) || connectionId < 0) throw new Error('no connection id');
  const connection = await connectToMysql(account, 'sluice cancel');
  try {
    await connection.query({ sql: `KILL QUERY ${connectionId}`, timeout: KILL_TIMEOUT_MS });
  } catch (error) {
    if (Object(error).errno !== NO_SUCH_THREAD) throw error;
  } finally {
    connection.destroy();
  }
}
