/**
 * Errors and notices of a statement that touches masked columns may quote their values: `invalid input syntax for
 * type integer: "123-45-6789"`. What is kept is the SQLSTATE, and a message that quotes nothing but the client's own
 * text.
 */
import { ByteReader } from '../../src/bytes/index.ts';
import type { MaskDuties } from '../../src/core/masks.ts';
import { errorResponse, notificationResponse } from './encode.ts';

const TOUCHED_SHOWN = 3;
/** Classes of errors that name what the statement names: syntax, names, privileges. */
const CLASS_OF_NAMES = '42';

/** The message in the place of one whose body is `bytes[start, end)`. `text`: the statement, as the client sent it. */
export function scrubbed(
  bytes: Buffer,
  start: number,
  end: number,
  isError: boolean,
  duties: MaskDuties,
  text: Buffer | null,
): Buffer {
  const fields = readFields(bytes, start, end);
  const sqlstate = fields.get('C') ?? (isError ? 'XX000' : '00000');
  const message = fields.get('M') ?? '';
  const isOwn = sqlstate.startsWith(CLASS_OF_NAMES) && quotesOnly(message, text);
  const named = duties.touched.slice(0, TOUCHED_SHOWN).join(', ');
  const position = Number(fields.get('P'));
  return errorResponse({
    severity: isError ? 'ERROR' : 'NOTICE',
    sqlstate,
    message: isOwn ? message : `${isError ? 'the statement failed' : 'a notice'} (SQLSTATE ${sqlstate})`,
    detail: isOwn
      ? null
      : `The server's own text is withheld, since it may quote masked values${named === '' ? '' : ` (${named})`}.`,
    hint: null,
    position: Number.isInteger(position) && position > 0 ? position : null,
  });
}

/**
 * What another session has told, or a trigger: nobody has judged what is in it. That something has happened is told;
 * an empty payload is what NOTIFY sends without one.
 */
export function withoutPayload(bytes: Buffer, start: number, end: number): Buffer {
  const reader = new ByteReader(bytes, start, end);
  const processId = reader.i32('process id');
  return notificationResponse(processId, reader.cstring('channel'), '');
}

function readFields(bytes: Buffer, start: number, end: number): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  const reader = new ByteReader(bytes, start, end);
  for (let type = reader.u8('field type'); type !== 0; type = reader.u8('field type')) {
    fields.set(String.fromCharCode(type), reader.cstring('field'));
  }
  return fields;
}

/** Whether everything that the message quotes stands in the statement, and no number stands outside of quotes. */
function quotesOnly(message: string, text: Buffer | null): boolean {
  if (text === null) return false;
  const statement = text.toString('utf8').toLowerCase();
  let rest = '';
  let last = 0;
  for (const match of message.matchAll(/"([^"]*)"/g)) {
    if (!statement.includes((match[1] ?? '').toLowerCase())) return false;
    rest += message.slice(last, match.index);
    last = match.index + match[0].length;
  }
  rest += message.slice(last);
  return (rest.match(/[\w.@+-]+/g) ?? []).every((word) => {
    const plain = word.toLowerCase().replace(/[.]+$/, '');
    return WORDS.has(plain) || statement.includes(plain);
  });
}

/** What the server's messages of that class are made of (parser/*.c, catalog/*.c), beside the names in them. */
const WORDS: ReadonlySet<string> = new Set(
  `a about access aggregate all already ambiguous an and any appear argument arguments array as at be been being boolean
   both bytea by call cannot cast character clause clauses collation collations column columns combined common composite
   condition conflicting constraint contain contains conversion could cross-database cursor data database date default
   defined denied determine did does each either element empty end entry error exist exists exceeds explicit expression
   expressions field for found from function functions grouping has have implemented implicit in input inside integer
   interval into invalid is it item join json jsonb kind left level list matches mismatched missing more most multiple
   must name named near nested no non-boolean not null numeric number object of on only operator operators or order
   ordered outer output owner parameter part permission polymorphic possible precision procedure query read-only real
   recursive reference references relation required resolve return right row rows same schema select set sequence side
   smallint specified state statement subquery supported syntax table target temporary text than that the this time
   timestamp timestamptz to too transaction type types undefined unequal unique unknown unrecognized updated use used
   user uuid value values variable varying view was when where window with within without zone bigint double`
    .trim()
    .split(/\s+/),
);
