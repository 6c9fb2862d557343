/** The classes of attack on masks, against MariaDB. */
import { testMysqlMasking } from './mysql-masking.ts';

testMysqlMasking('mariadb');
