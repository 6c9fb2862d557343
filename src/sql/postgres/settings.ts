/** SET, RESET and set_config: which settings a statement changes, and which of those change how text is read. */
import type { Analysis } from './analysis.ts';

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
  a.settings.add(name);
  if (READING_SETTINGS.has(name)) a.changesReading = true;
  const isUnsafe = UNSAFE_VALUES.get(name);
  if (isUnsafe === undefined) return;
  if (values === null || values.some(isUnsafe)) a.settings.add(`unsafe ${name}`);
}
