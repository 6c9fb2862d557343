/** SET, RESET and set_config: which settings a statement changes, and which of those change how text is read. */
import type { JsonObject } from '../../core/json.ts';
import type { Analysis } from './analysis.ts';
import { type AstNode, constantOf, nodes, text } from './ast.ts';

/** Settings that change which objects names stand for, or how text is read. */
const READING_SETTINGS: ReadonlySet<string> = new Set([
  'search_path',
  'standard_conforming_strings',
  'backslash_quote',
  'client_encoding',
  'role',
  'session_authorization',
]);

/** In which two readings of one text are possible; nothing may turn them on. */
const UNSAFE_VALUES: ReadonlyMap<string, (value: string) => boolean> = new Map([
  ['standard_conforming_strings', (value: string) => !/^(on|true|yes|1|t|y)$/i.test(value)],
  ['client_encoding', (value: string) => !isPlainEncoding(value)],
]);

export function isPlainEncoding(name: string): boolean {
  return /^(utf-?8|unicode)$/i.test(name.replaceAll('_', '-'));
}

/**
 * Records that `setting` becomes `values`; null values mean "not known from the text", an empty list its default.
 * A setting that is not known from the text may be any of them, so the change counts as dynamic.
 */
export function changeSetting(a: Analysis, setting: string | null, values: readonly string[] | null): void {
  a.addEffects('session');
  if (setting === null) {
    a.addEffects('dynamic');
    a.changesReading = true;
    return;
  }
  const name = setting.toLowerCase();
  noteSetting(a, name, values);
  if (!READING_SETTINGS.has(name)) return;
  a.changesReading = true;
  a.readingSettings.add(name);
}

function noteSetting(a: Analysis, name: string, values: readonly string[] | null): void {
  a.settings.add(name);
  const isUnsafe = UNSAFE_VALUES.get(name);
  if (isUnsafe === undefined) return;
  if (values === null || values.some(isUnsafe)) a.settings.add(`unsafe ${name}`);
}

/**
 * SET and RESET as a clause: of a function, role, database or the whole server. It holds later, for others too, and
 * a function's body is read under it.
 */
export function noteSettingClause(a: Analysis, clause: JsonObject): void {
  const name = (text(clause, 'name') ?? '').toLowerCase();
  const kind = text(clause, 'kind');
  const values = nodes(clause, 'args').map(settingValue);
  const known = values.filter((value) => value !== null);
  noteSetting(a, name, kind === 'VAR_SET_VALUE' && known.length < values.length ? null : known);
}

/** The value's text, or null where it is more than a constant. */
export function settingValue(arg: AstNode): string | null {
  if (arg.tag !== 'A_Const') return null;
  return constantText(arg.body);
}

/** A constant as SET takes it. */
function constantText(body: JsonObject): string | null {
  const constant = constantOf(body);
  switch (constant.kind) {
    case 'string':
    case 'decimal':
      return constant.text;
    case 'integer':
      return String(constant.value);
    case 'boolean':
      return String(constant.value);
    default:
      return null;
  }
}
