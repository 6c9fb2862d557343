/** What a client has sent in one go: judged, passed on, answered. */
import { heldProgress } from '../../../protocols/mcp/approval-answers.ts';
import { RPC_ERRORS } from '../../../protocols/mcp/message.ts';
import { type Era, traitsOf } from '../../../protocols/mcp/revisions.ts';
import type { ApprovalNotice } from '../../core/gate.ts';
import type { Identity } from '../../core/principal.ts';
import type { ClientBytes, ClientMessage, McpJudge } from './judge.ts';
import { type Conversing, relayRequest, sendOneWay } from './relay.ts';
import type { Outbound, Reply } from './reply.ts';

export interface Conversation extends Conversing {
  /** Who sends them. */
  readonly actor: Identity;
  /** Told of every answer to tools/list; null: nobody needs to know. */
  readonly learns: ((answer: Buffer) => void) | null;
}

type Messages = Extract<ClientBytes, { readonly read: 'messages' }>;

/** Rejects with LegError where nothing has been told yet. */
export async function answerMessages(on: Conversation, read: Messages, reply: Reply): Promise<void> {
  const [only] = read.messages;
  if (!read.isBatch && only !== undefined) {
    reply.waits();
    const answered = await answerMessage(on, only, reply);
    if (!answered) endOf(reply, only);
    return;
  }
  // A batch is answered by events: whoever is done first need not wait for the others (2025-03-26).
  const asks = read.messages.some((message) => isAnswered(message));
  if (asks) {
    reply.begin();
    reply.waits();
  }
  const out: Outbound = asEvents(reply);
  await Promise.all(read.messages.map((message) => answerMessage(on, message, out)));
  if (asks) reply.end();
  else reply.empty(202);
}

/** Nothing was said: a notification was taken, or a request is not waited for any more. */
function endOf(reply: Reply, message: ClientMessage): void {
  if (reply.gone.aborted) return;
  if (reply.isBegun || isAnswered(message)) reply.end();
  else reply.empty(202);
}

function isAnswered({ reading }: ClientMessage): boolean {
  return reading.reading === 'request' || (reading.reading === 'refused' && reading.id !== null);
}

function asEvents(reply: Reply): Outbound {
  const event: Outbound['event'] = (one) => reply.event(one);
  return { gone: reply.gone, event, single: (message) => event({ message, id: null, retryMs: null }) };
}

/** Whether anything was told. Rejects with LegError. */
export async function answerMessage(
  on: Conversation,
  message: ClientMessage,
  out: Outbound,
): Promise<boolean> {
  const outcome = await on.judge.clear(message, {
    holds: true,
    told: (notice) => tell(message, notice, out),
  });
  if (outcome.outcome === 'dropped') return false;
  if (outcome.outcome === 'answer') {
    await out.single(outcome.bytes, outcome.isFault ? statusOf(message, on.judge) : 200);
    return true;
  }
  const { request } = outcome;
  const forwarded = { ...outcome.message, actor: on.actor };
  if (request === null) {
    await sendOneWay(on.leg, forwarded);
    return false;
  }
  if (out.gone.aborted) {
    // Nothing was sent: what nobody waits for is not begun.
    request.failed('client-gone');
    return false;
  }
  let told = false;
  const { learns } = on;
  await relayRequest(on, forwarded, request, {
    gone: out.gone,
    single(bytes, status) {
      told = true;
      if (request.method === 'tools/list') learns?.(bytes);
      return out.single(bytes, status);
    },
    event(event) {
      if (event.message !== null && request.method === 'tools/list') learns?.(event.message);
      return out.event(event);
    },
  });
  return told;
}

/** Somebody who is held is told for whom. */
function tell({ document, reading }: ClientMessage, notice: ApprovalNotice, out: Outbound): void {
  if (reading.reading !== 'request') return;
  const text = `${notice.message}. ${notice.detail} ${notice.hint}`;
  const progress = heldProgress(document, reading.message.params, text);
  // Whoever has left is not held.
  if (progress !== null) out.event({ message: progress, id: null, retryMs: null }).catch(() => {});
}

/** Of a message that is not in order. Errors of a method are a legacy session's business, and no fault of HTTP's. */
function statusOf({ reading }: ClientMessage, { revision }: McpJudge): number {
  const code = reading.reading === 'refused' ? reading.code : RPC_ERRORS.invalidRequest;
  const era: Era = revision === null ? 'modern' : traitsOf(revision).era;
  if (era === 'modern') return code === RPC_ERRORS.methodNotFound ? 404 : 400;
  return code === RPC_ERRORS.methodNotFound || code === RPC_ERRORS.invalidParams ? 200 : 400;
}
