/** The sample shop on MariaDB and MySQL. */
import { createConnection } from 'mysql2/promise';
import { shopFile } from './shop.ts';

/** `mysql-schema.sql` as a server reads it: DELIMITER is for the command lines, which find the ends of statements alone. */
function schemaForServer(): string {
  return shopFile('mysql-schema.sql')
    .replaceAll(/^DELIMITER .*$/gm, '')
    .replaceAll(';;', ';');
}

/** Creates the database `shop` and fills it, with all rights on it for `app`; `url` names a database of the server. */
export async function createMysqlShop(url: (database?: string) => string, database = 'shop'): Promise<void> {
  const connection = await createConnection({
    uri: url(),
    multipleStatements: true,
    flags: ['-IGNORE_SPACE'],
  });
  try {
    await connection.query(`CREATE DATABASE \`${database}\`; USE \`${database}\``);
    await connection.query(`GRANT ALL ON \`${database}\`.* TO app@'%'`);
    await connection.query(schemaForServer());
    await connection.query(shopFile('mysql-data.sql'));
  } finally {
    await connection.end();
  }
}
