/**
 * How a message of MCP gets to a server and what comes back, whatever carries it: HTTP of either era, pipes of a program,
 * a bridge in front of another leg. Pulled, so that a slow client slows its own server (promise 9).
 */

import type { RequestId } from '../../../protocols/mcp/message.ts';
import type { Method } from '../../../protocols/mcp/methods.ts';
import type { Era, Revision } from '../../../protocols/mcp/revisions.ts';
import type { CallSubject } from '../../../protocols/mcp/subject.ts';
import type { Identity } from '../../core/principal.ts';
import type { RequestSession } from '../../engine/request-session.ts';
import type { CancelSignal } from '../cancellation.ts';

/** A message that has been judged and may go to the server. */
export interface MessageToServer {
  readonly kind: 'request' | 'notification' | 'answer';
  /** JSON, one message, without end of line. */
  readonly bytes: Buffer;
  readonly revision: Revision;
  /** Null: an answer. */
  readonly method: Method | null;
  /** Null: a notification. */
  readonly id: RequestId | null;
  readonly subject: CallSubject | null;
  /** Aborted when the client does not want the answer any more. */
  readonly signal: CancelSignal;
  /** Who sent it, by what was shown with it; left out: by what the session was begun with. */
  readonly actor?: Identity;
}

/** A piece of a server's stream. */
export interface ServerEvent {
  /** JSON, one message; null: the event only has an id, or is a comment that keeps the stream alive. */
  readonly message: Buffer | null;
  /** By which the stream can be taken up again (legacy HTTP); null: it cannot. */
  readonly id: string | null;
  /** How long the client is to wait before it comes back, in milliseconds. */
  readonly retryMs: number | null;
}

/** What answers a message. `close` lets go of it early; iterating to the end does so too. */
export interface ServerStream {
  /** `one`: a single message answers; `many`: events; `none`: it was taken, and nothing answers (202). */
  readonly shape: 'one' | 'many' | 'none';
  readonly events: AsyncIterable<ServerEvent>;
  close(): void;
}

/** Why a leg could not do what was asked; what a client is told of it is the endpoint's. */
export type LegFault =
  /** Nobody answers there. */
  | 'unreachable'
  /** It took too long. */
  | 'timed-out'
  /** The session is not known there any more (404). */
  | 'session-gone'
  /** It answers with something that is no MCP. */
  | 'not-mcp'
  /** Sluice itself has no access (401, 403). */
  | 'no-access'
  /** It answers with another status that is no success; `status` and `body` have it. */
  | 'refused'
  /** The program has ended. */
  | 'ended';

export class LegError extends Error {
  override readonly name = 'LegError';
  readonly fault: LegFault;
  /** For an HTTP answer that is no success: its status and, where it is JSON-RPC, its body. */
  readonly status: number | null;
  readonly body: Buffer | null;

  constructor(fault: LegFault, why: string, status: number | null = null, body: Buffer | null = null) {
    super(why);
    this.fault = fault;
    this.status = status;
    this.body = body;
  }
}

/** Towards one server, for one session, or for the requests of one principal where there are no sessions. */
export interface ServerLeg {
  /** Rejects with LegError. Messages of the server that belong to a request come on the stream that answers it. */
  send(message: MessageToServer): Promise<ServerStream>;
  /**
   * Messages that belong to no request, or the rest of a stream that broke off behind `lastEventId`. Null: the server
   * offers no such stream. `actor`: who listens, by what was shown; left out: by what the session was begun with.
   */
  listen(lastEventId: string | null, signal: AbortSignal, actor?: Identity): Promise<ServerStream | null>;
  /** The session is over; the server is told where it can be. */
  end(): Promise<void>;
}

/** What stands behind a listener, whatever carries it: pipes of a program, HTTP, a bridge over either. */
export interface LegSource {
  /**
   * `legacy`: for one session, whose first message is initialize. `modern`: for the requests of whoever `session` is; no
   * other principal's requests go over it. Nothing need be sent before the first message. Rejects with LegError.
   */
  open(era: Era, session: RequestSession): Promise<ServerLeg>;
  /** Lets go of what is shared by its legs. */
  close(): Promise<void>;
}
