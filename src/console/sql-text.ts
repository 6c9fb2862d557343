/**
 * A statement for reading: coloured, and broken into lines where it came as one. Only white space between tokens is
 * ever changed; everything that is in quotes or in comments stands as it was sent. What MySQL runs out of a comment
 * (a comment that begins with an exclamation mark) is none.
 */

import { h } from './dom.ts';

export interface Token {
  readonly kind: 'word' | 'text' | 'comment' | 'number' | 'sign' | 'space';
  readonly text: string;
}

const TOKEN =
  /(--[^\r\n]*|\/\*(?!M?!)[\s\S]*?(?:\*\/|$))|('(?:[^'\\]|''|\\[\s\S])*(?:'|$)|"(?:[^"]|"")*(?:"|$)|`[^`]*(?:`|$)|(\$\w*\$)[\s\S]*?(?:\3|$))|(\d[\d.]*)|([A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*)|(\s+)|([\s\S])/g;

export function tokensOf(sql: string): readonly Token[] {
  const tokens: Token[] = [];
  for (const [text, comment, quoted, , number, word, space] of sql.matchAll(TOKEN)) {
    const kind =
      comment !== undefined
        ? 'comment'
        : quoted !== undefined
          ? 'text'
          : number !== undefined
            ? 'number'
            : word !== undefined
              ? 'word'
              : space !== undefined
                ? 'space'
                : 'sign';
    tokens.push({ kind, text });
  }
  return tokens;
}

const KEYWORDS = new Set(
  `select from where group by order having limit offset union all intersect except values set returning join left right
   inner outer full cross natural on using and or not in is null like ilike between exists case when then else end as
   distinct insert into update delete merge create alter drop truncate table view index with recursive lateral asc desc
   copy to stdout explain analyze grant revoke begin commit rollback call do execute prepare deallocate declare fetch
   true false cast interval over partition window replace show describe use handler conflict nothing cascade`.split(
    /\s+/,
  ),
);
/** A line of its own begins with these, outside of parentheses. */
const BREAKS = new Set(
  'select from where group order having limit offset union intersect except values set returning left right inner full cross join insert update delete'.split(
    ' ',
  ),
);
const INDENTED = new Set(['and', 'or', 'on']);
/** Words that go on with the line which the word before has begun. */
const CONTINUES = new Set(['outer', 'join', 'by', 'into', 'from', 'all', 'update']);
const LINE_MAX = 60;

/** The text with line breaks, where it is long and has none of its own. */
export function broken(sql: string): readonly Token[] {
  const tokens = tokensOf(sql.trim());
  if (sql.trim().includes('\n') || sql.length < LINE_MAX) return tokens;
  const out: Token[] = [];
  let depth = 0;
  let before = '';
  for (const token of tokens) {
    if (token.text === '(') depth++;
    else if (token.text === ')') depth--;
    const word = token.kind === 'word' ? token.text.toLowerCase() : '';
    const goesOn = CONTINUES.has(word) && (BREAKS.has(before) || before === 'outer' || before === 'delete');
    const isBreak = depth === 0 && out.length > 0 && !goesOn && (BREAKS.has(word) || INDENTED.has(word));
    if (isBreak && out.at(-1)?.kind === 'space') {
      out.pop();
      out.push({ kind: 'space', text: INDENTED.has(word) ? '\n  ' : '\n' });
    }
    out.push(token);
    if (token.kind !== 'space') before = word;
  }
  return out;
}

export function sqlNode(sql: string, isBroken = true): HTMLElement {
  const tokens = isBroken ? broken(sql) : tokensOf(sql);
  return h(
    'pre',
    { class: 'sql', tabindex: 0, 'aria-label': 'statement' },
    tokens.map(({ kind, text }) => {
      if (kind === 'word' && KEYWORDS.has(text.toLowerCase())) return h('b', {}, text);
      if (kind === 'text' || kind === 'comment' || kind === 'number')
        return h('span', { class: `t-${kind}` }, text);
      return text;
    }),
  );
}

/** On one line, for lists. */
export function oneLine(sql: string, max = 160): string {
  // What the statement is about begins behind the comments at its head.
  const bare = sql.replace(/^(?:\s+|--[^\r\n]*[\r\n]|\/\*(?!M?!)[\s\S]*?\*\/)+/, '');
  const line = (bare === '' ? sql : bare).replaceAll(/[ \t\n]+/g, ' ').trim();
  return line.length > max ? `${line.slice(0, max)}…` : line;
}
