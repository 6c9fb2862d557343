/** The corpus of attacks, every case by Query, against Postgres 15. */
import { testCorpus } from './corpus-tests.ts';

testCorpus(15, ['query']);
