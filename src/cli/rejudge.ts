/** Recorded statements judged again, by another policy: what would have come out otherwise. */
import { isArray, type JsonObject } from '../core/json.ts';
import type { Principal } from '../core/principal.ts';
import { explain, type Judging } from './explanation.ts';
import { numberIn, textIn, wordsIn } from './record-fields.ts';

export type Outcome = 'allow' | 'deny' | 'approve' | 'cut';

export interface Judged {
  readonly outcome: Outcome;
  readonly rule: string | null;
  /** What the client is told of it; null where it passes. */
  readonly message: string | null;
}

/** Statements of one text that would come out otherwise than they did, in the same way. */
export interface Change {
  readonly text: string;
  readonly before: Judged;
  readonly after: Judged;
  /** How often, and by whom. */
  readonly count: number;
  readonly users: readonly string[];
  readonly firstAt: string;
  /** The session of the first. */
  readonly session: string;
}

export interface Rejudgement {
  readonly sessions: number;
  readonly statements: number;
  readonly firstAt: string | null;
  readonly lastAt: string | null;
  readonly changes: readonly Change[];
  readonly unchanged: number;
  /** Why some could not be judged, and how many. */
  readonly skipped: ReadonlyMap<string, number>;
}

interface Session {
  readonly principal: Principal;
  readonly listener: string;
  readonly clientAddress: string | null;
}

interface Recorded {
  readonly session: string;
  readonly number: number;
  readonly at: string;
  readonly text: string;
  readonly parameters: readonly (string | null)[];
  readonly before: Judged;
}

/** Verbs of statements whose meaning is that of another one. */
const NAMING: ReadonlySet<string> = new Set(['EXECUTE', 'FETCH', 'MOVE']);

/** Results of later records are matched to statements by these many; more are not under way in one session. */
const OPEN_MAX = 10_000;

export class Rejudge {
  readonly #premisesOf: (listener: string) => Judging | null;
  readonly #sessions = new Map<string, Session>();
  /** Statements that passed, whose results are still to come: a limit may cut them. */
  readonly #open = new Map<
    string,
    { readonly recorded: Recorded; readonly rowsMax: number | null; readonly rule: string | null }
  >();
  readonly #changes = new Map<
    string,
    Omit<Change, 'count' | 'users'> & { count: number; readonly users: Set<string> }
  >();
  readonly #skipped = new Map<string, number>();
  readonly #seen = new Set<string>();
  #statements = 0;
  #unchanged = 0;
  #firstAt: string | null = null;
  #lastAt: string | null = null;

  /** `premisesOf` gives null for a listener that there is none of any more. */
  constructor(premisesOf: (listener: string) => Judging | null) {
    this.#premisesOf = premisesOf;
  }

  async add(record: JsonObject): Promise<void> {
    const session = textIn(record, 'session');
    if (session === null) return;
    const type = textIn(record, 'type');
    if (type === 'session-start') this.#sessions.set(session, sessionOf(record));
    else if (type === 'session-end') this.#sessions.delete(session);
    else if (type === 'statement' || type === 'denied') await this.#judge(session, record);
    else if (type === 'result') this.#result(session, record);
  }

