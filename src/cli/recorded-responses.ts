/** Responses out of a journal: the parts of each put together again, as tables, texts and messages. */
import { isArray, isObject, type Json, type JsonObject } from '../core/json.ts';
import { numberIn, textIn, wordsIn } from './record-fields.ts';

export type RecordedCell = string | null | { readonly hex: string };

export interface RecordedTable {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly RecordedCell[])[];
}

/** The head of an answer of HTTP; what only the client may have stands in it as `[not recorded]`. */
export interface RecordedHead {
  readonly status: number;
  readonly fields: readonly (readonly [name: string, value: string])[];
}

export interface RecordedResponse {
  /** Which result of its statement it is, counted from 0. */
  readonly result: number;
  readonly tables: readonly RecordedTable[];
  /** Data of COPY … TO STDOUT. */
  readonly copied: string | null;
  /** Null: it is none of HTTP. */
  readonly head: RecordedHead | null;
  /** Of an answer of HTTP, or the messages of MCP, one a line; what is no text as `\\x` and hexadecimal. */
  readonly body: string | null;
  readonly messages: readonly { readonly kind: string; readonly sqlstate: string; readonly text: string }[];
  /** What the bounds of the recording left out, and what this reading of it did. */
  readonly leftOutRows: number;
  readonly leftOutBytes: number;
  /** Its end is recorded: `false` while it is under way, or where the session or Sluice ended amid it. */
  readonly whole: boolean;
}

interface Draft {
  readonly result: number;
  tables: { columns: readonly string[]; rows: (readonly RecordedCell[])[] }[];
  copied: string | null;
  head: RecordedHead | null;
  body: string | null;
  messages: RecordedResponse['messages'][number][];
  leftOutRows: number;
  leftOutBytes: number;
  parts: number;
  whole: boolean;
}

export class RecordedResponses {
  readonly #byNumber = new Map<number, Draft[]>();

  add(record: JsonObject): void {
    const number = numberIn(record, 'number');
    if (record['type'] !== 'response' || number === null) return;
    const result = numberIn(record, 'result') ?? 0;
    const known = this.#byNumber.get(number) ?? [];
    this.#byNumber.set(number, known);
    let draft = known.findLast((one) => one.result === result && !one.whole);
    if (draft === undefined || numberIn(record, 'part') === 1) {
      draft = {
        result,
        tables: [],
        copied: null,
        head: null,
        body: null,
        messages: [],
        leftOutRows: 0,
        leftOutBytes: 0,
        parts: 0,
        whole: false,
      };
      known.push(draft);
    }
    addPart(draft, record);
  }

  of(number: number): readonly RecordedResponse[] {
    return (this.#byNumber.get(number) ?? []).map(({ parts, ...response }) => response);
  }
}

function addPart(draft: Draft, record: JsonObject): void {
  const { columns, rows, copied, messages, leftOut, answer, body } = record;
  draft.parts++;
  if (columns !== undefined && isArray(columns))
    draft.tables.push({ columns: wordsIn(record, 'columns'), rows: [] });
  if (rows !== undefined && isArray(rows)) {
    if (draft.tables.length === 0) draft.tables.push({ columns: [], rows: [] });
    const table = draft.tables.at(-1);
    for (const row of rows) if (isArray(row)) table?.rows.push(row.map(cellFrom));
  }
  if (typeof copied === 'string') draft.copied = `${draft.copied ?? ''}${copied}`;
  if (answer !== undefined && isObject(answer)) draft.head = headFrom(answer);
  if (typeof body === 'string') draft.body = `${draft.body ?? ''}${body}`;
  else if (body !== undefined && isObject(body))
    draft.body = `${draft.body ?? ''}\\x${textIn(body, 'hex') ?? ''}`;
  if (messages !== undefined && isArray(messages))
    for (const message of messages)
      if (isObject(message))
        draft.messages.push({
          kind: textIn(message, 'kind') ?? '',
          sqlstate: textIn(message, 'sqlstate') ?? '',
          text: textIn(message, 'text') ?? '',
        });
  if (leftOut !== undefined && isObject(leftOut)) {
    draft.leftOutRows += numberIn(leftOut, 'rows') ?? 0;
    draft.leftOutBytes += numberIn(leftOut, 'bytes') ?? 0;
  }
  if (record['end'] === true) draft.whole = record['brokenOff'] !== true;
}

function headFrom(answer: JsonObject): RecordedHead {
  const { fields } = answer;
  const pairs = fields !== undefined && isArray(fields) ? fields.filter(isArray) : [];
  return {
    status: numberIn(answer, 'status') ?? 0,
    fields: pairs.map(([name, value]) => [String(name), String(value)]),
  };
}

function cellFrom(cell: Json): RecordedCell {
  if (typeof cell === 'string') return cell;
  if (!isObject(cell)) return null;
  return { hex: textIn(cell, 'hex') ?? '' };
}
