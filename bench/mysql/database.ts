/** The MariaDB server that the bench measures against, and what its database holds. */
import { createConnection } from 'mysql2/promise';
import { type MysqlServer, startMysql } from '../../src/demo/mysql-server.ts';
import type { Peers } from '../peers/debian.ts';
import { prepareSysbench } from './sysbench.ts';

export const MYSQL_DATABASE = 'bench';

/** Data and results fit into memory, and nothing is written back in the middle of a round. */
const SETTINGS = {
  'innodb-buffer-pool-size': '768M',
  'innodb-log-file-size': '512M',
  'thread-cache-size': '100',
  'table-open-cache': '8000',
};

export async function startMysqlServer(connections: number): Promise<MysqlServer> {
  return startMysql({
    flavour: 'mariadb',
    settings: { ...SETTINGS, 'max-connections': String(connections + 100) },
  });
}

/** Rows of five columns, about 80 bytes each on the wire: 150 MB. */
export const MYSQL_STREAM_ROWS = 1_900_000;
/** Rows of eight columns, about 185 bytes each on the wire: 110 MB. Five columns are text. */
export const MYSQL_PEOPLE_ROWS = 600_000;

const STREAM_TABLE = `CREATE TABLE bench_stream AS
  SELECT seq AS id, CONCAT('customer ', seq) AS name, CONCAT('someone.', seq, '@example.com') AS email,
         CAST(seq * 7919 % 100000 AS SIGNED INTEGER) AS cents,
         TIMESTAMP '2026-01-01 00:00:00' + INTERVAL seq SECOND AS at
  FROM seq_1_to_${MYSQL_STREAM_ROWS}`;

const PEOPLE_TABLE = `CREATE TABLE bench_people AS
  SELECT seq AS id, CONCAT('Customer Number ', seq) AS name, CONCAT('someone.', seq, '@example.com') AS email,
         CONCAT(LPAD(100 + seq % 500, 3, '0'), '-', LPAD(10 + seq % 89, 2, '0'), '-',
           LPAD(1000 + seq % 8999, 4, '0')) AS ssn,
         ELT(1 + seq % 5, 'Berlin', 'Zürich', 'San Francisco', 'Århus', 'Kyoto') AS city,
         CONCAT('ordered ', seq % 7, ' of item ', seq % 9973, ', asked for a call before it is sent') AS note,
         CAST(seq * 7919 % 100000 AS SIGNED INTEGER) AS cents,
         TIMESTAMP '2026-01-01 00:00:00' + INTERVAL seq SECOND AS at
  FROM seq_1_to_${MYSQL_PEOPLE_ROWS}`;

/** Small tables: a factor for results of any size, where rows are inserted, and what the policy's rules name. */
const SMALL_TABLES = [
  'CREATE TABLE bench_times AS SELECT seq AS n FROM seq_1_to_9',
  'CREATE TABLE bench_inserts (id BIGINT, name VARCHAR(40), email VARCHAR(80), note VARCHAR(80)) ENGINE = MyISAM',
  'CREATE TABLE tellers (id INT PRIMARY KEY, balance INT)',
  'CREATE TABLE history (id INT PRIMARY KEY, note VARCHAR(40))',
];
/** Creates the database with sysbench's table, and with the large ones where they are asked for. */
export async function createMysqlDatabase(peers: Peers, server: MysqlServer, large: boolean): Promise<void> {
  const connection = await createConnection({ uri: server.url() });
  try {
    await connection.query(`CREATE DATABASE ${MYSQL_DATABASE}`);
    await connection.query(`USE ${MYSQL_DATABASE}`);
    await connection.query(`GRANT ALL ON ${MYSQL_DATABASE}.* TO app`);
    for (const statement of SMALL_TABLES) await connection.query(statement);
    if (large) for (const statement of [STREAM_TABLE, PEOPLE_TABLE]) await connection.query(statement);
  } finally {
    await connection.end();
  }
  await prepareSysbench(peers, server.port);
}

const COLUMNS = 'id, name, email, ssn, city, note, cents, at';
export const MYSQL_STREAM_SQL = `SELECT id, name, email, cents, at FROM bench_stream LIMIT ${MYSQL_STREAM_ROWS}`;
export const MYSQL_PEOPLE_SQL = `SELECT ${COLUMNS} FROM bench_people LIMIT ${MYSQL_PEOPLE_ROWS}`;

/** Nine times the table are a GB. */
export function mysqlPeopleTimes(times: number): string {
  const of = `bench_people CROSS JOIN bench_times`;
  return `SELECT ${COLUMNS} FROM ${of} WHERE n <= ${times} LIMIT ${times * MYSQL_PEOPLE_ROWS}`;
}

/** Two columns of the eight, and one of sysbench's that its point select does not read. */
export const MYSQL_COLUMN_MASKS = `masks:
  - { columns: ["${MYSQL_DATABASE}.bench_people.ssn"], with: last4 }
  - { columns: ["${MYSQL_DATABASE}.bench_people.email"], with: email }
  - { columns: ["${MYSQL_DATABASE}.sbtest1.pad"], with: redact }
`;
