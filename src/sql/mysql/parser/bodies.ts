import type { Cursor } from './cursor.ts';

const BLOCKS: ReadonlySet<string> = new Set(['BEGIN', 'IF', 'CASE', 'LOOP', 'WHILE', 'REPEAT', 'FOR']);

/** Reserved words that begin a statement and cannot follow a name: a BEGIN before them is none. */
const AFTER_BEGIN: ReadonlySet<string> = new Set(
  `SELECT INSERT UPDATE DELETE REPLACE SET DECLARE CALL IF CASE WHILE LOOP REPEAT RETURN LEAVE ITERATE SIGNAL
  RESIGNAL`.split(/\s+/),
);

/**
 * Passes over the body of a routine, trigger or event. A semicolon within it looks like one after it, and what stands
 * after it runs at once. So the body ends as early as it can: only what cannot be a name opens a block, whereas every
 * END closes one. What is taken for a statement after the body and is none, is judged or refused like any other.
 */
export function skipBody(c: Cursor): void {
  let depth = 0;
  let isStart = true;
  while (c.kind !== 'end' && (c.mark !== ';' || depth > 0)) {
    if (c.word === 'END') {
      depth = Math.max(0, depth - 1);
      // END IF, END LOOP: one word, as it were.
      if (BLOCKS.has(c.wordAhead(1))) c.advance();
    } else if (isStart ? BLOCKS.has(c.word) : c.word === 'CASE' || isBegin(c)) depth++;
    isStart = startsNext(c, isStart);
    c.advance();
  }
}

/** Whether a statement surely begins behind this token: after a semicolon, a label, or a BEGIN that begins one. */
function startsNext(c: Cursor, isStart: boolean): boolean {
  return (
    c.mark === ';' ||
    (isStart && (c.mark === ':' || c.markAhead(1) === ':' || c.word === 'BEGIN' || c.word === 'LOOP'))
  );
}

function isBegin(c: Cursor): boolean {
  if (c.word !== 'BEGIN') return false;
  return AFTER_BEGIN.has(c.wordAhead(1)) || (c.wordAhead(1) === 'END' && followsCondition(c));
}

/** `HANDLER FOR SQLEXCEPTION BEGIN END`, `FOR 1062 BEGIN END`, where no expression ends. */
function followsCondition(c: Cursor): boolean {
  const kind = c.kindAhead(-1);
  return kind === 'integer' || kind === 'string' || CONDITIONS.has(c.wordAhead(-1));
}

const CONDITIONS: ReadonlySet<string> = new Set(['SQLEXCEPTION', 'SQLWARNING', 'FOUND']);
