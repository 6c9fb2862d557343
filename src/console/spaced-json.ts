/** JSON in lines, with only white space put in: numbers, escapes and members that come twice stay as they were sent. */

/** Shorter ones are read on one line. */
const LINE_MAX = 80;
const TOKEN = /"(?:[^"\\]|\\[\s\S])*(?:"|$)|[[\]{},:]|[^\s"[\]{},:]+/g;

/** What is no JSON, or has white space of its own between lines, comes back as it is. */
export function spacedJson(text: string): string {
  if (text.length <= LINE_MAX || !/^\s*[[{]/.test(text) || text.includes('\n')) return text;
  let depth = 0;
  let out = '';
  let before = '';
  const line = () => `\n${'  '.repeat(Math.max(0, depth))}`;
  for (const [token] of text.matchAll(TOKEN)) {
    const opens = before === '{' || before === '[';
    if (token === '}' || token === ']') {
      depth--;
      out += opens ? token : `${line()}${token}`;
    } else {
      out += opens || before === ',' ? `${line()}${token}` : before === ':' ? ` ${token}` : token;
      if (token === '{' || token === '[') depth++;
    }
    before = token;
  }
  return out;
}
