/** Connection strings of programs that Sluice starts: what leads to a listened database leads to its listener. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ListenedDatabase } from '../../../src/cli/program-database.ts';
import { DsnError, rewriteProgram } from '../../../src/cli/program-dsns.ts';

const DATABASES: readonly ListenedDatabase[] = [
  {
    listener: 'shop',
    protocol: 'postgres',
    host: 'db.internal',
    port: 5432,
    database: 'shop',
    at: { host: '127.0.0.1', port: 40_001 },
  },
  {
    listener: 'bills',
    protocol: 'mysql',
    host: 'localhost',
    port: 3307,
    database: 'bills',
    at: { host: '127.0.0.1', port: 40_002 },
  },
];
const SHOP = 'postgres://agent:slc_shop@127.0.0.1:40001/shop';

function rewrite(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  dsn: string | null = null,
) {
  return rewriteProgram({ command: ['server', ...args], environment }, DATABASES, dsn, (listener) => ({
    user: 'agent',
    password: `slc_${listener}`,
  }));
}

test('connection strings in arguments, alone or within', () => {
  const { command, listeners, past } = rewrite([
    'postgresql://root:s3cret@db.internal/shop?sslmode=require&application_name=x',
    '--dsn=mysql://root:s3cret@127.0.0.1:3307/bills?ssl=true',
    'postgres://me@elsewhere/shop',
    'plain',
  ]);
  assert.deepEqual(command, [
    'server',
    'postgresql://agent:slc_shop@127.0.0.1:40001/shop?application_name=x',
    '--dsn=mysql://agent:slc_bills@127.0.0.1:40002/bills',
    'postgres://me@elsewhere/shop',
    'plain',
  ]);
  assert.deepEqual(listeners, ['shop', 'bills']);
  assert.deepEqual(past, ['argument 3']);
});

test('placeholders, whole and in parts', () => {
  const { command } = rewrite([
    `${'$'}{sluice:shop}`,
    `-h${'$'}{sluice:bills.host}:${'$'}{sluice:bills.port}`,
  ]);
  assert.deepEqual(command, ['server', SHOP, '-h127.0.0.1:40002']);
  assert.throws(() => rewrite([`${'$'}{sluice:shpo}`]), /there is no listener "shpo".*shop/);
});

test('variables of libpq, of MySQL and of nobody', () => {
  const { environment } = rewrite([], {
    PGHOST: 'db.internal',
    PGDATABASE: 'shop',
    PGPASSWORD: 's3cret',
    PGPASSFILE: '/root/.pgpass',
    MYSQL_HOST: 'localhost',
    MYSQL_PORT: '3307',
    MYSQL_PASS: 's3cret',
    MYSQL_DB: 'bills',
    DB_TYPE: 'postgres',
    DB_HOST: 'db.internal',
    DB_NAME: 'shop',
    DATABASE_URL: 'postgres://root:s3cret@DB.internal:5432/shop',
    HOME: '/root',
  });
  assert.deepEqual(environment, {
    PGHOST: '127.0.0.1',
    PGPORT: '40001',
    PGUSER: 'agent',
    PGDATABASE: 'shop',
    PGPASSWORD: 'slc_shop',
    PGSSLMODE: 'disable',
    MYSQL_HOST: '127.0.0.1',
    MYSQL_PORT: '40002',
    MYSQL_USER: 'agent',
    MYSQL_PASS: 'slc_bills',
    MYSQL_DB: 'bills',
    DB_TYPE: 'postgres',
    DB_HOST: '127.0.0.1',
    DB_PORT: '40001',
    DB_USER: 'agent',
    DB_PASSWORD: 'slc_shop',
    DB_NAME: 'shop',
    DATABASE_URL: SHOP,
    HOME: '/root',
  });
  assert.doesNotMatch(JSON.stringify(environment), /s3cret/);
});

test('a program is told of a listener by every variable that servers look at', () => {
  const { environment } = rewrite([], {}, 'shop');
  assert.deepEqual(environment, {
    DATABASE_URL: SHOP,
    DSN: SHOP,
    PGHOST: '127.0.0.1',
    PGPORT: '40001',
    PGUSER: 'agent',
    PGPASSWORD: 'slc_shop',
    PGDATABASE: 'shop',
    PGSSLMODE: 'disable',
  });
});

test('another database of a server that Sluice stands in front of is no way past it', () => {
  const past = 'postgres://root:s3cret@db.internal/hr';
  assert.throws(
    () => rewrite([past]),
    (error) => error instanceof DsnError && /"hr"/.test(error.message) && !error.message.includes('s3cret'),
  );
  assert.throws(() => rewrite([], { PGHOST: 'db.internal', PGDATABASE: 'hr' }), DsnError);
});