  async #judge(id: string, record: JsonObject): Promise<void> {
    const session = this.#sessions.get(id);
    if (session === undefined) return this.#skip('the record of its session is not in the journal');
    if (numberIn(record, 'textBytes') !== null) return this.#skip('the journal has only a part of the text');
    if (wordsIn(record, 'kinds').some((kind) => NAMING.has(kind)))
      return this.#skip('it runs what its session has named before');
    const premises = this.#premisesOf(session.listener);
    if (premises === null) return this.#skip(`no database is behind a listener "${session.listener}"`);
    const recorded = recordedOf(id, record);
    this.#statements++;
    this.#seen.add(id);
    this.#firstAt ??= recorded.at;
    this.#lastAt = recorded.at;
    const { verdict, denial, statements } = await explain(premises, {
      sql: recorded.text,
      context: session,
      parameters: recorded.parameters,
      atMs: Date.parse(recorded.at),
    });
    const settling = statements.find(({ decision }) => decision.verdict !== 'allow')?.decision.rule;
    const after: Judged = {
      outcome: verdict,
      rule: denial?.rule ?? settling ?? null,
      message: denial?.message ?? null,
    };
    if (
      after.outcome !== recorded.before.outcome ||
      (after.outcome !== 'allow' && after.rule !== recorded.before.rule)
    ) {
      this.#change(recorded, after, session);
      return;
    }
    this.#unchanged++;
    if (after.outcome !== 'allow' || this.#open.size >= OPEN_MAX) return;
    const { rows: rowsMax, rowsRule: rule } = statements[0]?.decision.obligations.limit ?? {
      rows: null,
      rowsRule: null,
    };
    if (rowsMax !== null) this.#open.set(`${id} ${recorded.number}`, { recorded, rowsMax, rule });
  }

  /** What came back is known: whether the new limit would have let it. */
  #result(id: string, record: JsonObject): void {
    const key = `${id} ${numberIn(record, 'number') ?? -1}`;
    const open = this.#open.get(key);
    const session = this.#sessions.get(id);
    if (open === undefined || session === undefined) return;
    this.#open.delete(key);
    const rows = numberIn(record, 'rows') ?? 0;
    if (open.rowsMax === null || rows <= open.rowsMax || textIn(record, 'truncatedBy') !== null) return;
    this.#unchanged--;
    const message = `${rows.toLocaleString('en')} rows came, and ${open.rowsMax.toLocaleString('en')} may`;
    this.#change(open.recorded, { outcome: 'cut', rule: open.rule, message }, session);
  }

  #change(recorded: Recorded, after: Judged, { principal }: Session): void {
    const { text, before } = recorded;
    const key = JSON.stringify([text, before.outcome, before.rule, after.outcome, after.rule]);
    const known = this.#changes.get(key);
    if (known === undefined) {
      const users = new Set([principal.name]);
      this.#changes.set(key, {
        text,
        before,
        after,
        count: 1,
        users,
        firstAt: recorded.at,
        session: recorded.session,
      });
      return;
    }
    known.count++;
    known.users.add(principal.name);
  }

  #skip(why: string): void {
    this.#skipped.set(why, (this.#skipped.get(why) ?? 0) + 1);
  }

  get result(): Rejudgement {
    const changes = [...this.#changes.values()].map((change) => ({
      ...change,
      users: [...change.users].sort(),
    }));
    return {
      sessions: this.#seen.size,
      statements: this.#statements,
      firstAt: this.#firstAt,
      lastAt: this.#lastAt,
      changes: changes.toSorted((a, b) => b.count - a.count),
      unchanged: this.#unchanged,
      skipped: this.#skipped,
    };
  }
}

function sessionOf(record: JsonObject): Session {
  return {
    principal: { name: textIn(record, 'principal') ?? '', groups: wordsIn(record, 'groups') },
    listener: textIn(record, 'listener') ?? '',
    clientAddress: textIn(record, 'client'),
  };
}

function recordedOf(session: string, record: JsonObject): Recorded {
  const denied = record['type'] === 'denied';
  const approved = textIn(record, 'verdict') === 'approve';
  const { parameters } = record;
  return {
    session,
    number: numberIn(record, 'number') ?? 0,
    at: textIn(record, 'at') ?? '',
    text: textIn(record, 'text') ?? '',
    // What the journal has only in part, or hides, was no LIMIT.
    parameters:
      parameters !== undefined && isArray(parameters)
        ? parameters.map((value) => (typeof value === 'string' ? value : null))
        : [],
    before: {
      // What people had to agree to ran because they did.
      outcome: denied ? 'deny' : approved ? 'approve' : 'allow',
      rule: denied || approved ? textIn(record, 'rule') : null,
      message: textIn(record, 'message'),
    },
  };
}
