/** SET and SET_VAR: which variables a statement changes, and which of those change how later text is read. */
import { effectSet } from '../../core/effects.ts';
import type { Analysis } from './analysis.ts';
import type { Expression, SetAssignment } from './ast.ts';
import { expression } from './expression.ts';
import { Scope } from './scope.ts';
import { sqlModeOf, unreadMode } from './sql-mode.ts';

/** Variables by which later text is read, or by which Sluice follows the session and its results. */
const READING_SETTINGS: ReadonlySet<string> = new Set(
  `sql_mode names character_set character_set_client character_set_connection character_set_results
   collation_connection old_mode old resultset_metadata session_track_schema session_track_state_change
   session_track_system_variables session_track_transaction_info`
    .trim()
    .split(/\s+/),
);

const LEXICAL = /^(?:sql_mode|names|character_set|character_set_client)$/;

const UTF8 = /^utf8(?:mb[34])?$/i;
/** MariaDB has some that go with any character set of Unicode's. */
const UTF8_COLLATION = /^(?:utf8(?:mb[34])?_|uca1400_)/i;
/** Those in which every byte below 128 is what it is in ASCII: nothing that looks like a text hides another. */
const READABLE_RESULTS = /^(?:utf8(?:mb[34])?|binary|ascii|latin1)$/i;
const OFF = /^(?:0|off|false)$/i;

/** Values under which a text could be read otherwise than Sluice reads it, or a result. Nothing may set them. */
const UNSAFE_VALUES: ReadonlyMap<string, (value: string) => boolean> = new Map([
  ['sql_mode', (value: string) => !isReadableMode(value)],
  ['names', (value: string) => !UTF8.test(value)],
  ['character_set', (value: string) => !UTF8.test(value)],
  ['character_set_client', (value: string) => !UTF8.test(value)],
  // MariaDB takes a text to be prepared through it, and what it has no letter for becomes a question mark.
  ['character_set_connection', (value: string) => !UTF8.test(value)],
  ['collation_connection', (value: string) => !UTF8_COLLATION.test(value)],
  ['character_set_results', (value: string) => !READABLE_RESULTS.test(value)],
  ['resultset_metadata', (value: string) => !/^(?:1|full)$/i.test(value)],
  ['session_track_schema', (value: string) => OFF.test(value)],
  ['session_track_system_variables', (value: string) => value !== '*'],
]);

/** A number stands for whatever the server has there, and so does a word that is not among these. */
const KNOWN_MODES: ReadonlySet<string> = new Set(
  `REAL_AS_FLOAT PIPES_AS_CONCAT ANSI_QUOTES IGNORE_SPACE IGNORE_BAD_TABLE_OPTIONS ONLY_FULL_GROUP_BY
   NO_UNSIGNED_SUBTRACTION NO_DIR_IN_CREATE POSTGRESQL DB2 MAXDB NO_KEY_OPTIONS NO_TABLE_OPTIONS NO_FIELD_OPTIONS
   MYSQL323 MYSQL40 ANSI NO_AUTO_VALUE_ON_ZERO NO_BACKSLASH_ESCAPES STRICT_TRANS_TABLES STRICT_ALL_TABLES
   NO_ZERO_IN_DATE NO_ZERO_DATE ALLOW_INVALID_DATES ERROR_FOR_DIVISION_BY_ZERO TRADITIONAL NO_AUTO_CREATE_USER
   HIGH_NOT_PRECEDENCE NO_ENGINE_SUBSTITUTION PAD_CHAR_TO_FULL_LENGTH SIMULTANEOUS_ASSIGNMENT
   TIME_ROUND_FRACTIONAL TIME_TRUNCATE_FRACTIONAL DEFAULT`
    .trim()
    .split(/\s+/),
);

function isReadableMode(value: string): boolean {
  if (value === '0') return true;
  const modes = sqlModeOf(value);
  return unreadMode(modes) === null && [...modes].every((mode) => KNOWN_MODES.has(mode));
}

/** What is written to the binary log and where replicas stand: for those who run the servers. */
const ADMINISTERING =
  /^(?:sql_log_bin|sql_log_off|binlog_.*|gtid_.*|server_id|pseudo_.*|skip_replication|wsrep_.*|debug.*|default_master_connection|original_.*|replication_.*|immediate_server_version|session_replication.*|resource_group)$/;

/** Engines whose tables are files of the server's or other servers. */
export const ENGINES_ELSEWHERE = /^(?:FEDERATED|FEDERATEDX|CONNECT|SPIDER|S3|NDB|NDBCLUSTER)$/i;

const SESSION = effectSet('session');

