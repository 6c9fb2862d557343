/**
 * A client of MCP at our own standard input and output: its messages go through the judge to the server, one session for
 * as long as the pipes are open. Nothing else is ever written to its pipe.
 */
import type { Readable, Writable } from 'node:stream';
import { errorAnswer } from '../../../protocols/mcp/answers.ts';
import { META_VERSION } from '../../../protocols/mcp/conversation.ts';
import { RPC_ERRORS } from '../../../protocols/mcp/message.ts';
import { type Era, traitsOf } from '../../../protocols/mcp/revisions.ts';
import { asLine, type Line, LineReader } from '../../../protocols/stdio/index.ts';
import { ProxyError } from '../../core/errors.ts';
import type { Identity } from '../../core/principal.ts';
import type { RequestDomain } from '../../engine/request-domain.ts';
import { RequestSession } from '../../engine/request-session.ts';
import { isRefused, type JsonDocument, PLAIN_JSON, scanJson } from '../../json/index.ts';
import type { ClientMessage, McpJudge } from './judge.ts';
import { LegError, type LegSource, type ServerLeg } from './legs.ts';
import { answerMessage } from './messages.ts';
import { relayEvent } from './relay.ts';
import type { Outbound } from './reply.ts';

export interface StdioGround {
  readonly domain: RequestDomain;
  readonly legs: LegSource;
  judge(session: RequestSession): McpJudge;
  readonly messageBytesMax: number;
}

export interface StdioClient {
  readonly input: Readable;
  readonly output: Writable;
  readonly actor: Identity;
  /** Aborted when it is to end: what is under way is finished first. */
  readonly stop: AbortSignal;
}

const NONE = -1;
const META_CLIENT = 'io.modelcontextprotocol/clientInfo';
const APPLICATION_CHARACTERS_MAX = 100;
/** What a client holds with us while it is judged; beyond that it is not read from. */
const HELD_BYTES_MAX = 64 * 1024 * 1024;
/** For answers to what was asked before the client closed its side. */
const LAST_ANSWERS_MS = 2_000;

/** Why it is over: the client has left, the session was ended (by the error), or the server has (by its error). */
export type StdioEnd =
  | { readonly over: 'client' }
  | { readonly over: 'session' | 'server'; readonly error: Error };

/** Serves one client to its end. Rejects where the server cannot be started. */
export async function serveStdio(ground: StdioGround, client: StdioClient): Promise<StdioEnd> {
  return new StdioEndpoint(ground, client).run();
}

interface Begun {
  readonly session: RequestSession;
  readonly judge: McpJudge;
}

class StdioEndpoint {
  readonly #ground: StdioGround;
  readonly #client: StdioClient;
  readonly #reader: LineReader;
  readonly #gone = new AbortController();
  readonly #legs = new Map<Era, Promise<ServerLeg>>();
  readonly #underWay = new Set<Promise<void>>();
  #begun: Begun | null = null;
  #heldBytes = 0;
  #isListening = false;
  #end: (end: StdioEnd) => void = () => {};

  constructor(ground: StdioGround, client: StdioClient) {
    this.#ground = ground;
    this.#client = client;
    this.#reader = new LineReader(ground.messageBytesMax);
  }

