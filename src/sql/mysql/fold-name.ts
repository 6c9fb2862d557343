/**
 * Names in lower case as the server makes them: columns, aliases and routines always, tables and schemas by
 * lower_case_table_names. One character gives one character: where Unicode makes two of one (İ), the server does not.
 */
export function foldName(name: string): string {
  // Nearly all names are folded already: those are given back as they are, which costs no new string.
  let differs = false;
  for (let n = 0; n < name.length; n++) {
    const code = name.charCodeAt(n);
    if (code >= 0x80) return foldEach(name);
    if (code >= 0x41 && code <= 0x5a) differs = true;
  }
  return differs ? name.toLowerCase() : name;
}

function foldEach(name: string): string {
  let folded = '';
  for (const character of name) folded += character === 'İ' ? 'i' : character.toLowerCase();
  return folded;
}
