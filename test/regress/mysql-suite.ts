/**
 * Statements of MariaDB's own test suite, from Debian's package mariadb-test-data: unpacked where it lies, or fetched
 * and unpacked when the suite runs. Nothing of it is kept.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Fetches the package and unpacks it under `folder`. */
export function fetchSuite(folder: string): void {
  execFileSync('apt-get', ['-qq', 'download', 'mariadb-test-data'], { cwd: folder });
  const [archive] = readdirSync(folder).filter((name) => name.endsWith('.deb'));
  if (archive === undefined) throw new Error('apt has fetched no mariadb-test-data');
  execFileSync('dpkg-deb', ['-x', archive, folder], { cwd: folder });
}

/** Every different statement of the tests and their includes, in the order of the files. */
export function suiteStatements(folder: string): readonly string[] {
  const statements = new Set<string>();
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(?:test|inc)$/.test(name))
    .sort();
  for (const file of files) {
    for (const statement of statementsOf(readFileSync(join(folder, file), 'utf8'))) statements.add(statement);
  }
  return [...statements];
}

/** Commands of the test language: none of them is sent. */
const COMMANDS =
  /^(?:eval|let|inc|dec|if|while|end|echo|source|sleep|real_sleep|connect|connection|disconnect|dirty_close|error|exec|execw|system|perl|append_file|cat_file|chmod|copy_file|copy_files_wildcard|diff_files|die|exit|file_exists|list_files|list_files_append_file|list_files_write_file|mkdir|move_file|output|query|query_vertical|query_horizontal|query_get_value|query_sorted|query_attributes|reap|remove_file|remove_files_wildcard|replace_column|replace_numeric_round|replace_regex|replace_result|require|reset_connection|result|result_format|rmdir|save_master_pos|send|send_eval|send_quit|send_shutdown|shutdown_server|skip|sorted_result|partially_sorted_result|start_timer|end_timer|stop_timer|sync_slave_with_master|sync_with_master|timer|vertical_results|horizontal_results|wait_for_slave_to_stop|write_file|write_line|character_set|change_user|delimiter|disable_\w+|enable_\w+|force-\w+|lowercase_result|optimizer_trace|ping|shell|assert|evalp|begin_concurrent|end_concurrent|upload_file|cat|enable|disable)\b/i;

/** Cuts a test as mysqltest does: at the delimiter outside of quotes; comments and commands of lines left out. */
export function statementsOf(source: string): readonly string[] {
  const statements: string[] = [];
  let delimiter = ';';
  let text = '';
  let quote = '';
  for (const line of source.split('\n')) {
    if (text === '') {
      const changed = /^\s*(?:--)?\s*delimiter\s+(\S+?)\s*;?\s*$/i.exec(line);
      if (changed?.[1] !== undefined) {
        delimiter = changed[1].length > 1 ? changed[1].replace(/;$/, '') : changed[1];
        continue;
      }
      if (/^\s*(?:#|--|$|[{}])/.test(line)) continue;
    }
    let begun = 0;
    for (let n = 0; n < line.length; n++) {
      const character = line[n] ?? '';
      if (quote !== '') {
        if (character === '\\' && quote !== '`') n++;
        else if (character === quote) quote = '';
      } else if (character === "'" || character === '"' || character === '`') quote = character;
      else if (line.startsWith(delimiter, n)) {
        push(statements, text + line.slice(begun, n));
        text = '';
        n += delimiter.length - 1;
        begun = n + 1;
      }
    }
    const rest = line.slice(begun);
    if (text !== '' || rest.trim() !== '') text += `${rest}\n`;
    // A quote that no one closes is a file written in another language.
    if (text.length > 100_000) {
      text = '';
      quote = '';
    }
  }
  return statements;
}

function push(statements: string[], statement: string): void {
  const trimmed = statement.replace(/^(?:\s*(?:#|--\s).*\n)*/, '').trim();
  // Variables of the test language stand for text that is not here.
  if (trimmed === '' || COMMANDS.test(trimmed) || /(?<!@)\$\w/.test(trimmed) || /^[{}]/.test(trimmed)) return;
  statements.push(trimmed);
}
