/** The corpus of attacks, every case by Query and by the extended protocol, against Postgres 18. */
import { testCorpus } from './corpus-tests.ts';

testCorpus(18, ['query', 'extended']);
