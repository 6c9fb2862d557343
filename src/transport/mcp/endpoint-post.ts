/** POST: messages of a client, judged one by one, each answered as its revision has it. */
import { codingsOf, type Field, firstValue } from '../../../protocols/http/index.ts';
import { errorAnswer, unsupportedVersion } from '../../../protocols/mcp/answers.ts';
import { META_VERSION, type Reading } from '../../../protocols/mcp/conversation.ts';
import { type RequestId, RPC_ERRORS } from '../../../protocols/mcp/message.ts';
import { headerMismatch, type MirroredValue, mirroredName } from '../../../protocols/mcp/mirrored-headers.ts';
import { type Revision, traitsOf } from '../../../protocols/mcp/revisions.ts';
import { ProxyError } from '../../core/errors.ts';
import { identityKey } from '../../core/principal.ts';
import { CANONICAL_JSON, isRefused, type JsonDocument, scanJson } from '../../json/index.ts';
import { BodyError, HeldBody, readWhole } from '../http-bodies.ts';
import { type McpExchange, NoAccess, Refused, refused, sessionUnknown } from './exchange.ts';
import type { ClientMessage, McpJudge } from './judge.ts';
import { LegError, type ServerLeg } from './legs.ts';
import type { McpSession } from './mcp-sessions.ts';
import { answerMessages } from './messages.ts';
import { OlderSession } from './older-session.ts';
import { builtinDenial } from './refusals.ts';
import { accepts, bringsJson, namedRevision } from './request-checks.ts';

const NONE = -1;
const PARAMETER = 'mcp-param-';

export class McpPost {
  readonly #exchange: McpExchange;

  constructor(exchange: McpExchange) {
    this.#exchange = exchange;
  }

  async run(): Promise<void> {
    const { head, ground } = this.#exchange;
    const { fields, query } = head;
    const older = query === null ? null : (/^session=([A-Za-z0-9_-]+)$/.exec(query)?.[1] ?? null);
    if (!bringsJson(fields)) throw refused(415, 'expected Content-Type: application/json');
    if (older === null && !(accepts(fields, 'application/json') && accepts(fields, 'text/event-stream')))
      throw refused(406, 'expected Accept: application/json, text/event-stream');
    const held = new HeldBody(ground.domain.memory);
    try {
      await this.#route(await this.#body(held), older);
    } finally {
      held.release();
    }
  }

