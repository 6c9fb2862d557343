/**
 * Cuts a file of PostgreSQL's regression suite into statements as psql does: at semicolons outside of quotes,
 * parentheses and BEGIN ATOMIC bodies, without psql's own commands and without the data of COPY FROM STDIN.
 */
export function splitStatements(source: string): readonly string[] {
  const text = withoutWholeLineCommands(source);
  const statements: string[] = [];
  let begun = 0;
  let at = 0;
  let parentheses = 0;
  let atomic = 0;
  const cut = (end: number) => {
    const statement = text.slice(begun, end).trim();
    if (statement !== '') statements.push(statement);
    return statement;
  };
  while (at < text.length) {
    const quoted = quotedEnd(text, at);
    if (quoted > at) {
      at = quoted;
      continue;
    }
    const character = text[at];
    if (character === '\\') {
      cut(at);
      begun = lineEnd(text, at);
      at = begun;
      continue;
    }
    if (character === '(') parentheses++;
    else if (character === ')') parentheses = Math.max(0, parentheses - 1);
    else atomic += atomicChange(text, at, atomic);
    if (character === ';' && parentheses === 0 && atomic === 0) {
      const statement = cut(at);
      if (isCopyFromStdin(statement)) at = dataEnd(text, at);
      begun = at + 1;
    }
    at++;
  }
  cut(text.length);
  return statements;
}

function withoutWholeLineCommands(source: string): string {
  return source.replaceAll(/^\\(?!\.).*$/gm, '');
}

function lineEnd(text: string, at: number): number {
  const end = text.indexOf('\n', at);
  return end < 0 ? text.length : end;
}

/** The end of the comment or quoted token that begins at `at`; `at` itself where none does. */
function quotedEnd(text: string, at: number): number {
  switch (text[at]) {
    case '-':
      return text[at + 1] === '-' ? lineEnd(text, at) : at;
    case '/':
      return text[at + 1] === '*' ? commentEnd(text, at) : at;
    case "'":
      return stringEnd(text, at, /(^|[^\w$])[eE]$/.test(text.slice(Math.max(0, at - 2), at)));
    case '"': {
      const end = text.indexOf('"', at + 1);
      return end < 0 ? text.length : end + 1;
    }
    case '$': {
      const tag = /^\$([A-Za-z_\x80-\uffff][\w\x80-\uffff]*)?\$/.exec(text.slice(at, at + 70))?.[0];
      if (tag === undefined || /[\w$]/.test(text[at - 1] ?? ' ')) return at;
      const end = text.indexOf(tag, at + tag.length);
      return end < 0 ? text.length : end + tag.length;
    }
    default:
      return at;
  }
}

function commentEnd(text: string, at: number): number {
  const marks = /\/\*|\*\//g;
  marks.lastIndex = at;
  let depth = 0;
  for (let mark = marks.exec(text); mark !== null; mark = marks.exec(text)) {
    depth += mark[0] === '/*' ? 1 : -1;
    if (depth === 0) return marks.lastIndex;
  }
  return text.length;
}

function stringEnd(text: string, at: number, escapes: boolean): number {
  for (let to = at + 1; to < text.length; to++) {
    if (escapes && text[to] === '\\') to++;
    else if (text[to] === "'") {
      if (text[to + 1] !== "'") return to + 1;
      to++;
    }
  }
  return text.length;
}

/** BEGIN ATOMIC and the CASEs within it open, END closes. */
function atomicChange(text: string, at: number, depth: number): number {
  if (!/[bce]/i.test(text[at] ?? '') || /\w/.test(text[at - 1] ?? ' ')) return 0;
  const ahead = text.slice(at, at + 30);
  if (/^begin\s+atomic\b/i.test(ahead) || (depth > 0 && /^case\b/i.test(ahead))) return 1;
  return depth > 0 && /^end\b/i.test(ahead) ? -1 : 0;
}

function isCopyFromStdin(statement: string): boolean {
  return /^(\s|--.*\n)*copy\b[^;]*\bfrom\s+stdin/i.test(statement);
}

/** The end of the line with the closing `\.`; where there is none, no data follows. */
function dataEnd(text: string, at: number): number {
  const end = text.indexOf('\n\\.', at);
  return end < 0 ? at : end + 2;
}
