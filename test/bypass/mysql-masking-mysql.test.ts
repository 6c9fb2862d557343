/** The classes of attack on masks, against MySQL. */
import { testMysqlMasking } from './mysql-masking.ts';

testMysqlMasking('mysql');
