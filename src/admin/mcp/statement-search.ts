/** Statements of many sessions: the sessions are found by the index, and their statements held against the rest. */
import { z } from 'zod';
import type { RecordingsPort } from '../ports.ts';
import { Refusal } from '../refusal.ts';
import {
  type RecordedSession,
  type RecordedStatementInfo,
  type RecordingPage,
  searchSchema,
} from '../wire.ts';
import { PAGE_CHARACTERS_MAX, shortened } from './pages.ts';

const filterText = z.string().min(1).max(200);

export const statementQuerySchema = z.strictObject({
  user: filterText.optional(),
  listener: filterText.optional(),
  rule: filterText.optional().describe('that matched, as the journal names it'),
  table: filterText.optional().describe('such as shop.orders or billing.*'),
  verdict: z.enum(['allow', 'deny']).optional(),
  since: z.iso.datetime({ offset: true }).optional(),
  until: z.iso.datetime({ offset: true }).optional(),
  text: filterText.optional().describe('what the statement says, in upper or lower case'),
  after: filterText.optional().describe('what "next" of the page before said'),
  limit: z.number().int().min(1).max(100).default(25),
});

type StatementQuery = z.output<typeof statementQuerySchema>;

export interface FoundStatement extends Omit<RecordedStatementInfo, 'responses'> {
  readonly session: string;
  readonly user: string | null;
}

/** Sessions and statements that one call looks at. */
const SESSIONS_MAX = 50;
const LOOKED_AT_MAX = 5_000;
const PAGE_STATEMENTS = 200;

/** Where a page ended: in which session, at which of its statements, and where the sessions behind it begin. */
interface Mark {
  /** Null: the next one behind `before`. */
  readonly session: string | null;
  readonly from: number;
  /** Null: there are none behind it; without a session, from the newest on. */
  readonly before: string | null;
}

const BEGINNING: Mark = { session: null, from: 0, before: null };

export async function findStatements(
  query: StatementQuery,
  recordings: RecordingsPort,
): Promise<{ readonly statements: FoundStatement[]; readonly next: string | null }> {
  const page = new FoundPage(query.limit);
  let mark: Mark | null = query.after === undefined ? BEGINNING : markFrom(query.after);
  for (let asked = 0; mark !== null; asked++) {
    if (asked >= SESSIONS_MAX || page.lookedAt >= LOOKED_AT_MAX) return page.endingAt(mark);
    mark =
      mark.session === null
        ? await nextSession(query, mark.before, recordings)
        : await searchSession({ ...mark, session: mark.session }, query, { recordings, page });
    if (page.isFull && mark !== null) return page.endingAt(mark);
  }
  return page.endingAt(null);
}

class FoundPage {
  readonly #limit: number;
  readonly #found: FoundStatement[] = [];
  #characters = 0;
  lookedAt = 0;
  isFull = false;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** False where it does not fit any more. */
  take(statement: FoundStatement): boolean {
    this.#characters += JSON.stringify(statement).length;
    const fits = this.#found.length === 0 || this.#characters <= PAGE_CHARACTERS_MAX;
    if (fits && this.#found.length < this.#limit) {
      this.#found.push(statement);
      return true;
    }
    this.isFull = true;
    return false;
  }

  endingAt(mark: Mark | null) {
    return { statements: this.#found, next: mark === null ? null : written(mark) };
  }
}

/** Gives where to go on. */
async function searchSession(
  mark: Mark & { readonly session: string },
  query: StatementQuery,
  { recordings, page }: { readonly recordings: RecordingsPort; readonly page: FoundPage },
): Promise<Mark | null> {
  for (let from: number | null = mark.from; from !== null; ) {
    if (page.lookedAt >= LOOKED_AT_MAX) return { ...mark, from };
    const records: RecordingPage | null = await recordings.get(mark.session, from, PAGE_STATEMENTS);
    for (const statement of records?.statements ?? []) {
      page.lookedAt++;
      if (records === null || !matches(statement, query)) continue;
      if (!page.take(told(statement, records.session))) return { ...mark, from: statement.number };
    }
    from = records?.next ?? null;
  }
  return mark.before === null ? null : { session: null, from: 0, before: mark.before };
}

async function nextSession(
  { after: _after, limit: _limit, verdict, ...rest }: StatementQuery,
  before: string | null,
  recordings: RecordingsPort,
): Promise<Mark | null> {
  const query = { ...rest, before: before ?? undefined, denied: verdict === 'deny' ? 'true' : undefined };
  const { sessions, next } = await recordings.search(searchSchema.parse({ ...query, limit: 1 }));
  const [session] = sessions;
  if (session !== undefined) return { session: session.id, from: 0, before: next };
  // A search by text stops after a stretch of the journal, be anything found in it or not.
  return next === null ? null : { session: null, from: 0, before: next };
}

function matches(statement: RecordedStatementInfo, query: StatementQuery): boolean {
  const { rule, table, verdict, since, until, text } = query;
  const at = Date.parse(statement.at);
  return (
    (verdict === undefined || statement.verdict === verdict) &&
    (rule === undefined ||
      [...statement.rules, statement.rule ?? ''].some((own) => globMatches(rule, own))) &&
    (table === undefined || statement.tables.some((own) => globMatches(table, own))) &&
    (since === undefined || at >= Date.parse(since)) &&
    (until === undefined || at <= Date.parse(until)) &&
    (text === undefined || statement.text.toLowerCase().includes(text.toLowerCase()))
  );
}

/** `*` stands for anything, as it does where sessions are searched. */
function globMatches(pattern: string, name: string): boolean {
  const parts = pattern.split('*');
  const [first = ''] = parts;
  if (parts.length === 1) return name === pattern;
  if (!name.startsWith(first)) return false;
  let from = first.length;
  for (const part of parts.slice(1, -1)) {
    const at = name.indexOf(part, from);
    if (at < 0) return false;
    from = at + part.length;
  }
  const last = parts.at(-1) ?? '';
  return name.length - from >= last.length && name.endsWith(last);
}

function told(
  { responses: _, ...statement }: RecordedStatementInfo,
  session: RecordedSession,
): FoundStatement {
  return { ...statement, text: shortened(statement.text), session: session.id, user: session.user };
}

function written({ session, from, before }: Mark): string {
  return `${session ?? ''}.${from}.${before ?? ''}`;
}

function markFrom(text: string): Mark {
  const [, session, from, before] =
    /^([A-Za-z0-9-]{0,64})\.(\d{1,9})\.((?:\d{1,16}-\d{1,16})?)$/.exec(text) ?? [];
  if (session === undefined || from === undefined || before === undefined)
    throw new Refusal(400, '"after" is what "next" of the page before said.');
  return {
    session: session === '' ? null : session,
    from: Number(from),
    before: before === '' ? null : before,
  };
}
