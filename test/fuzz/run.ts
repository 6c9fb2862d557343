/** `npm run test:fuzz`: fuzzes for SLUICE_FUZZ_SECONDS (60 unless told otherwise), from SLUICE_FUZZ_SEED on. */
import { GOLDEN_SCHEMA } from '../golden/scripts.ts';
import { soloDomain } from '../golden/solo-session.ts';
import { fuzzMysqlDecoders } from './mysql-decoders.ts';
import { fuzzSession } from './session-fuzz.ts';

const seconds = Number(process.env['SLUICE_FUZZ_SECONDS'] ?? 60);
const first = Number(process.env['SLUICE_FUZZ_SEED'] ?? Date.now() % 1_000_000_000);
const domain = await soloDomain(GOLDEN_SCHEMA);
const ends = new Map<string, number>();
const deadline = Date.now() + seconds * 1000;
let seed = first;
for (; Date.now() < deadline; seed++) {
  const code = fuzzSession(domain, seed);
  ends.set(code, (ends.get(code) ?? 0) + 1);
  fuzzMysqlDecoders(seed);
}
domain.close();
console.log(
  `${seed - first} sessions, and as many rounds of MySQL's decoders, from seed ${first}: ${[...ends].map(([code, count]) => `${code} ${count}`).join(', ')}`,
);