  async run(): Promise<StdioEnd> {
    const { input, output, stop } = this.#client;
    const ended = new Promise<StdioEnd>((resolve) => {
      this.#end = resolve;
    });
    const left = () => this.#end({ over: 'client' });
    input.on('data', (chunk: Buffer) => {
      for (const line of this.#reader.push(chunk)) this.#line(line);
    });
    input.once('end', () => {
      const last = this.#reader.end();
      if (last !== null) this.#line(last);
      left();
    });
    for (const stream of [input, output]) stream.once('error', left).once('close', left);
    stop.addEventListener('abort', left, { once: true });
    if (stop.aborted) left();
    const end = await ended;
    input.pause();
    await this.#settle(end);
    return end;
  }

  async #settle(end: StdioEnd): Promise<void> {
    if (end.over === 'client' && !this.#client.output.destroyed) await this.#lastAnswers();
    this.#gone.abort();
    const begun = this.#begun;
    begun?.judge.close();
    begun?.session.end(null);
    await Promise.allSettled([...this.#legs.values()].map(async (leg) => (await leg).end()));
    await Promise.allSettled(this.#underWay);
  }

  async #lastAnswers(): Promise<void> {
    let timer: NodeJS.Timeout | null = null;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, LAST_ANSWERS_MS);
    });
    await Promise.race([Promise.allSettled(this.#underWay), late]);
    if (timer !== null) clearTimeout(timer);
  }

  #line(line: Line): void {
    const task = this.#take(line).catch((error: unknown) => {
      const why = error instanceof Error ? error : new Error(String(error));
      this.#end({ over: error instanceof LegError ? 'server' : 'session', error: why });
    });
    this.#underWay.add(task);
    void task.finally(() => this.#underWay.delete(task));
  }

  async #take(line: Line): Promise<void> {
    if (line.line === 'too-long') {
      const why = `a message may have ${this.#ground.messageBytesMax} bytes`;
      return this.#write(errorAnswer(null, RPC_ERRORS.invalidRequest, why, null));
    }
    const { bytes } = line;
    this.#hold(bytes.length);
    try {
      const { judge } = this.#begin(bytes);
      const read = judge.read(bytes);
      if (read.read === 'unread') return await this.#write(read.answer);
      await Promise.all(read.messages.map((message) => this.#answer(judge, message)));
    } finally {
      this.#hold(-bytes.length);
    }
  }

  #hold(bytes: number): void {
    const { input } = this.#client;
    this.#heldBytes += bytes;
    if (this.#heldBytes > HELD_BYTES_MAX) input.pause();
    else if (bytes < 0 && input.isPaused() && !this.#gone.signal.aborted) input.resume();
  }

  /** A session begins with the first line, which says what the client is. Throws ProxyError where none may. */
  #begin(bytes: Buffer): Begun {
    if (this.#begun !== null) return this.#begun;
    const { domain, judge } = this.#ground;
    const session = RequestSession.begin(domain, this.#client.actor, {
      clientAddress: null,
      details: { application: applicationIn(bytes), secured: true, protocol: 'mcp/stdio' },
      cut: (error) => this.#end({ over: 'session', error }),
      drain: () => this.#end({ over: 'client' }),
    });
    if (session instanceof ProxyError) throw session;
    this.#begun = { session, judge: judge(session) };
    return this.#begun;
  }

  async #answer(judge: McpJudge, message: ClientMessage): Promise<void> {
    const { reading } = message;
    if (reading.reading === 'refused' || reading.reading === 'dropped') {
      const outcome = await judge.clear(message);
      if (outcome.outcome === 'answer') await this.#write(outcome.bytes);
      return;
    }
    const leg = await this.#leg(traitsOf(reading.revision).era, judge);
    try {
      const { actor } = this.#client;
      await answerMessage({ judge, leg, actor, resumes: false, learns: null }, message, this.#out);
    } catch (error) {
      if (!(error instanceof LegError) || error.fault !== 'session-gone') throw error;
      if (reading.reading !== 'request') return;
      await this.#write(errorAnswer(reading.message.id, RPC_ERRORS.internal, error.message, null));
    }
    if (reading.reading === 'notification' && reading.method === 'notifications/initialized')
      this.#listen(judge, leg);
  }

  #leg(era: Era, judge: McpJudge): Promise<ServerLeg> {
    const known = this.#legs.get(era);
    if (known !== undefined) return known;
    const { legs, domain } = this.#ground;
    const session = this.#begun?.session;
    if (session === undefined) throw new ProxyError('invariant');
    const opening = legs.open(era, session).then((leg) => {
      judge.attach(leg);
      return leg;
    });
    this.#legs.set(era, opening);
    opening.catch(() => domain.log('warn', 'the MCP server cannot be reached', { session: session.id }));
    return opening;
  }

  /** What belongs to no request of the client. */
  #listen(judge: McpJudge, leg: ServerLeg): void {
    if (this.#isListening) return;
    this.#isListening = true;
    const listening = async () => {
      const stream = await leg.listen(null, this.#gone.signal);
      if (stream === null) return;
      for await (const event of stream.events)
        await relayEvent({ judge, leg }, event, null, 'event', this.#out);
    };
    listening().catch((error: unknown) => {
      if (error instanceof LegError && error.fault === 'ended') this.#end({ over: 'server', error });
    });
  }

  readonly #out: Outbound = {
    gone: this.#gone.signal,
    single: (message) => this.#write(message),
    event: async ({ message }) => {
      if (message !== null) await this.#write(message);
    },
  };

  /** Resolves when there is room for more (promise 9). */
  async #write(message: Buffer): Promise<void> {
    const { output } = this.#client;
    if (output.destroyed || output.writableEnded) return;
    if (output.write(asLine(message))) return;
    await new Promise<void>((resolve) => {
      const done = () => {
        output.off('drain', done);
        output.off('close', done);
        resolve();
      };
      output.once('drain', done);
      output.once('close', done);
    });
  }
}

/** What the client calls itself, `name version`; null: it does not say. */
function applicationIn(bytes: Buffer): string | null {
  const document = scanJson(bytes, 0, bytes.length, { ...PLAIN_JSON, bytesMax: bytes.length });
  if (isRefused(document)) return null;
  const params = document.member(0, 'params');
  const meta = document.member(params, '_meta');
  const isModern = document.member(meta, META_VERSION) !== NONE;
  const info = isModern ? document.member(meta, META_CLIENT) : document.member(params, 'clientInfo');
  const words = [textIn(document, info, 'name'), textIn(document, info, 'version')];
  const said = words.filter((word) => word !== '').join(' ');
  return said === '' ? null : said.slice(0, APPLICATION_CHARACTERS_MAX);
}

function textIn(document: JsonDocument, object: number, name: string): string {
  const text = document.text(document.member(object, name)) ?? '';
  return text.replaceAll(/[\p{C}\s]+/gu, ' ').trim();
}
