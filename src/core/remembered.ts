/**
 * What a pure function gave for a text, remembered for the few texts that come again and again, such as the header values
 * of one client. Whoever sends others all the time costs what it costs without this.
 */

const TEXTS_MAX = 64;
const CHARACTERS_MAX = 256;

export function remembered<Value>(read: (text: string) => Value): (text: string) => Value {
  const known = new Map<string, Value>();
  return (text) => {
    const found = known.get(text);
    if (found !== undefined) return found;
    const value = read(text);
    if (text.length > CHARACTERS_MAX) return value;
    if (known.size >= TEXTS_MAX) known.clear();
    known.set(text, value);
    return value;
  };
}
