/** `npm run test:fuzz`: fuzzes for SLUICE_FUZZ_SECONDS (60 unless told otherwise), from SLUICE_FUZZ_SEED on. */
import { GOLDEN_SCHEMA } from '../golden/scripts.ts';
import { soloDomain } from '../golden/solo-session.ts';
import { fuzzMysqlDecoders } from './mysql-decoders.ts';
import { fuzzMysqlSession } from './mysql-session-fuzz.ts';
import { fuzzSession } from './session-fuzz.ts';

const seconds = Number(process.env['SLUICE_FUZZ_SECONDS'] ?? 60);
const first = Number(process.env['SLUICE_FUZZ_SEED'] ?? Date.now() % 1_000_000_000);
const domain = await soloDomain(GOLDEN_SCHEMA);
const ends = new Map<string, number>();
const mysqlEnds = new Map<string, number>();
const told = (counts: ReadonlyMap<string, number>) =>
  [...counts].map(([code, count]) => `${code} ${count}`).join(', ');
const deadline = Date.now() + seconds * 1000;
let seed = first;
for (; Date.now() < deadline; seed++) {
  const code = fuzzSession(domain, seed);
  ends.set(code, (ends.get(code) ?? 0) + 1);
  fuzzMysqlDecoders(seed);
  const mysqlCode = fuzzMysqlSession(seed);
  mysqlEnds.set(mysqlCode, (mysqlEnds.get(mysqlCode) ?? 0) + 1);
}
domain.close();
console.log(
  `${seed - first} sessions of each protocol, and as many rounds of MySQL's decoders, from seed ${first}: ${told(ends)}; MySQL ${told(mysqlEnds)}`,
);
