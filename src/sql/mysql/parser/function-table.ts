/** Functions that the grammars know by name: which words they are, and who reads what stands in their parentheses. */
import type { Expression } from '../ast.ts';
import { parseAggregate, parseArguments, parsePercentile, parseWindowCall, plainCall } from './calls.ts';
import { parseCast, parseConvert } from './cast.ts';
import type { Cursor } from './cursor.ts';
import {
  parseCharFunction,
  parseColumnGet,
  parseDateArithmetic,
  parseDefault,
  parseDynamicColumns,
  parseExtract,
  parseGetFormat,
  parseInserted,
  parseJsonValue,
  parsePosition,
  parseRow,
  parseSequenceFunction,
  parseSubstring,
  parseTimestampFunction,
  parseTrim,
  parseValue,
  parseWeightString,
} from './function-syntax.ts';

/** Reads what follows the name: the parenthesis stands here. */
type Production = (c: Cursor, name: string, at: number) => Expression;

const plain: Production = (c, name, at) => plainCall(name, parseArguments(c), at);

const BOTH: readonly (readonly [words: string, production: Production])[] = [
  // Reserved words, or words with productions of their own, whose arguments are like those of any other.
  [
    `LEFT RIGHT MOD REPEAT REPLACE IF INSERT DATABASE SCHEMA CURRENT_DATE CURRENT_TIME CURRENT_TIMESTAMP CURRENT_USER
    LOCALTIME LOCALTIMESTAMP UTC_DATE UTC_TIME UTC_TIMESTAMP CURDATE CURTIME NOW SYSDATE SESSION_USER SYSTEM_USER USER
    TRUNCATE JSON_OBJECT`,
    plain,
  ],
  [
    `COUNT SUM AVG MIN MAX BIT_AND BIT_OR BIT_XOR STD STDDEV STDDEV_POP STDDEV_SAMP VARIANCE VAR_POP VAR_SAMP
    GROUP_CONCAT JSON_ARRAYAGG JSON_OBJECTAGG ST_COLLECT`,
    parseAggregate,
  ],
  [
    'ROW_NUMBER RANK DENSE_RANK CUME_DIST PERCENT_RANK NTILE LEAD LAG FIRST_VALUE LAST_VALUE NTH_VALUE',
    parseWindowCall,
  ],
  ['CAST', parseCast],
  ['CONVERT', parseConvert],
  ['CHAR', parseCharFunction],
  ['EXTRACT', parseExtract],
  ['TRIM', parseTrim],
  ['SUBSTRING SUBSTR MID', parseSubstring],
  ['POSITION', parsePosition],
  ['GET_FORMAT', parseGetFormat],
  ['TIMESTAMPADD TIMESTAMPDIFF', parseTimestampFunction],
  ['DATE_ADD DATE_SUB ADDDATE SUBDATE', parseDateArithmetic],
  ['WEIGHT_STRING', parseWeightString],
  ['ROW', parseRow],
  ['DEFAULT', parseDefault],
  ['VALUES', parseInserted],
];

const MYSQL: typeof BOTH = [
  ['GROUPING', plain],
  ['JSON_VALUE', parseJsonValue],
];

const MARIADB: typeof BOTH = [
  ['CURRENT_ROLE', plain],
  ['PERCENTILE_CONT PERCENTILE_DISC MEDIAN', parsePercentile],
  ['VALUE', parseValue],
  ['NEXTVAL LASTVAL SETVAL', parseSequenceFunction],
  ['COLUMN_CREATE COLUMN_ADD', parseDynamicColumns],
  ['COLUMN_GET', parseColumnGet],
];

function table(...lists: readonly (typeof BOTH)[]): ReadonlyMap<string, Production> {
  return new Map(
    lists.flat().flatMap(([words, production]) =>
      words
        .trim()
        .split(/\s+/)
        .map((word) => [word, production] as const),
    ),
  );
}

const IN_MYSQL = table(BOTH, MYSQL);
const IN_MARIADB = table(BOTH, MARIADB);

/** Functions to the lexers only where the parenthesis touches the name; with a space they are names like any other. */
const TOUCHED: ReadonlySet<string> = new Set(
  `ADDDATE BIT_AND BIT_OR BIT_XOR CAST COUNT CURDATE CURTIME DATE_ADD DATE_SUB EXTRACT GROUP_CONCAT JSON_ARRAYAGG
  JSON_OBJECTAGG MAX MID MIN NOW POSITION SESSION_USER ST_COLLECT STD STDDEV STDDEV_POP STDDEV_SAMP SUBDATE SUBSTR
  SUBSTRING SUM SYSDATE SYSTEM_USER TRIM VARIANCE VAR_POP VAR_SAMP`.split(/\s+/),
);

/**
 * The production of the function whose name and parenthesis stand here. What the lexer would take for a name because
 * of a space is refused: it would call a stored function, or nothing.
 */
export function findSpecialFunction(c: Cursor, word: string): Production | undefined {
  const production = (c.mariadb ? IN_MARIADB : IN_MYSQL).get(word);
  if (production !== undefined && TOUCHED.has(word) && !c.tokens.calls(c.at)) {
    c.advance();
    c.refuse('no space before the parenthesis');
  }
  return production;
}
