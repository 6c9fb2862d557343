import { isArray, parseJson } from '../../src/core/json.ts';

/** The strings of a JSON array of strings; null where the text is anything else. */
export function stringsOfJson(text: string): readonly string[] | null {
  let value: ReturnType<typeof parseJson>;
  try {
    value = parseJson(text);
  } catch {
    return null;
  }
  if (!isArray(value)) return null;
  const strings = value.filter((item) => typeof item === 'string');
  return strings.length === value.length ? strings : null;
}
