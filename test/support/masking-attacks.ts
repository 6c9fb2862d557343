/** The attacks of fixtures/masking/attacks.txt, and the ways in which one query can be asked. */
import { bind, describe, execute, parse, query, sync } from './frontend.ts';
import { maskingFile, type TwinAnswer, TwinSession, type Twins } from './masking-twins.ts';

export interface AttackGroup {
  readonly title: string;
  /** Its lines are steps of one session; else each is an attack of its own. */
  readonly session: boolean;
  readonly lines: readonly string[];
}

export function readAttacks(name = 'attacks.txt'): readonly AttackGroup[] {
  const groups: { title: string; session: boolean; lines: string[] }[] = [];
  for (const line of maskingFile(name).split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const header = /^(\[\d+\] .*?)( \(session\))?$/.exec(line);
    if (header !== null) groups.push({ title: header[1] ?? '', session: header[2] !== undefined, lines: [] });
    else groups.at(-1)?.lines.push(line);
  }
  return groups;
}

/** What came out that must not have, by statement; and how many were asked and denied. */
export interface Tally {
  asked: number;
  denied: number;
  failed: number;
  readonly told: string[];
}

export function newTally(): Tally {
  return { asked: 0, denied: 0, failed: 0, told: [] };
}

export function count(tally: Tally, what: string, answer: TwinAnswer): void {
  tally.asked++;
  if (answer.sqlstate === '42501') tally.denied++;
  else if (answer.sqlstate !== null) tally.failed++;
  if (answer.told !== null) tally.told.push(`${what}\n    ${answer.told}`);
}

const QUERY = /^(SELECT|WITH|VALUES|TABLE)\b/;
const CHANGES = /\b(INTO|UPDATE|INSERT|DELETE|MERGE|FOR SHARE)\b/;

/** One query in every protocol, format and wrapping that gives its rows back; `brief`: in the most telling ones. */
export async function askEveryWay(
  session: TwinSession,
  sql: string,
  tally: Tally,
  brief = false,
): Promise<void> {
  count(tally, sql, await session.ask(query(sql)));
  if (!brief)
    count(tally, `extended: ${sql}`, await session.ask(parse('', sql), bind('', ''), execute(), sync()));
  if (!QUERY.test(sql) || CHANGES.test(sql)) {
    await session.ask(query('BEGIN'));
    count(tally, `in a transaction: ${sql}`, await session.ask(query(sql)));
    await session.ask(query('ROLLBACK'));
    return;
  }
  if (brief) {
    count(
      tally,
      `binary: ${sql}`,
      await session.ask(parse('', sql), bind('', '', [], { results: [1] }), execute(), sync()),
    );
    count(tally, `copy: ${sql}`, await session.ask(query(`COPY (${sql}) TO STDOUT (FORMAT csv)`)));
    count(tally, `text: ${sql}`, await session.ask(query(`SELECT zz::text, zz FROM (${sql}) AS zz`)));
    return;
  }
  const paged = [
    parse('', sql),
    bind('p', '', [], { results: [1] }),
    describe('P', 'p'),
    execute('p', 2),
    execute('p', 0),
    sync(),
  ];
  count(tally, `binary, in pages: ${sql}`, await session.ask(...paged));
  for (const options of ['', ' (FORMAT csv, HEADER, FORCE_QUOTE *)', ' (FORMAT binary)']) {
    const copy = `COPY (${sql}) TO STDOUT${options}`;
    count(tally, copy, await session.ask(query(copy)));
  }
  for (const wrapped of [
    `SELECT * FROM (${sql}) AS zz`,
    `SELECT zz FROM (${sql}) AS zz`,
    `SELECT md5(zz::text) FROM (${sql}) AS zz`,
    `SELECT count(*) FROM (${sql}) AS zz`,
    `SELECT count(zz), count(DISTINCT zz::text) FROM (${sql}) AS zz`,
    `SELECT ARRAY(SELECT zz::text FROM (${sql}) AS zz)`,
    `SELECT EXISTS (SELECT 1 FROM (${sql}) AS zz WHERE zz::text > 'a')`,
    `WITH zz AS (${sql}) SELECT 1 FROM zz ORDER BY zz::text`,
    `CREATE TEMP TABLE zz AS ${sql}`,
  ]) {
    count(tally, wrapped, await session.ask(query(wrapped)));
  }
  await session.ask(query('DROP TABLE IF EXISTS pg_temp.zz'));
  await session.ask(query('BEGIN'));
  count(tally, `cursor: ${sql}`, await session.ask(query(`DECLARE zz CURSOR FOR ${sql}`)));
  count(tally, `fetch: ${sql}`, await session.ask(query('FETCH 3 FROM zz')));
  await session.ask(query('ROLLBACK'));
  await session.ask(query(`PREPARE zz AS ${sql}`));
  count(tally, `prepared: ${sql}`, await session.ask(query('EXECUTE zz')));
  await session.ask(query('DEALLOCATE ALL'));
}

/** Plays a group of one session; not `alike`: with the first of the twins alone. */
export async function playSession(
  twins: Twins,
  group: AttackGroup,
  tally: Tally,
  alike = true,
): Promise<void> {
  const session = await TwinSession.open(twins, alike);
  const second = await TwinSession.open(twins, alike);
  const undo: string[] = [];
  const direct = (sql: string) => (alike ? twins.both(sql) : twins.all[0].direct.query(sql));
  try {
    for (const line of group.lines) {
      const [word = '', rest = ''] = splitWord(line);
      if (word === 'undo') undo.push(rest);
      else if (word === 'direct') await direct(rest);
      else if (word === 'other') count(tally, `${group.title}: ${line}`, await second.ask(query(rest)));
      else count(tally, `${group.title}: ${line}`, await session.ask(...messagesOf(line)));
    }
  } finally {
    session.end();
    second.end();
    for (const sql of undo) await direct(sql);
  }
}

function splitWord(line: string): readonly [string, string] {
  const at = line.indexOf(' ');
  return at < 0 ? [line, ''] : [line.slice(0, at), line.slice(at + 1)];
}

function messagesOf(line: string): readonly Buffer[] {
  const [word, rest] = splitWord(line);
  const [name, sql] = splitWord(rest);
  const statement = name === '-' ? '' : name;
  switch (word) {
    case 'parse':
      return [parse(statement, sql), sync()];
    case 'bind':
      return [bind('', statement), execute(), sync()];
    case 'portal':
      return [parse('', sql), bind(statement, ''), sync()];
    case 'run':
      return [execute(statement), sync()];
    default:
      return [query(line)];
  }
}
