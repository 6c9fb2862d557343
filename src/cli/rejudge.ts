/** Recorded statements and requests judged again, by another policy: what would have come out otherwise. */
import { NO_LIMIT, type Obligations, type ResultLimit } from '../core/decision.ts';
import { isArray, type JsonObject } from '../core/json.ts';
import type { Principal } from '../core/principal.ts';
import { formatBytes } from '../core/quantities.ts';
import { explain, type Judging } from './explanation.ts';
import { numberIn, textIn, wordsIn } from './record-fields.ts';
import { isRequestRecord, rejudgedRequest, requestTitle } from './rejudged-request.ts';
import type { RequestPremises } from './request-explanation.ts';
import { ruleOf } from './request-explanation-json.ts';

/** By the name of the listener; null: there is none of that name any more. */
export interface RejudgePremises {
  statements(listener: string): Judging | null;
  requests(listener: string): RequestPremises | null;
}

export interface Judged {
  readonly outcome: 'allow' | 'deny' | 'approve' | 'cut';
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

interface Outcome {
  readonly after: Judged;
  /** Of what is judged again; null: it cannot be read. */
  readonly obligations: Obligations | null;
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
  readonly #premises: RejudgePremises;
  readonly #sessions = new Map<string, Session>();
  /** Statements that passed, whose results are still to come: a limit may cut them. */
  readonly #open = new Map<string, { readonly recorded: Recorded; readonly limit: ResultLimit }>();
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

  constructor(premises: RejudgePremises) {
    this.#premises = premises;
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
    const recorded = recordedOf(id, record);
    const outcome = isRequestRecord(record)
      ? await this.#ofRequest(record, recorded, session)
      : await this.#ofStatement(record, recorded, session);
    if (typeof outcome === 'string') return this.#skip(outcome);
    this.#statements++;
    this.#seen.add(id);
    this.#firstAt ??= recorded.at;
    this.#lastAt = recorded.at;
    const { after, obligations } = outcome;
    if (isChange(recorded.before, after, obligations)) return this.#change(recorded, after, session);
    this.#unchanged++;
    const { rows, bytes } = obligations?.limit ?? NO_LIMIT;
    if (after.outcome !== 'allow' || (rows === null && bytes === null) || this.#open.size >= OPEN_MAX) return;
    this.#open.set(`${id} ${recorded.number}`, { recorded, limit: obligations?.limit ?? NO_LIMIT });
  }

  async #ofStatement(record: JsonObject, recorded: Recorded, session: Session): Promise<Outcome | string> {
    if (wordsIn(record, 'kinds').some((kind) => NAMING.has(kind)))
      return 'it runs what its session has named before';
    const premises = this.#premises.statements(session.listener);
    if (premises === null) return `no database is behind a listener "${session.listener}"`;
    const { verdict, denial, statements } = await explain(premises, {
      sql: recorded.text,
      context: session,
      parameters: recorded.parameters,
      atMs: Date.parse(recorded.at),
    });
    const settling = statements.find(({ decision }) => decision.verdict !== 'allow')?.decision.rule;
    return {
      after: { outcome: verdict, rule: denial?.rule ?? settling ?? null, message: denial?.message ?? null },
      obligations: statements[0]?.decision.obligations ?? null,
    };
  }

  async #ofRequest(
    record: JsonObject,
    { before, at }: Recorded,
    session: Session,
  ): Promise<Outcome | string> {
    const premises = this.#premises.requests(session.listener);
    if (premises === null) return `there is no listener "${session.listener}" of HTTP or MCP any more`;
    const explained = await rejudgedRequest(record, premises, { context: session, atMs: Date.parse(at) });
    if (typeof explained === 'string') return explained;
    const { verdict, decision, denial, refusal } = explained;
    const rule = ruleOf(explained);
    if (before.outcome === 'deny' && before.rule?.startsWith('sluice/') === true && before.rule !== rule)
      return 'Sluice refused them by a rule of its own, whatever the policy';
    return {
      after: {
        outcome: verdict === 'refused' ? 'deny' : verdict,
        rule,
        message: denial?.message ?? refusal,
      },
      obligations: decision?.obligations ?? null,
    };
  }

  /** What came back is known: whether the new limit would have let it. */
  #result(id: string, record: JsonObject): void {
    const key = `${id} ${numberIn(record, 'number') ?? -1}`;
    const open = this.#open.get(key);
    const session = this.#sessions.get(id);
    if (open === undefined || session === undefined) return;
    this.#open.delete(key);
    if (textIn(record, 'truncatedBy') !== null) return;
    const { recorded, limit } = open;
    const [rows, bytes] = [numberIn(record, 'rows') ?? 0, numberIn(record, 'bytes') ?? 0];
    const cut = (rule: string | null, came: string, may: string) => {
      this.#unchanged--;
      this.#change(recorded, { outcome: 'cut', rule, message: `${came} came, and ${may} may` }, session);
    };
    if (limit.rows !== null && rows > limit.rows)
      cut(limit.rowsRule, `${rows.toLocaleString('en')} rows`, limit.rows.toLocaleString('en'));
    else if (limit.bytes !== null && bytes > limit.bytes)
      cut(limit.bytesRule, formatBytes(bytes), formatBytes(limit.bytes));
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

/** What budgets and rates refused, and what people did, does not come out otherwise for being judged again. */
function isChange(before: Judged, after: Judged, obligations: Obligations | null): boolean {
  if (after.outcome === before.outcome) return after.outcome !== 'allow' && after.rule !== before.rule;
  if (before.outcome !== 'deny' || before.rule === null) return true;
  const wasRuled = before.message?.startsWith('denied by rule') !== false;
  if (after.outcome === 'approve') return wasRuled || after.rule !== before.rule;
  const counted = [...(obligations?.budgets ?? []), ...(obligations?.rates ?? [])];
  return !counted.some(({ rule }) => rule === before.rule);
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
    text: isRequestRecord(record) ? requestTitle(record) : (textIn(record, 'text') ?? ''),
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
