/** What a client is told of a text that is not read, in its server's own words where the server would say the same. */
import type { Denial } from '../../core/decision.ts';
import type { LexerMode } from './token.ts';

export const UNPARSABLE_RULE = 'sluice/unparsable';
export const UNREADABLE_RULE = 'sluice/unreadable';
export const COMPLEXITY_RULE = 'sluice/too-complex';

/** As much of a text as the server quotes from where it stopped reading. */
const NEAR_BYTES_MAX = 80;

const PRODUCTS: Readonly<Record<LexerMode['flavour'], string>> = { mysql: 'MySQL', mariadb: 'MariaDB' };

/** ER_PARSE_ERROR. `offset`: of the token that does not fit, in bytes of `text`. */
export function syntaxDenial(flavour: LexerMode['flavour'], text: Buffer, offset: number): Denial {
  const line = 1 + newlinesBefore(text, offset);
  return {
    sqlstate: '42601',
    message:
      'You have an error in your SQL syntax; check the manual that corresponds to your ' +
      `${PRODUCTS[flavour]} server version for the right syntax to use near '${near(text, offset)}' at line ${line}`,
    detail: null,
    hint: null,
    position: null,
    rule: UNPARSABLE_RULE,
    native: true,
  };
}

function near(text: Buffer, offset: number): string {
  const quoted = text.subarray(offset, offset + NEAR_BYTES_MAX).toString();
  // Of a character that the last byte cuts in two nothing is left.
  return quoted.replace(/\ufffd+$/, '');
}

function newlinesBefore(text: Buffer, offset: number): number {
  let count = 0;
  for (let at = text.indexOf(0x0a); at >= 0 && at < offset; at = text.indexOf(0x0a, at + 1)) count++;
  return count;
}

/** ER_EMPTY_QUERY. */
export const EMPTY_QUERY: Denial = {
  sqlstate: '03000',
  message: 'Query was empty',
  detail: null,
  hint: null,
  position: null,
  rule: UNPARSABLE_RULE,
  native: true,
};

/** ER_NO_DB_ERROR. */
export const NO_DATABASE: Denial = {
  ...EMPTY_QUERY,
  sqlstate: '3D000',
  message: 'No database selected',
};

/** What the lexer refuses: some of it the server would refuse likewise, some it would read in a way of its own. */
export function unlexableDenial(reason: string): Denial {
  return {
    sqlstate: '42601',
    message: `denied by rule "${UNPARSABLE_RULE}": ${reason}`,
    detail: null,
    hint: null,
    position: null,
    rule: UNPARSABLE_RULE,
    native: false,
  };
}

export function unreadableDenial(what: string): Denial {
  return {
    sqlstate: '42501',
    message: `denied by rule "${UNREADABLE_RULE}": Sluice cannot judge ${what}`,
    detail: null,
    hint: null,
    position: null,
    rule: UNREADABLE_RULE,
    native: false,
  };
}

export function complexDenial(why: string): Denial {
  return {
    sqlstate: '42501',
    message: `denied by rule "${COMPLEXITY_RULE}": the statement is ${why}`,
    detail: null,
    hint: 'Split it, or send the values as parameters of a prepared statement.',
    position: null,
    rule: COMPLEXITY_RULE,
    native: false,
  };
}
