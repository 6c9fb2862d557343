/** The corpus of attacks, every case by Query, against Postgres 17. */
import { testCorpus } from './corpus-tests.ts';

testCorpus(17, ['query']);
