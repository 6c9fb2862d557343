/** One session out of a journal: what was asked, what was said of it, how it came out, and when. */
import { isArray, type JsonObject } from '../core/json.ts';
import { numberIn, textIn, wordsIn } from './record-fields.ts';
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
  readonly results: readonly RecordedResult[];
}

export interface Recording {
  readonly session: SessionSummary;
  readonly statements: readonly RecordedStatement[];
}

const NO_FILTER = { user: null, rule: null, table: null, sinceMs: null, untilMs: null, deniedOnly: false };

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

export function recordingOf(id: string, records: readonly JsonObject[]): Recording {
  const startedAt = textIn(records[0] ?? {}, 'at') ?? '';
  const tally = new SessionTally(id, startedAt);
  const results = new Map<number, RecordedResult[]>();
  for (const record of records) {
    tally.add(record, NO_FILTER);
    const number = numberIn(record, 'number');
    if (record['type'] !== 'result' || number === null) continue;
    results.set(number, [...(results.get(number) ?? []), resultOf(record)]);
  }
  const startedMs = Date.parse(startedAt);
  const statements = records
    .filter(({ type }) => type === 'statement' || type === 'parse' || type === 'denied')
    .map((record) => statementOf(record, startedMs, results));
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

function statementOf(
  record: JsonObject,
  startedMs: number,
  results: ReadonlyMap<number, readonly RecordedResult[]>,
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
    results: record['type'] === 'denied' ? [] : (results.get(number) ?? []),
  };
}
