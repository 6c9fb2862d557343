/** A judged message on its way to the server, and everything that answers it on its way back. */
import type { McpJudge, McpRequest } from './judge.ts';
import {
  LegError,
  type LegFault,
  type MessageToServer,
  type ServerEvent,
  type ServerLeg,
  type ServerStream,
} from './legs.ts';
import type { Outbound } from './reply.ts';

export interface Conversing {
  readonly judge: McpJudge;
  readonly leg: ServerLeg;
  /** Who lost a stream may take it up again, so that its end is no end of the request (2025-03-26, resumability). */
  readonly resumes: boolean;
}

/** For a server to end a stream whose last message has come; its connection can be used again then. */
const LINGER_MS = 250;

/** Rejects with LegError where the session is gone; whatever else goes wrong is told to the client. */
export async function relayRequest(
  on: Conversing,
  message: MessageToServer,
  request: McpRequest,
  out: Outbound,
): Promise<void> {
  let stream: ServerStream;
  try {
    stream = await on.leg.send(message);
  } catch (error) {
    return leave(on, request, out, error);
  }
  const close = () => stream.close();
  out.gone.addEventListener('abort', close, { once: true });
  if (out.gone.aborted) close();
  const ended = await relayStream(on, stream, request, out);
  out.gone.removeEventListener('abort', close);
  if (ended.answered) return;
  const canResume = on.resumes && ended.lastId !== null;
  if (out.gone.aborted) {
    if (!canResume) request.failed('client-gone');
    return;
  }
  if (message.signal.aborted) return;
  if (canResume && ended.error === null) return;
  const silent = new LegError('not-mcp', 'the server ended its answer before the end');
  await leave(on, request, out, ended.error ?? silent);
}

interface Ended {
  readonly answered: boolean;
  readonly lastId: string | null;
  readonly error: unknown;
}

/** Never rejects. */
async function relayStream(
  on: Conversing,
  stream: ServerStream,
  request: McpRequest,
  out: Outbound,
): Promise<Ended> {
  const events = stream.events[Symbol.asyncIterator]();
  let lastId: string | null = null;
  try {
    for (;;) {
      const next = await events.next();
      if (next.done === true) return { answered: false, lastId, error: null };
      const { id } = next.value;
      const event = id === null ? next.value : { ...next.value, id: on.judge.eventId(id) };
      lastId = event.id ?? lastId;
      const answers = await relayEvent(on, event, request, stream.shape === 'one' ? 'single' : 'event', out);
      if (answers !== request.id.key) continue;
      // A single message has been read to its end.
      if (stream.shape === 'one') void events.return?.();
      else void linger(events, stream);
      return { answered: true, lastId, error: null };
    }
  } catch (error) {
    stream.close();
    void events.return?.().catch(() => {});
    return { answered: false, lastId, error };
  }
}

async function linger(events: AsyncIterator<ServerEvent>, stream: ServerStream): Promise<void> {
  const timer = setTimeout(() => stream.close(), LINGER_MS);
  try {
    while ((await events.next()).done !== true);
  } catch {
    // What breaks off behind the answer is nobody's loss.
  } finally {
    clearTimeout(timer);
    stream.close();
  }
}

/** Gives the key of the request that it is the last word on; null: of none. */
export async function relayEvent(
  { judge, leg }: Pick<Conversing, 'judge' | 'leg'>,
  { message, id, retryMs }: ServerEvent,
  request: McpRequest | null,
  as: 'single' | 'event',
  out: Outbound,
): Promise<string | null> {
  if (message === null) {
    if (as === 'event') await out.event({ message, id, retryMs });
    return null;
  }
  const outcome = await judge.fromServer(message, request);
  if (outcome.outcome === 'forward') {
    // Nothing but its answer can be the whole of what answers a request.
    if (as === 'single' && outcome.answers?.key !== request?.id.key) return null;
    if (outcome.answers === null) request?.told(outcome.bytes);
    if (as === 'single') await out.single(outcome.bytes, 200);
    else await out.event({ message: outcome.bytes, id, retryMs });
    return outcome.answers?.key ?? null;
  }
  if (outcome.outcome === 'answer') await tellServer(leg, outcome.message);
  // Where the stream can be taken up moves on all the same.
  if (as === 'event' && id !== null) await out.event({ message: null, id, retryMs });
  return null;
}

/** A message that nothing answers. Rejects with LegError. */
export async function sendOneWay(leg: ServerLeg, message: MessageToServer): Promise<void> {
  const stream = await leg.send(message);
  stream.close();
}

async function tellServer(leg: ServerLeg, message: MessageToServer): Promise<void> {
  await sendOneWay(leg, message).catch(() => {
    // The server asked, was refused, and cannot be told: it will notice by itself.
  });
}

const TAGS: Readonly<Record<LegFault, string>> = {
  unreachable: 'unreachable',
  'timed-out': 'timed-out',
  'session-gone': 'session-gone',
  'not-mcp': 'not-mcp',
  'no-access': 'no-access',
  refused: 'refused',
  ended: 'ended',
};

/** No answer has come, and none will: the client is told. */
async function leave(
  { judge }: Conversing,
  request: McpRequest,
  out: Outbound,
  error: unknown,
): Promise<void> {
  if (!(error instanceof LegError)) {
    const failure = judge.failure(request, 'the answer of the server could not be passed on');
    request.failed('failed', failure);
    if (!out.gone.aborted) await out.single(failure, 200);
    return;
  }
  if (error.fault === 'session-gone') {
    request.failed(TAGS[error.fault]);
    throw error;
  }
  const status = error.fault === 'refused' && error.status !== null ? statusFor(error.status) : 200;
  if (error.body !== null) {
    const outcome = await judge.fromServer(error.body, request);
    if (outcome.outcome === 'forward' && outcome.answers?.key === request.id.key)
      return out.single(outcome.bytes, status);
  }
  const failure = judge.failure(request, error.message);
  request.failed(TAGS[error.fault], failure);
  await out.single(failure, status);
}

/** What of the server's status is the client's business. */
function statusFor(status: number): number {
  return status >= 400 && status < 500 ? status : 502;
}
