/**
 * Names in lower case as the server makes them: columns, aliases and routines always, tables and schemas by
 * lower_case_table_names. One character gives one character: where Unicode makes two of one (İ), the server does not.
 */
export function foldName(name: string): string {
  return ASCII_ONLY.test(name) ? name.toLowerCase() : foldEach(name);
}

const ASCII_ONLY = /^[\0-\x7f]*$/;

function foldEach(name: string): string {
  let folded = '';
  for (const character of name) folded += character === 'İ' ? 'i' : character.toLowerCase();
  return folded;
}
