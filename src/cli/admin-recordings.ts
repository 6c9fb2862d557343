/** Recorded sessions for the admin API, from the index of the journal. */
import type { RecordingsPort } from '../admin/ports.ts';
import type { RecordedSession, RecordingPage, SearchQuery, SessionPage, TrafficInfo } from '../admin/wire.ts';
import type { IndexThread } from '../recordings/index-thread.ts';
import type { PageMark, SessionQuery } from '../recordings/questions.ts';
import { sqlBehind } from './recorded-story.ts';
import { recordingOf } from './recording.ts';

const EVERYTHING: SessionQuery = {
  user: null,
  listener: null,
  id: null,
  rule: null,
  table: null,
  sinceMs: null,
  untilMs: null,
  deniedOnly: false,
  text: null,
  before: null,
  limit: 50,
};

export class AdminRecordings implements RecordingsPort {
  readonly #index: IndexThread;

  constructor(index: IndexThread) {
    this.#index = index;
  }

  async search(query: SearchQuery): Promise<SessionPage> {
    const page = await this.#index.sessions(sessionQuery(query, query.limit));
    return { ...page, next: page.next === null ? null : `${page.next.at}-${page.next.ord}` };
  }

  async recent(user: string, limit: number): Promise<readonly RecordedSession[]> {
    return (await this.#index.sessions({ ...EVERYTHING, user, limit })).sessions;
  }

  async get(id: string, fromNumber: number, limit: number): Promise<RecordingPage | null> {
    const page = await this.#index.records(id, fromNumber, limit);
    if (page === null) return null;
    const { session, records, caused, nextNumber } = page;
    // Offsets count from the session's beginning, which a later page does not have.
    const { statements } = recordingOf(
      id,
      [{ type: 'page', at: session.at }, ...records],
      sqlBehind(caused, id),
    );
    return { session, statements, next: nextNumber };
  }

  async traffic(sinceMs: number, untilMs: number): Promise<TrafficInfo> {
    const { stepMs, points } = await this.#index.traffic(sinceMs, untilMs);
    return {
      stepMs,
      since: new Date(sinceMs).toISOString(),
      until: new Date(untilMs).toISOString(),
      points: points.map(({ atMs, ...point }) => ({ ...point, at: atMs })),
    };
  }
}

/** What is asked for in the words of the API, as the index is asked. */
export function sessionQuery(query: Omit<SearchQuery, 'limit'>, limit: number): SessionQuery {
  return {
    user: query.user ?? null,
    listener: query.listener ?? null,
    id: query.id ?? null,
    rule: query.rule ?? null,
    table: query.table ?? null,
    sinceMs: query.since === undefined ? null : Date.parse(query.since),
    untilMs: query.until === undefined ? null : Date.parse(query.until),
    deniedOnly: query.denied === 'true',
    text: query.text ?? null,
    before: markFrom(query.before),
    limit,
  };
}

function markFrom(written: string | undefined): PageMark | null {
  const [at, ord] = (written ?? '').split('-').map(Number);
  return at === undefined || ord === undefined ? null : { at, ord };
}
