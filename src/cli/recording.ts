/** One session out of a journal: what was asked, what was said of it, how it came out, and when. */
import { isArray, isObject, type JsonObject } from '../core/json.ts';
import { numberIn, textIn, wordsIn } from './record-fields.ts';
import { type RecordedResponse, RecordedResponses } from './recorded-responses.ts';
import type { RecordedSql } from './recorded-story.ts';
import { type SessionSummary, SessionTally } from './session-summaries.ts';

export interface RecordedResult {
  readonly tag: string | null;
  readonly sqlstate: string | null;
  readonly rows: number;
  readonly bytes: number;
  readonly ms: number;
  /** The rule whose limit cut it; null where it came whole. */
  readonly truncatedBy: string | null;
}

export interface RecordedApproval {
  readonly id: string;
  /** Null where the session's records do not say: it is pending, or was asked for by another session. */
  readonly outcome: string | null;
  /** Who said yes or no, in order. */
  readonly votes: readonly { readonly by: string; readonly vote: string; readonly reason: string | null }[];
}

export interface RecordedCause {
  /** Of the MCP session. */
  readonly session: string;
  readonly agent: string | null;
  /** `tools/call query`, with the number that it has in its session; several where it cannot be told which. */
  readonly calls: readonly { readonly number: number; readonly what: string }[];
  /** What had ended last where nothing was under way. */
  readonly after: { readonly number: number; readonly what: string } | null;
}

export interface RecordedStatement {
  readonly number: number;
  readonly at: string;
  /** Since the session began. */
  readonly offsetMs: number;
  /** How it came: `query`, `parse`, `bind`. */
  readonly via: string;
  readonly text: string;
  /** As the journal has them: text, null, or an object for what was long or binary. */
  readonly parameters: readonly unknown[];
  readonly kinds: readonly string[];
  readonly tables: readonly string[];
  readonly verdict: string;
  readonly rule: string | null;
  readonly rules: readonly string[];
  readonly observed: readonly string[];
  readonly policy: string | null;
  /** What the client was told where it was denied. */
  readonly message: string | null;
  /** Those under which it ran, and those that its result asked for. */
  readonly approvals: readonly RecordedApproval[];
  /** The requests of MCP behind it; null: none is known of, or expected. */
  readonly cause: RecordedCause | null;
  /** Of a request of MCP: the SQL that ran for it. */
  readonly sql: readonly RecordedSql[];
  readonly results: readonly RecordedResult[];
  /** What the client got to see, where that is recorded. */
  readonly responses: readonly RecordedResponse[];
}

export interface Recording {
  readonly session: SessionSummary;
  readonly statements: readonly RecordedStatement[];
}

const NO_FILTER = {
  user: null,
  rule: null,
  table: null,
  sinceMs: null,
  untilMs: null,
  deniedOnly: false,
  text: null,
};

/** The sessions whose id begins so, each with its records. */
export function recordsBySession(
  records: Iterable<JsonObject>,
  prefix: string,
): ReadonlyMap<string, readonly JsonObject[]> {
  const found = new Map<string, JsonObject[]>();
  for (const record of records) {
    const id = textIn(record, 'session');
    if (id === null || !id.startsWith(prefix) || record['type'] === 'login-refused') continue;
    const own = found.get(id);
    if (own === undefined) found.set(id, [record]);
    else own.push(record);
  }
  return found;
}

/** `sql`: what ran for its requests, by their number. */
export function recordingOf(
  id: string,
  records: readonly JsonObject[],
  sql: ReadonlyMap<number, readonly RecordedSql[]> = new Map(),
): Recording {
  const startedAt = textIn(records[0] ?? {}, 'at') ?? '';
  const tally = new SessionTally(id, startedAt);
  const results = new Map<number, RecordedResult[]>();
  const approvals = new RecordedApprovals();
  const responses = new RecordedResponses();
  for (const record of records) {
    approvals.add(record);
    responses.add(record);
    tally.add(record, NO_FILTER);
    const number = numberIn(record, 'number');
    if (record['type'] !== 'result' || number === null) continue;
    results.set(number, [...(results.get(number) ?? []), resultOf(record)]);
  }
  const startedMs = Date.parse(startedAt);
  const statements = records
    .filter(({ type }) => type === 'statement' || type === 'parse' || type === 'denied')
    .map((record) => statementOf(record, startedMs, { results, approvals, responses, sql }));
  return { session: tally.summary(), statements };
}

