/** The same client code against a real server and through Sluice, with what it saw of each. */
import { adminConnection, FLAVOURS, type MysqlPair, startMysqlPair } from './mysql-servers.ts';
import { type Sluice, startSluice } from './sluice.ts';

/** Where to connect; every client library has these under some name. */
export interface Account {
  readonly port: number;
  readonly user: string;
  readonly password: string;
}

export interface BothWays {
  readonly pair: MysqlPair;
  readonly sluices: Readonly<Record<'mariadb' | 'mysql', Sluice>>;
  accounts(flavour: 'mariadb' | 'mysql'): { readonly direct: Account; readonly through: Account };
  stop(): Promise<void>;
}

/** A server of each kind with an empty database `shop`, each behind a Sluice. */
export async function startBothWays(
  options: { readonly policy?: string; readonly listener?: string } = {},
): Promise<BothWays> {
  const pair = await startMysqlPair({ shop: false });
  const started: Sluice[] = [];
  const stop = async () => {
    await Promise.all(started.map((sluice) => sluice.stop()));
    await pair.stop();
  };
  const start = async (flavour: 'mariadb' | 'mysql') => {
    const admin = await adminConnection(pair[flavour]);
    await admin.query('CREATE DATABASE shop CHARACTER SET utf8mb4');
    await admin.end();
    const sluice = await startSluice({ upstream: pair[flavour].url('shop'), ...options });
    started.push(sluice);
    return sluice;
  };
  try {
    const [mariadb, mysql] = [await start('mariadb'), await start('mysql')];
    const sluices = { mariadb, mysql };
    const accounts = (flavour: 'mariadb' | 'mysql') => {
      const { port, username, password } = new URL(pair[flavour].url());
      const direct = {
        port: Number(port),
        user: decodeURIComponent(username),
        password: decodeURIComponent(password),
      };
      return { direct, through: { port: sluices[flavour].port, user: 'agent', password: 'x' } };
    };
    return { pair, sluices, accounts, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

export { FLAVOURS };

/** A column of every type, and a row of extremes, one of ordinary values and one of NULLs. */
export const KINDS = `CREATE TABLE kinds (
  id int unsigned AUTO_INCREMENT PRIMARY KEY, ti tinyint, flag tinyint(1), bi bigint, ubi bigint unsigned,
  de decimal(40,10), fl float, db double, bt bit(10), c char(5), vc varchar(100), tx mediumtext, bl blob,
  vb varbinary(20), j json, e enum('a','b','ü'), s set('x','y','z'), d date, dt datetime(6), ts timestamp(3) NULL,
  tm time(6), y year) CHARACTER SET utf8mb4`;

export const ROWS = `INSERT INTO kinds VALUES
  (1, -128, 1, -9223372036854775808, 18446744073709551615, -123456789012345678901234567890.0123456789, -1.5, 2.5e300,
   b'1010101010', 'abc', '😀 ü', 'line\\ntab\\t\\0\\\\''', x'0001ff27', x'00', '{"a": [1, "ü", null]}', 'ü', 'x,z',
   '0000-00-00', '0000-00-00 00:00:00', '2038-01-19 03:14:07.999', '-838:59:59.000000', 1901),
  (2, 127, 0, 9223372036854775807, 0, 0.0000000001, 3.25, -0.0, b'0', '', '', '', '', '', 'null', 'a', '',
   '9999-12-31', '2024-02-29 23:59:59.999999', '1970-01-02 00:00:01', '00:00:00.000001', 2155),
  (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
   NULL, NULL, NULL)`;

/** What clients see of an error. */
export async function failure(promise: Promise<unknown>): Promise<unknown> {
  try {
    return { succeeded: await promise };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const at = (name: string) => Reflect.get(error, name);
    return {
      errno: at('errno'),
      code: at('code'),
      state: at('sqlState'),
      text: at('sqlMessage') ?? error.message,
    };
  }
}
