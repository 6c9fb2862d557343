/** Downloads MariaDB and MySQL for the tests where the system has none, and makes their data folders. */
import { dataTemplate } from '../src/demo/mysql-data.ts';
import { type MysqlEdition, obtainMysql } from '../src/demo/mysql-programs.ts';

async function install(edition: MysqlEdition): Promise<boolean> {
  try {
    const programs = await obtainMysql(edition, (what) => console.log(`${what} …`));
    await dataTemplate(programs);
    console.log(`${programs.flavour} ${programs.version} is there`);
    return true;
  } catch (error) {
    console.error(`${edition}: ${error instanceof Error ? error.message : String(error)}`);
    return false;
  }
}

const installed = [await install('mariadb'), await install('mariadb-11.8'), await install('mysql')];
process.exitCode = installed.every(Boolean) ? 0 : 1;
