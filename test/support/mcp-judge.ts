/** A judge of MCP between a client that is played by the test and a server that is a table of answers. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Revision } from '../../protocols/mcp/revisions.ts';
import { ProxyError } from '../../src/core/errors.ts';
import { isObject, type JsonObject, parseJson } from '../../src/core/json.ts';
import { Meter } from '../../src/core/meter.ts';
import { lastingIdentity } from '../../src/core/principal.ts';
import { MessageMaskers } from '../../src/engine/message-maskers.ts';
import { Pins } from '../../src/engine/pins.ts';
import { PolicyHolder } from '../../src/engine/policy-holder.ts';
import type { RequestDomain } from '../../src/engine/request-domain.ts';
import { RequestSession } from '../../src/engine/request-session.ts';
import { ResultMasks } from '../../src/engine/result-masks.ts';
import { Sessions } from '../../src/engine/sessions.ts';
import { TaskOwners } from '../../src/engine/task-owners.ts';
import { TokenSeals } from '../../src/engine/token-seals.ts';
import { Turn } from '../../src/engine/turn.ts';
import { SigningKey } from '../../src/journal/keys.ts';
import { recordsIn } from '../../src/journal/read.ts';
import { Journal } from '../../src/journal/writer.ts';
import { HeldMemory } from '../../src/limits/held-memory.ts';
import { loadPolicy } from '../../src/policy/policy.ts';
import type { StateStore } from '../../src/state/store.ts';
import { ConversationJudge } from '../../src/transport/mcp/conversation-judge.ts';
import type { McpRequest } from '../../src/transport/mcp/judge.ts';
import type { JudgeGround } from '../../src/transport/mcp/judge-ground.ts';
import type { MessageToServer, ServerLeg, ServerStream } from '../../src/transport/mcp/legs.ts';
import { ListAsks } from '../../src/transport/mcp/list-asks.ts';
import { OutputSchemas } from '../../src/transport/mcp/output-schemas.ts';
import type { SqlInArguments } from '../../src/transport/mcp/sql-in-arguments.ts';
import { openStore } from './state-stores.ts';

/** By method, the result as it stands on the wire; or what comes of the request's own bytes. */
export type Answers = Readonly<Record<string, string | ((params: JsonObject) => string)>>;

export interface JudgeBench {
  readonly ground: JudgeGround;
  readonly store: StateStore;
  readonly alerts: string[];
  policy(text: string): void;
  session(principal?: string, revision?: Revision | null): Conversing;
  records(): readonly JsonObject[];
  close(): Promise<void>;
}

export interface BenchOptions {
  readonly policy?: string;
  readonly store?: StateStore;
  readonly sql?: (domain: RequestDomain) => SqlInArguments;
}

