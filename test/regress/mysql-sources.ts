/**
 * Statements of MariaDB's own test suites, from Debian's packages mariadb-test-data, which are fetched when a suite
 * runs. What their files send is kept beside the downloaded servers, and is never part of this repository.
 */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { installDebianRoot } from '../../src/demo/debian-root.ts';
import { serversFolder } from '../../src/demo/mysql-programs.ts';

/** Debian's releases with MariaDB 10.11 and 11.8. */
const SUITES = ['bookworm', 'trixie'];

/**
 * What test files of both versions send to a server, each text once; `folder` has the files of another. Files are not
 * all UTF-8: bytes as latin1.
 */
export async function mysqlTestStatements(folder?: string): Promise<readonly string[]> {
  if (folder !== undefined) return statementsUnder(folder);
  const lists: (readonly string[])[] = [];
  for (const suite of SUITES) lists.push(await statementsOf(suite));
  return [...new Set(lists.flat())];
}

async function statementsOf(suite: string): Promise<readonly string[]> {
  const kept = join(serversFolder(), 'mariadb-test-data', `${suite}.json`);
  if (!existsSync(kept)) {
    console.log(`Downloading mariadb-test-data of Debian ${suite} (20 MB) …`);
    const scratch = mkdtempSync(join(tmpdir(), 'sluice-regress-'));
    try {
      const root = join(scratch, 'root');
      await installDebianRoot({ root, suite, packages: ['mariadb-test-data'], alone: true });
      mkdirSync(dirname(kept), { recursive: true });
      writeFileSync(kept, JSON.stringify(statementsUnder(root)));
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
  }
  return JSON.parse(readFileSync(kept, 'utf8'));
}

/** What some minor versions end themselves over as soon as they prepare it: MariaDB 11.8.6, tested in 10.11.18. */
const FATAL =
  /^SELECT (?:JSON_SET\('\{"c":4\}', '\$\.a', 5\) AS x HAVING|(?:ExtractValue|UpdateXML)\('<[!?]a\/\??>)|partition by system_time\s+interval (?:setval|nextval|lastval)\(/i;

function statementsUnder(folder: string): readonly string[] {
  const statements = new Set<string>();
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\.(test|inc)$/.test(name),
  );
  for (const file of files.toSorted()) {
    for (const statement of split(readFileSync(join(folder, file), 'latin1'))) {
      if (!FATAL.test(statement)) statements.add(statement);
    }
  }
  return [...statements];
}

const COMMANDS =
  /^(append_file|assert|cat_file|change_user|character_set|chmod|connect|connection|copy_file|dec|delimiter|die|diff_files|(dirty_)?close|(disable|enable)_\w+|disconnect|echo|end|error|eval\w*|exec\w*|exit|file_exists|horizontal_results|if|inc|let|list_files\w*|lowercase_result|mkdir|move_file|output|perl|ping|query\w*|real_sleep|reap|remove_\w+|replace_\w+|require|reset_connection|result|result_format|rmdir|save_master_pos|send\w*|shutdown_server|skip|sleep|sorted_result|source|start_timer|sync_\w+|system|vertical_results|wait_\w+|while|write_\w+|ps_protocol|view_protocol|cursor_protocol)\b/i;

/** As mysqltest cuts its files: at the delimiter outside of quotes; lines of commands and comments are its own. */
function split(text: string): readonly string[] {
  const statements: string[] = [];
  let delimiter = ';';
  let at = 0;
  while (at < text.length) {
    const rest = /[^\s}]/g;
    rest.lastIndex = at;
    const begun = rest.exec(text)?.index;
    if (begun === undefined) break;
    if (text[begun] === '#' || text.startsWith('--', begun)) {
      const end = lineEnd(text, begun);
      const changed = /^--\s*delimiter\s+(\S+)/i.exec(text.slice(begun, end));
      if (changed?.[1] !== undefined) delimiter = changed[1];
      at = end;
      continue;
    }
    if (/^(perl|write_file|append_file)\b/i.test(text.slice(begun, begun + 12))) {
      const end = text.indexOf('\nEOF', begun);
      at = end < 0 ? lineEnd(text, begun) : end + 4;
      continue;
    }
    const end = /^(if|while)\s*\(/i.test(text.slice(begun, begun + 9))
      ? text.indexOf('{', begun)
      : statementEnd(text, begun, delimiter);
    if (end < 0) break;
    const statement = text.slice(begun, end).trim();
    const changed = /^delimiter\s+(\S+)/i.exec(statement);
    at = end + (text[end] === '{' ? 1 : delimiter.length);
    if (changed?.[1] !== undefined) delimiter = changed[1];
    else if (!COMMANDS.test(statement)) statements.push(statement);
  }
  return statements;
}

function lineEnd(text: string, at: number): number {
  const end = text.indexOf('\n', at);
  return end < 0 ? text.length : end;
}

function statementEnd(text: string, at: number, delimiter: string): number {
  let quote = '';
  for (; at < text.length; at++) {
    const character = text.charAt(at);
    if (quote !== '') {
      if (character === '\\' && quote !== '`') at++;
      else if (character === quote) quote = '';
    } else if (text.startsWith(delimiter, at)) return at;
    else if (character === "'" || character === '"' || character === '`') quote = character;
  }
  return -1;
}
