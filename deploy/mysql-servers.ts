/** Downloads MariaDB and MySQL for the tests where the system has none, and makes their data folders. */
import { dataTemplate } from '../src/demo/mysql-data.ts';
import { type MysqlFlavour, obtainMysql } from '../src/demo/mysql-programs.ts';

async function install(flavour: MysqlFlavour): Promise<boolean> {
  try {
    const programs = await obtainMysql(flavour, (what) => console.log(`${what} …`));
    await dataTemplate(programs);
    console.log(`${flavour} ${programs.version} is there`);
    return true;
  } catch (error) {
    console.error(`${flavour}: ${error instanceof Error ? error.message : String(error)}`);
    return false;
  }
}

const installed = [await install('mariadb'), await install('mysql')];
process.exitCode = installed.every(Boolean) ? 0 : 1;