/** SET of variables and of the session's own values. Gives the kinds that it is besides `SET`. */
export function changeSettings(a: Analysis, assignments: readonly SetAssignment[]): void {
  a.effects |= SESSION;
  for (const assignment of assignments) {
    const { target, value } = assignment;
    const scope = new Scope(null);
    if (value !== null) expression(a, value, scope, 'source');
    if (target.is === 'system-variable') changeVariable(a, target, value);
  }
}

type SystemVariable = Extract<SetAssignment['target'], { is: 'system-variable' }>;

function changeVariable(a: Analysis, { scope, name }: SystemVariable, value: Expression | null): void {
  const setting = name.toLowerCase();
  a.settings.add(setting);
  if (scope === 'global' || scope === 'persist' || scope === 'persist_only') {
    a.addEffects('admin');
    a.kinds.push(scope === 'global' ? 'SET GLOBAL' : 'SET PERSIST');
    return;
  }
  if (setting === 'password' || setting === 'default_role') {
    a.addEffects('admin');
    a.kinds.push(setting === 'password' ? 'SET PASSWORD' : 'SET DEFAULT ROLE');
  }
  // What a role may do decides on what is found, and on what views and routines are.
  if (setting === 'role') a.changesReading = true;
  if (ADMINISTERING.test(setting)) a.addEffects('admin');
  const text = value === null ? null : constantText(a, value);
  noteEngine(a, setting, value, text);
  if (!READING_SETTINGS.has(setting)) return;
  a.changesReading = true;
  if (LEXICAL.test(setting)) a.movesLexing = true;
  const isUnsafe = UNSAFE_VALUES.get(setting);
  if (isUnsafe !== undefined && text !== null && isUnsafe(text)) a.settings.add(`unsafe ${setting}`);
  // What the server reports of itself must not grow less by a value that is not known.
  if (FOLLOWED.has(setting) && text === null && (value === null || !addsTo(a, setting, value))) {
    a.settings.add(`unsafe ${setting}`);
  }
}

const FOLLOWED: ReadonlySet<string> = new Set([
  'resultset_metadata',
  'session_track_schema',
  'session_track_system_variables',
]);

/** `CONCAT(@@x, ',more')`. */
function addsTo(a: Analysis, setting: string, value: Expression): boolean {
  if (value.is !== 'call' || value.name.toUpperCase() !== 'CONCAT') return false;
  const [first, ...rest] = value.args;
  if (first?.is !== 'system-variable' || first.name.toLowerCase() !== setting || first.scope === 'global')
    return false;
  return rest.every((arg) => constantText(a, arg)?.startsWith(',') ?? false);
}

/** A default engine that holds its tables elsewhere makes every CREATE TABLE reach out. */
function noteEngine(a: Analysis, setting: string, value: Expression | null, text: string | null): void {
  if (!/^(?:default_(?:tmp_)?|enforce_)?storage_engine$/.test(setting) || value === null) return;
  if (text === null || ENGINES_ELSEWHERE.test(text)) a.addEffects('file', 'network');
}

/**
 * Settings that hold for one statement alone (SET STATEMENT … FOR, SET_VAR in a hint). Text inside it would be read
 * under them, so those that change the reading are refused.
 */
export function changeForStatement(a: Analysis, assignments: readonly SetAssignment[]): void {
  const before = a.changesReading;
  changeSettings(a, assignments);
  for (const { target } of assignments) {
    const name = target.is === 'system-variable' ? target.name.toLowerCase() : '';
    if (READING_SETTINGS.has(name)) a.settings.add(`unsafe ${name}`);
  }
  a.changesReading = before;
}

/** Optimizer hints. SET_VAR holds while its statement runs. */
export function noteHints(a: Analysis, hints: readonly string[]): void {
  for (const hint of hints) {
    for (const [, name = ''] of hint.matchAll(/\bSET_VAR\s*\(\s*`?([\w$]+)`?\s*=/gi)) {
      const setting = name.toLowerCase();
      a.effects |= SESSION;
      a.settings.add(setting);
      if (ADMINISTERING.test(setting)) a.addEffects('admin');
      if (READING_SETTINGS.has(setting)) a.settings.add(`unsafe ${setting}`);
    }
    if (/\bRESOURCE_GROUP\s*\(/i.test(hint)) a.addEffects('admin');
  }
}

/** The text of a constant, which then counts as looked at; null where it is more than a constant, or NULL. */
export function constantText(a: Analysis, value: Expression): string | null {
  if (value.is === 'collate') return constantText(a, value.operand);
  if (value.is === 'unary' && value.operator === '-') {
    const inner = constantText(a, value.operand);
    return inner === null ? null : `-${inner}`;
  }
  if (value.is !== 'literal') return null;
  const { literal } = value;
  if (literal.kind === 'null') return null;
  if (literal.kind === 'boolean') return literal.value ? '1' : '0';
  a.lookAt(value.at);
  return literal.text;
}
