/** Sessions as a journal tells of them: one summary each, and whether a filter's words occur in them. */
import { isObject, type JsonObject } from '../core/json.ts';
import { compilePattern, matchesRelation, type NamePattern } from '../policy/pattern.ts';
import { numberIn, textIn, wordsIn } from './record-fields.ts';

export interface SessionSummary {
  readonly id: string;
  readonly at: string;
  /** The time of its last record. */
  readonly until: string;
  readonly user: string | null;
  readonly groups: readonly string[];
  readonly client: string | null;
  readonly listener: string | null;
  readonly application: string | null;
  /** The MCP session that it works for. */
  readonly behind: string | null;
  readonly statements: number;
  readonly denied: number;
  /** Results that were cut by a limit. */
  readonly truncated: number;
  readonly rows: number;
  readonly bytes: number;
  readonly ms: number;
  /** Why it ended; null where no record says so: it is still open, or Sluice was killed. */
  readonly ended: string | null;
}

export interface SessionFilter {
  readonly user: string | null;
  readonly rule: string | null;
  /** A table as the policy file writes it; `*` stands for anything. */
  readonly table: NamePattern | null;
  /** Milliseconds since the epoch. */
  readonly sinceMs: number | null;
  readonly untilMs: number | null;
  readonly deniedOnly: boolean;
  /** What a statement says, in lower case. */
  readonly text: string | null;
}

/** A pattern of the policy file's, or null where it is none. */
export function tablePattern(written: string): NamePattern | null {
  return compilePattern(written, 2);
}

/** What is gathered of one session while the journal is read. */
export class SessionTally {
  readonly id: string;
  readonly #at: string;
  #start: JsonObject | null = null;
  #end: JsonObject | null = null;
  #last: string;
  #statements = 0;
  #denied = 0;
  #truncated = 0;
  #rows = 0;
  #bytes = 0;
  #ruleSeen = false;
  #tableSeen = false;
  #textSeen = false;

  constructor(id: string, at: string) {
    this.id = id;
    this.#at = at;
    this.#last = at;
  }

  add(record: JsonObject, { rule, table, text }: SessionFilter): void {
    this.#last = textIn(record, 'at') ?? this.#last;
    switch (record['type']) {
      case 'session-start':
        this.#start = record;
        return;
      case 'session-end':
        this.#end = record;
        return;
      case 'denied':
        this.#denied++;
        this.#statements++;
        break;
      case 'statement':
        this.#statements++;
        break;
      case 'result':
        this.#rows += numberIn(record, 'rows') ?? 0;
        this.#bytes += numberIn(record, 'bytes') ?? 0;
        if (textIn(record, 'truncatedBy') !== null) this.#truncated++;
        break;
      default:
        break;
    }
    if (text !== null && textIn(record, 'text')?.toLowerCase().includes(text) === true) this.#textSeen = true;
    if (rule !== null && rulesOf(record).includes(rule)) this.#ruleSeen = true;
    if (table !== null && wordsIn(record, 'tables').some((name) => isMeant(table, name)))
      this.#tableSeen = true;
  }

  matches(filter: SessionFilter): boolean {
    const { user, rule, table, sinceMs, untilMs, deniedOnly, text } = filter;
    if (user !== null && (this.#start === null || textIn(this.#start, 'principal') !== user)) return false;
    if (rule !== null && !this.#ruleSeen) return false;
    if (table !== null && !this.#tableSeen) return false;
    if (text !== null && !this.#textSeen) return false;
    if (sinceMs !== null && Date.parse(this.#last) < sinceMs) return false;
    if (untilMs !== null && Date.parse(this.#at) > untilMs) return false;
    return !deniedOnly || this.#denied > 0;
  }

  summary(): SessionSummary {
    const start = this.#start ?? {};
    const end = this.#end ?? {};
    return {
      id: this.id,
      at: this.#at,
      until: this.#last,
      user: textIn(start, 'principal'),
      groups: wordsIn(start, 'groups'),
      client: textIn(start, 'client'),
      listener: textIn(start, 'listener'),
      application: textIn(start, 'application'),
      behind: behindIn(start),
      statements: numberIn(end, 'statements') ?? this.#statements,
      denied: numberIn(end, 'denied') ?? this.#denied,
      truncated: this.#truncated,
      rows: numberIn(end, 'rows') ?? this.#rows,
      bytes: numberIn(end, 'bytes') ?? this.#bytes,
      ms: numberIn(end, 'ms') ?? Date.parse(this.#last) - Date.parse(this.#at),
      ended: textIn(end, 'reason'),
    };
  }
}

function behindIn({ behind }: JsonObject): string | null {
  return behind !== undefined && isObject(behind) ? textIn(behind, 'session') : null;
}

function rulesOf(record: JsonObject): readonly string[] {
  const single = [textIn(record, 'rule'), textIn(record, 'truncatedBy')].filter((rule) => rule !== null);
  return [...single, ...wordsIn(record, 'rules')];
}

function isMeant(pattern: NamePattern, written: string): boolean {
  const dot = written.lastIndexOf('.');
  const schema = dot < 0 ? null : written.slice(0, dot);
  return matchesRelation(pattern, { schema, name: written.slice(dot + 1) }, 'some');
}

/** Every session of a journal that the filter lets through, oldest first. */
export function summariesOf(records: Iterable<JsonObject>, filter: SessionFilter): readonly SessionSummary[] {
  const tallies = new Map<string, SessionTally>();
  for (const record of records) {
    const id = textIn(record, 'session');
    if (id === null || record['type'] === 'login-refused') continue;
    let tally = tallies.get(id);
    if (tally === undefined) {
      tally = new SessionTally(id, textIn(record, 'at') ?? '');
      tallies.set(id, tally);
    }
    tally.add(record, filter);
  }
  return [...tallies.values()].filter((tally) => tally.matches(filter)).map((tally) => tally.summary());
}