  async #body(held: HeldBody): Promise<Buffer> {
    const { head, ground, request, reply } = this.#exchange;
    const { requestBytesMax } = ground;
    const tooLarge = () => refused(413, `a message may have ${requestBytesMax} bytes`);
    if (head.length !== 'chunked' && head.length > requestBytesMax) throw tooLarge();
    const codings = codingsOf(firstValue(head.fields, 'content-encoding'));
    if (codings === null) throw refused(415, 'the body is packed in a way that Sluice does not know');
    if (head.expectsContinue) reply.continues();
    try {
      return await readWhole(request, codings, requestBytesMax, held);
    } catch (error) {
      if (!(error instanceof BodyError)) throw error;
      if (error.fault === 'too-large') throw tooLarge();
      if (error.fault === 'no-memory') throw refused(503, 'Sluice holds as much as it may at the moment');
      throw refused(400, 'the body is not packed as it says');
    }
  }

  #route(bytes: Buffer, older: string | null): Promise<void> {
    const { head, ground, actor } = this.#exchange;
    const named = namedRevision(head.fields);
    if (older !== null) {
      const session = ground.sessions.find(older, actor);
      if (session?.outlet == null) throw sessionUnknown();
      return new OlderSession(session, session.outlet).take(bytes, this.#exchange);
    }
    // Sessions are none of a modern request's business, whatever id it carries (2026-07-28, earlier revisions).
    const isLegacy = named === null || (named !== 'unknown' && traitsOf(named).era === 'legacy');
    const id = isLegacy ? firstValue(head.fields, 'mcp-session-id') : null;
    if (id !== null) {
      const session = ground.sessions.find(id, actor);
      if (session === null || session.outlet !== null) throw sessionUnknown();
      return this.#inSession(session, bytes);
    }
    const opening = isLegacy ? openingIn(bytes) : null;
    if (opening === null) return this.#alone(bytes, named);
    return this.#begin(bytes, opening.application);
  }

  async #begin(bytes: Buffer, named: string | null): Promise<void> {
    const { ground, actor, client, head, reply } = this.#exchange;
    const application = named ?? firstValue(head.fields, 'user-agent');
    const { address: clientAddress, secured } = client;
    const details = { application, secured, protocol: 'mcp' };
    const session = await ground.sessions.begin({ actor, clientAddress, details, outlet: null });
    if (session instanceof ProxyError) throw session;
    // Where the answer begins as events it is not known yet how it ends.
    reply.tells(() => (reply.isSingle && session.judge.revision === null ? null : session.id));
    try {
      await this.#inSession(session, bytes);
    } finally {
      if (session.judge.revision === null) session.end(null);
    }
  }

  async #inSession(session: McpSession, bytes: Buffer): Promise<void> {
    const { reply } = this.#exchange;
    const leave = session.enter();
    try {
      await this.#converse(session.judge, session.leg, bytes, null);
    } catch (error) {
      if (!(error instanceof LegError) || error.fault !== 'session-gone') throw error;
      // It begins anew with the next initialize, as it would at the server itself.
      session.end(null);
      if (reply.isBegun) reply.end();
      else throw error;
    } finally {
      leave();
    }
  }

  /** A modern request is a conversation by itself. */
  async #alone(bytes: Buffer, named: Revision | 'unknown' | null): Promise<void> {
    const { ground, client, head, reply } = this.#exchange;
    const { fields } = head;
    const session = await client.session(
      firstValue(fields, 'authorization'),
      firstValue(fields, 'user-agent'),
    );
    if (session instanceof ProxyError) throw session;
    const judge = ground.judge(session);
    const over = () => judge.close();
    reply.gone.addEventListener('abort', over, { once: true });
    try {
      const leg = await ground.legs.open('modern', session);
      judge.attach(leg);
      await this.#converse(judge, leg, bytes, named ?? 'none');
    } finally {
      judge.close();
    }
  }

  /** `named`: what the header says where every request has to say it; null: in a session. */
  async #converse(
    judge: McpJudge,
    leg: ServerLeg,
    bytes: Buffer,
    named: Revision | 'unknown' | 'none' | null,
  ): Promise<void> {
    const { ground, actor, head, reply } = this.#exchange;
    const read = judge.read(bytes);
    if (read.read === 'unread') throw new Refused(400, read.answer);
    for (const message of read.messages) {
      const found = this.#headProblem(message, named, leg);
      const problem = found instanceof Promise ? await found : found;
      if (problem === null) continue;
      for (const one of read.messages) judge.reject(one);
      throw problem;
    }
    const missing = ground.access.missing(actor, read.messages);
    if (missing !== null) {
      for (const message of read.messages)
        judge.refuse(message, builtinDenial('sluice/scope', missing.why, null));
      throw new NoAccess(ground.access.insufficient(missing, head.host));
    }
    const learns =
      named === null ? null : (answer: Buffer) => void ground.toolHeaders.learn(identityKey(actor), answer);
    await answerMessages({ judge, leg, actor, resumes: named === null, learns }, read, reply);
  }

  /** What is wrong with the head for such a message; null: nothing. */
  #headProblem(
    message: ClientMessage,
    named: Revision | 'unknown' | 'none' | null,
    leg: ServerLeg,
  ): Refused | null | Promise<Refused | null> {
    const { reading } = message;
    if (reading.reading === 'refused' || reading.reading === 'dropped') {
      return this.#unread(message, named, reading.reading === 'refused' ? reading : null);
    }
    const { revision } = reading;
    const id = reading.reading === 'request' ? reading.message.id : null;
    if (!traitsOf(revision).mirrorHeaders)
      return named === null ? null : this.#sessionMissing(id, named, revision);
    if (reading.reading !== 'request')
      return named === revision ? null : mismatch(id, `header MCP-Protocol-Version does not say ${revision}`);
    return this.#mirrorProblem(message.document, reading, named, leg);
  }

  /** Headers that repeat what the body says (2026-07-28): in which the two differ, it is refused. */
  async #mirrorProblem(
    document: JsonDocument,
    reading: Extract<Reading, { readonly reading: 'request' }>,
    named: Revision | 'unknown' | 'none' | null,
    leg: ServerLeg,
  ): Promise<Refused | null> {
    const { head, ground, actor } = this.#exchange;
    const { method, subject, revision } = reading;
    const { id } = reading.message;
    const name = mirroredName(document, reading.message.params, method);
    const value = (header: string) => firstValue(head.fields, header);
    const problemWith = (parameters: ReadonlyMap<string, MirroredValue | null>) =>
      headerMismatch(value, { revision, method, name, parameters });
    const told = (problem: string | null) => (problem === null ? null : mismatch(id, problem));
    if (method !== 'tools/call' || subject === null || named !== revision)
      return told(problemWith(new Map()));
    const { toolHeaders } = ground;
    const key = identityKey(actor);
    const call = { document, tool: subject.name, arguments: subject.arguments };
    const parameters = await toolHeaders.parametersOf(key, leg, call);
    const problem = problemWith(parameters);
    if (problem === null && !hasOthers(head.fields, parameters)) return null;
    if (!(await toolHeaders.again(key, leg))) return told(problem);
    return told(problemWith(await toolHeaders.parametersOf(key, leg, call)));
  }

  /** What is not in order may be so because of what its head says. */
  #unread(
    { document, node }: ClientMessage,
    named: Revision | 'unknown' | 'none' | null,
    reading: { readonly id: RequestId | null; readonly asked: string | null } | null,
  ): Refused | null {
    if (named === null || named === 'none') return null;
    const id = reading?.id ?? null;
    const asked = reading?.asked ?? null;
    const written = firstValue(this.#exchange.head.fields, 'mcp-protocol-version') ?? '';
    if (asked !== null)
      return asked === written ? null : mismatch(id, `header MCP-Protocol-Version says '${written}'`);
    if (named === 'unknown') return new Refused(400, unsupportedVersion(id, written));
    // A client that knows of no session is told what it has left out, and not to begin one.
    const meta = document.member(document.member(node, 'params'), '_meta');
    if (id === null || !traitsOf(named).mirrorHeaders || document.member(meta, META_VERSION) !== NONE)
      return null;
    return new Refused(400, errorAnswer(id, RPC_ERRORS.invalidParams, `_meta has no ${META_VERSION}`, null));
  }

  #sessionMissing(id: RequestId | null, named: Revision | 'unknown' | 'none', revision: Revision): Refused {
    if (named === 'unknown' || (named !== 'none' && traitsOf(named).mirrorHeaders))
      return mismatch(id, `header MCP-Protocol-Version does not say ${revision}`);
    const why = 'Mcp-Session-Id is missing: begin a session with initialize';
    return new Refused(400, errorAnswer(id, RPC_ERRORS.invalidRequest, why, null));
  }
}

