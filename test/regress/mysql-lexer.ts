/**
 * Has statements prepared by a real server, once as they are and once as Sluice's lexer has read them, written anew
 * from its tokens: both must be accepted, or refused for the same reason. In four modes that change how text is read.
 * Ends with exit code 1 where a statement differs, or where the server accepts what the lexer refuses for another
 * reason than those in REFUSED.
 *
 *   node test/regress/mysql-lexer.ts --server mysql://user:password@host:port [--sources FOLDER] [--captures FILE]
 *     [--every N]
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { createConnection } from 'mysql2';
import { Lexer } from '../../src/sql/mysql/lexer.ts';
import { emitted } from '../support/mysql-emit.ts';
import { prepared, setMode } from '../support/mysql-prepare.ts';
import { mysqlTestStatements } from './mysql-sources.ts';

const MODES = [
  '',
  'ANSI_QUOTES',
  'NO_BACKSLASH_ESCAPES',
  'ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT',
] as const;

/** What servers accept and Sluice refuses on purpose: texts with two readings, that name something else, or are swallowed. */
const REFUSED =
  /two ways|Galera|differ in executable comments|question mark|reads \$…\$|NUL byte|reads as one|mark of a comment|exponent without digits/;

interface Tally {
  pairs: number;
  accepted: number;
  /** The lexer refuses what the server refuses too. */
  bothRefuse: number;
  /** By reason. */
  readonly onPurpose: Map<string, number>;
  readonly differences: string[];
}

const { values } = parseArgs({
  options: {
    server: { type: 'string' },
    sources: { type: 'string' },
    captures: { type: 'string' },
    every: { type: 'string', default: '1' },
  },
});
if (values.server === undefined) throw new Error('--server mysql://user:password@host:port is missing');
const server = values.server;
const every = Number(values.every);
const statements = [...captured(), ...(await mysqlTestStatements(values.sources))].filter(
  (_, n) => n % every === 0,
);
console.log(`${statements.length} different statements`);
const tallies = await Promise.all(MODES.map((mode) => prepareAll(mode, statements)));
let pairs = 0;
let different = 0;
for (const [n, tally] of tallies.entries()) {
  const { accepted, bothRefuse, onPurpose, differences } = tally;
  pairs += tally.pairs;
  different += differences.length;
  console.log(
    `sql_mode '${MODES[n]}': ${tally.pairs} pairs, ${accepted} accepted, ${bothRefuse} unreadable to both, ` +
      `${differences.length} differ`,
  );
  for (const [reason, times] of onPurpose) console.log(`  refused on purpose, ${times} times: ${reason}`);
  for (const difference of differences.slice(0, 60)) console.log(`  ${difference}`);
}
console.log(`${pairs} pairs, ${different} differ`);
process.exitCode = different === 0 ? 0 : 1;

function captured(): readonly string[] {
  if (values.captures === undefined) return [];
  const entries: unknown = JSON.parse(readFileSync(values.captures, 'utf8'));
  if (!Array.isArray(entries)) throw new Error('the captures are no list');
  const texts = entries.map((entry) => Buffer.from(String(entry.sql)).toString('latin1'));
  return [...new Set(texts)];
}

async function prepareAll(sqlMode: (typeof MODES)[number], statements: readonly string[]): Promise<Tally> {
  const connection = createConnection({ uri: server, flags: ['-IGNORE_SPACE'] });
  const tally: Tally = { pairs: 0, accepted: 0, bothRefuse: 0, onPurpose: new Map(), differences: [] };
  try {
    const mode = await setMode(connection, sqlMode);
    const lexer = new Lexer();
    for (const statement of statements) {
      tally.pairs++;
      const bytes = Buffer.from(statement, 'latin1');
      const scanned = lexer.scan(bytes, 0, bytes.length, mode);
      if (scanned.outcome === 'unreadable') {
        const utf8 = bytes.toString();
        // A text that is not UTF-8 cannot be asked about: Sluice refuses it before anything else.
        const original = scanned.reason.includes('not UTF-8')
          ? 'refused'
          : await prepared(connection, utf8, mode);
        if (original !== 'ok') tally.bothRefuse++;
        else if (REFUSED.test(scanned.reason)) count(tally.onPurpose, scanned.reason);
        else tally.differences.push(`accepted, but ${scanned.reason}: ${shortened(utf8)}`);
        continue;
      }
      // Strings behind _binary may hold any byte; written anew they are UTF-8.
      const anew = emitted(lexer, mode.sqlMode.has('NO_BACKSLASH_ESCAPES'));
      const [original, again] = [
        await prepared(connection, bytes.toString(), mode),
        await prepared(connection, anew, mode),
      ];
      if (original === 'ok') tally.accepted++;
      if (original !== again)
        tally.differences.push(`${original} | ${again}: ${shortened(bytes.toString())}`);
    }
  } finally {
    connection.destroy();
  }
  return tally;
}

function count(reasons: Map<string, number>, reason: string): void {
  const general = reason.replace(/ \(byte \d+ of the text\)$/, '');
  reasons.set(general, (reasons.get(general) ?? 0) + 1);
}

function shortened(statement: string): string {
  return statement.replaceAll(/\s+/g, ' ').slice(0, 240);
}
