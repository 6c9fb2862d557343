/**
 * Why SQL runs: which requests of MCP are under way behind it. A session credential that Sluice made for the server of an
 * MCP session names that session; trace context that a server passes on in comments (W3C traceparent, by sqlcommenter)
 * names the request where credentials do not, and tells several apart where they do.
 */
import type { SessionId, StatementNumber } from '../core/ids.ts';
import type { Identity } from '../core/principal.ts';
import type { RequestFacts } from '../core/requests.ts';

/** A request of MCP that has been let pass and has no answer yet. */
export interface RunningCall {
  readonly session: SessionId;
  /** Of the program that asks, as it calls itself; null where it does not. */
  readonly agent: string | null;
  /** By which the journal has it in its session. */
  readonly number: StatementNumber;
  readonly method: string;
  /** The tool, prompt or resource; null: it is about none. */
  readonly about: string | null;
  /** As the client numbers it, in JSON; null: not known. */
  readonly request: string | null;
  /** The trace that it is part of, 32 hexadecimal digits; null: none. */
  readonly trace: string | null;
}

/** More are not named in one record. */
const NAMED_MAX = 8;
const ABOUT_CHARACTERS_MAX = 200;
const TRACE_PARENT = /traceparent\s*=\s*'[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}'/;
const TRACE_MARK = Buffer.from('traceparent');

/** The trace of a `traceparent` (W3C trace context, 3.2); null: it is none. */
export function traceOf(parent: string): string | null {
  const trace = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/.exec(parent)?.[1];
  return trace === undefined || /^0+$/.test(trace) ? null : trace;
}

/** The requests of one session that are under way. */
export class RunningCalls {
  readonly session: SessionId;
  readonly agent: string | null;
  readonly #calls = new Map<StatementNumber, RunningCall>();
  readonly #traces: Map<string, RunningCall>;
  #last: RunningCall | null = null;

  constructor(session: SessionId, agent: string | null, traces: Map<string, RunningCall>) {
    this.session = session;
    this.agent = agent;
    this.#traces = traces;
  }

  begin(
    number: StatementNumber,
    facts: RequestFacts,
    { request = null, trace = null }: { readonly request?: string | null; readonly trace?: string | null },
  ): void {
    if (facts.about !== 'mcp') return;
    const { session, agent } = this;
    const about = (facts.tool ?? facts.prompt ?? facts.resource)?.slice(0, ABOUT_CHARACTERS_MAX) ?? null;
    const call = { session, agent, number, method: facts.method, about, request, trace };
    this.#calls.set(number, call);
    if (trace !== null) this.#traces.set(trace, call);
  }

  end(number: StatementNumber): void {
    const call = this.#calls.get(number);
    if (call === undefined) return;
    this.#calls.delete(number);
    this.#last = call;
    if (call.trace !== null && this.#traces.get(call.trace) === call) this.#traces.delete(call.trace);
  }

  get all(): readonly RunningCall[] {
    return [...this.#calls.values()];
  }

  /** What ended last: a server may tidy up behind it. */
  get last(): RunningCall | null {
    return this.#last;
  }
}

/** What is behind one session of SQL. */
export class SessionCause {
  readonly #linked: RunningCalls | null;
  readonly #traces: ReadonlyMap<string, RunningCall>;

  constructor(linked: RunningCalls | null, traces: ReadonlyMap<string, RunningCall>) {
    this.#linked = linked;
    this.#traces = traces;
  }

  /** A request has to be behind every statement, and none is. */
  get isUnexplained(): boolean {
    return this.#linked !== null && this.#linked.all.length === 0;
  }

  /** As a JSON member with a comma before it, for a session's first record; empty where nothing is behind it. */
  get sessionMember(): string {
    if (this.#linked === null) return '';
    const { session, agent } = this.#linked;
    return `,"behind":${JSON.stringify({ session, agent })}`;
  }

  /** The same for a statement's record. */
  statementMember(text: Buffer): string {
    const linked = this.#linked;
    if (linked === null && this.#traces.size === 0) return '';
    const trace = traceIn(text);
    if (linked === null) {
      const call = trace === null ? undefined : this.#traces.get(trace);
      return call === undefined ? '' : member(call.session, call.agent, 'trace', [call], null);
    }
    const { session, agent, all, last } = linked;
    const traced = trace === null ? [] : all.filter((call) => call.trace === trace);
    if (traced.length > 0) return member(session, agent, 'trace', traced, null);
    return member(session, agent, 'credential', all, all.length === 0 ? last : null);
  }
}

function traceIn(text: Buffer): string | null {
  if (!text.includes(TRACE_MARK)) return null;
  return TRACE_PARENT.exec(text.toString('latin1'))?.[1] ?? null;
}

/** `by`: how the request is known: the login is the session's own, or the statement says so itself. */
function member(
  session: SessionId,
  agent: string | null,
  by: 'credential' | 'trace',
  calls: readonly RunningCall[],
  last: RunningCall | null,
): string {
  const named = calls.slice(0, NAMED_MAX).map(brief);
  const rest = calls.length > NAMED_MAX ? { more: calls.length - NAMED_MAX } : {};
  const after = last === null ? {} : { after: brief(last) };
  return `,"cause":${JSON.stringify({ session, agent, by, calls: named, ...rest, ...after })}`;
}

function brief({ number, method, about, request }: RunningCall) {
  return { number, method, about, ...(request === null ? {} : { request }) };
}

/** All of a process. */
export class Causes {
  readonly #linked = new Map<string, RunningCalls>();
  readonly #traces = new Map<string, RunningCall>();

  /** The requests of a session that begins. */
  callsOf(session: SessionId, agent: string | null): RunningCalls {
    return new RunningCalls(session, agent, this.#traces);
  }

  /** Whoever logs in by this credential works for that session, until the link is taken back. */
  link(credential: string, calls: RunningCalls): () => void {
    this.#linked.set(credential, calls);
    return () => this.#linked.delete(credential);
  }

  behind({ proof }: Identity): SessionCause {
    const linked = proof.credential === null ? null : (this.#linked.get(proof.credential) ?? null);
    return new SessionCause(linked, this.#traces);
  }
}