/** Whether a head has parameters that the definition of the tool, as it is known, does not have in headers. */
function hasOthers(fields: readonly Field[], known: ReadonlyMap<string, unknown>): boolean {
  return fields.some(([name]) => {
    const written = name.toLowerCase();
    return written.startsWith(PARAMETER) && !known.has(written.slice(PARAMETER.length));
  });
}

function mismatch(id: RequestId | null, why: string): Refused {
  return new Refused(400, errorAnswer(id, RPC_ERRORS.headerMismatch, `Header mismatch: ${why}`, null));
}

/** Whether a body begins a session, and what the client calls itself there; null: it does not, or cannot be read. */
function openingIn(bytes: Buffer): { readonly application: string | null } | null {
  if (!bytes.includes('initialize')) return null;
  const document = scanJson(bytes, 0, bytes.length, CANONICAL_JSON);
  if (isRefused(document) || document.text(document.member(document.root, 'method')) !== 'initialize')
    return null;
  return { application: applicationIn(document) };
}

const SHOWN_MAX = 200;

function applicationIn(document: JsonDocument): string | null {
  const info = document.at('/params/clientInfo');
  if (info === NONE) return null;
  const [name, version] = ['name', 'version'].map((member) => document.text(document.member(info, member)));
  if (name === null || name === undefined) return null;
  return (version == null ? name : `${name}/${version}`).slice(0, SHOWN_MAX);
}