export function judgeBench(options: BenchOptions = {}): JudgeBench {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-judge-'));
  const journal = Journal.open({
    directory,
    key: SigningKey.loadOrCreate(join(directory, 'signing.key')),
    segmentBytesMax: 1 << 30,
    clock: () => Date.now(),
    onHealth: () => {},
  });
  const turn = new Turn(journal, {
    atEndOfTurn: (run) => setImmediate(run),
    soon: (run) => setImmediate(run),
  });
  const policy = new PolicyHolder(loadPolicy('policy', options.policy ?? 'default: allow\n').policy);
  const store = options.store ?? openStore('sqlite::memory:');
  const alerts: string[] = [];
  const domain: RequestDomain = {
    name: 'tools',
    upstream: 'a table of answers',
    policy,
    journal,
    turn,
    sessions: new Sessions(100),
    masks: new ResultMasks(new Map(), null),
    memory: new HeldMemory(1 << 28),
    access: { refusal: () => null },
    approvals: null,
    spendings: null,
    alerts: null,
    meter: new Meter(),
    synced: false,
    log: () => {},
    clock: () => Date.now(),
    now: () => performance.now(),
    after: () => ({ cancel: () => {} }),
    record(type, members) {
      journal.append(type, members);
      turn.wantFlush();
    },
    recordResult(result) {
      journal.appendResult(result);
      turn.wantFlush();
    },
    responses: null,
    recordResponse(members) {
      journal.appendLasting('response', members);
      turn.wantFlush();
    },
  };
  const ground: JudgeGround = {
    domain,
    maskers: new MessageMaskers(domain.masks, new TokenSeals('shared')),
    pins: new Pins({
      listener: 'tools',
      store,
      record: (type, members) => domain.record(type, members, 'soon'),
      alert: ({ message }) => alerts.push(message),
    }),
    tasks: new TaskOwners({ listener: 'tools', store, missed: () => {} }),
    schemas: new OutputSchemas(),
    listAsks: new ListAsks(() => performance.now()),
    sql: options.sql?.(domain) ?? null,
    clientBytesMax: 1 << 20,
    serverBytesMax: 1 << 24,
  };
  return {
    ground,
    store,
    alerts,
    policy: (text) => policy.replace(loadPolicy('policy', text).policy),
    session(principal = 'agent', revision = '2025-11-25') {
      const actor = lastingIdentity({ name: principal, groups: ['agents'] }, 'trust');
      const session = RequestSession.begin(domain, actor, {
        clientAddress: null,
        details: { application: 'test', secured: false, protocol: 'mcp' },
        cut: () => {},
        drain: () => {},
      });
      if (session instanceof ProxyError) throw session;
      return new Conversing(new ConversationJudge(ground, session, revision));
    },
    records() {
      turn.flush();
      return [...recordsIn(directory)];
    },
    async close() {
      ground.pins.close();
      journal.close();
      if (options.store === undefined) await store.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** One conversation: what the client sends is cleared, what is cleared is answered from the table, and judged again. */
export class Conversing {
  readonly judge: ConversationJudge;
  /** What has reached the server, as it came. */
  readonly arrived: string[] = [];
  answers: Answers = {};
  #id = 0;

  constructor(judge: ConversationJudge) {
    this.judge = judge;
    judge.attach(new TableLeg(() => this.answers, this.arrived));
  }

  /** The whole message that the client gets, as text. */
  async ask(method: string, params: JsonObject = {}): Promise<string> {
    const id = ++this.#id;
    const bytes = Buffer.from(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
    return this.exchange(bytes);
  }

  async exchange(bytes: Buffer): Promise<string> {
    const { request, answer } = await this.sent(bytes);
    if (answer !== null) return answer;
    const sent = parseJson(this.arrived.at(-1) ?? '');
    if (request === null || !isObject(sent)) return '';
    return this.answer(request, resultOf(this.answers, sent));
  }

  /** Sends without an answer of the server. */
  async sent(
    bytes: Buffer,
  ): Promise<{ readonly request: McpRequest | null; readonly answer: string | null }> {
    const read = this.judge.read(bytes);
    if (read.read === 'unread') return { request: null, answer: read.answer.toString() };
    const [message] = read.messages;
    if (message === undefined) throw new Error('no message was read');
    const outcome = await this.judge.clear(message);
    if (outcome.outcome === 'answer') return { request: null, answer: outcome.bytes.toString() };
    if (outcome.outcome === 'dropped') return { request: null, answer: `dropped: ${outcome.why}` };
    this.arrived.push(outcome.message.bytes.toString());
    return { request: outcome.request, answer: null };
  }

  /** What the client gets of a result with these bytes. */
  async answer(request: McpRequest, result: string): Promise<string> {
    return this.told(`{"jsonrpc":"2.0","id":${request.id.written},${result}}`, request);
  }

  /** What the client gets of any message of the server; what goes back to the server begins with `to server: `. */
  async told(message: string, on: McpRequest | null = null): Promise<string> {
    const outcome = await this.judge.fromServer(Buffer.from(message), on);
    switch (outcome.outcome) {
      case 'forward':
        return outcome.bytes.toString();
      case 'answer':
        return `to server: ${outcome.message.bytes.toString()}`;
      case 'dropped':
        return `dropped: ${outcome.why}`;
    }
  }
}

function resultOf(answers: Answers, message: JsonObject): string {
  const method = message['method'];
  const params = message['params'];
  const answer = typeof method === 'string' ? answers[method] : undefined;
  if (answer === undefined) return '"error":{"code":-32601,"message":"Method not found"}';
  const result =
    typeof answer === 'string' ? answer : answer(params !== undefined && isObject(params) ? params : {});
  return `"result":${result}`;
}

class TableLeg implements ServerLeg {
  readonly #answers: () => Answers;
  readonly #arrived: string[];

  constructor(answers: () => Answers, arrived: string[]) {
    this.#answers = answers;
    this.#arrived = arrived;
  }

  async send(message: MessageToServer): Promise<ServerStream> {
    const text = message.bytes.toString();
    this.#arrived.push(text);
    const sent = parseJson(text);
    const result = isObject(sent) ? resultOf(this.#answers(), sent) : '';
    const answer = Buffer.from(`{"jsonrpc":"2.0","id":${message.id?.written ?? 'null'},${result}}`);
    async function* events() {
      yield { message: answer, id: null, retryMs: null };
    }
    return { shape: 'one', events: events(), close: () => {} };
  }

  async listen(): Promise<null> {
    return null;
  }

  async end(): Promise<void> {}
}