function resultOf(record: JsonObject): RecordedResult {
  return {
    tag: textIn(record, 'tag'),
    sqlstate: textIn(record, 'sqlstate'),
    rows: numberIn(record, 'rows') ?? 0,
    bytes: numberIn(record, 'bytes') ?? 0,
    ms: numberIn(record, 'ms') ?? 0,
    truncatedBy: textIn(record, 'truncatedBy'),
  };
}

interface Gathered {
  readonly results: ReadonlyMap<number, readonly RecordedResult[]>;
  readonly approvals: RecordedApprovals;
  readonly responses: RecordedResponses;
  readonly sql: ReadonlyMap<number, readonly RecordedSql[]>;
}

function statementOf(
  record: JsonObject,
  startedMs: number,
  { results, approvals, responses, sql }: Gathered,
): RecordedStatement {
  const number = numberIn(record, 'number') ?? 0;
  const at = textIn(record, 'at') ?? '';
  const { parameters } = record;
  return {
    number,
    at,
    offsetMs: Date.parse(at) - startedMs,
    via: textIn(record, 'via') ?? '',
    text: textIn(record, 'text') ?? '',
    parameters: parameters !== undefined && isArray(parameters) ? parameters : [],
    kinds: wordsIn(record, 'kinds'),
    tables: wordsIn(record, 'tables'),
    verdict: textIn(record, 'verdict') ?? (record['type'] === 'denied' ? 'deny' : 'allow'),
    rule: textIn(record, 'rule'),
    rules: wordsIn(record, 'rules'),
    observed: wordsIn(record, 'observed'),
    policy: textIn(record, 'policy'),
    message: textIn(record, 'message'),
    approvals: approvals.of(wordsIn(record, 'approvals'), number),
    cause: causeIn(record),
    sql: sql.get(number) ?? [],
    results: record['type'] === 'denied' ? [] : (results.get(number) ?? []),
    responses: record['type'] === 'denied' ? [] : responses.of(number),
  };
}

function causeIn(record: JsonObject): RecordedCause | null {
  const { cause } = record;
  if (cause === undefined || !isObject(cause)) return null;
  const { calls, after } = cause;
  return {
    session: textIn(cause, 'session') ?? '',
    agent: textIn(cause, 'agent'),
    calls: calls !== undefined && isArray(calls) ? calls.filter(isObject).map(callIn) : [],
    after: after !== undefined && isObject(after) ? callIn(after) : null,
  };
}

function callIn(call: JsonObject): RecordedCause['calls'][number] {
  const words = [textIn(call, 'method'), textIn(call, 'about')].filter((word) => word !== null);
  return { number: numberIn(call, 'number') ?? 0, what: words.join(' ') };
}

/** What one session's records say of approvals. */
class RecordedApprovals {
  readonly #byId = new Map<string, RecordedApproval>();
  /** Requests about the result of a statement, by its number. */
  readonly #byNumber = new Map<number, string[]>();

  add(record: JsonObject): void {
    const id = textIn(record, 'approval');
    if (id === null) return;
    const known = this.#byId.get(id) ?? { id, outcome: null, votes: [] };
    this.#byId.set(id, known);
    const number = numberIn(record, 'number');
    if (record['type'] === 'approval-request' && number !== null)
      this.#byNumber.set(number, [...(this.#byNumber.get(number) ?? []), id]);
    if (record['type'] === 'approval') this.#byId.set(id, { ...known, outcome: textIn(record, 'outcome') });
    if (record['type'] !== 'approval-vote') return;
    const vote = {
      by: textIn(record, 'by') ?? '',
      vote: textIn(record, 'vote') ?? '',
      reason: textIn(record, 'reason'),
    };
    this.#byId.set(id, { ...known, votes: [...known.votes, vote] });
  }

  of(ids: readonly string[], number: number): readonly RecordedApproval[] {
    return [...ids, ...(this.#byNumber.get(number) ?? [])].map(
      (id) => this.#byId.get(id) ?? { id, outcome: null, votes: [] },
    );
  }
}
