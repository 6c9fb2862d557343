/**
 * What an endpoint of MCP asks before anything passes, in either direction: order of the conversation, rules, budgets,
 * approvals, journal, SQL in arguments, pins, list filters, masks, limits. One judge for each conversation: a session of
 * the legacy era, a connection of stdio, one POST of the modern era over HTTP. `conversation-judge.ts` is the judge.
 */
import type { Reading } from '../../../protocols/mcp/conversation.ts';
import type { RequestId } from '../../../protocols/mcp/message.ts';
import type { Method } from '../../../protocols/mcp/methods.ts';
import type { Revision } from '../../../protocols/mcp/revisions.ts';
import type { CallSubject } from '../../../protocols/mcp/subject.ts';
import type { Denial } from '../../core/decision.ts';
import type { Waiting } from '../../engine/request-text.ts';
import type { JsonDocument } from '../../json/index.ts';
import type { MessageToServer, ServerLeg } from './legs.ts';

/** A message of the client that has been read and put into the order of the conversation, and not judged yet. */
export interface ClientMessage {
  readonly document: JsonDocument;
  /** Of the message in the document: not the root in a batch. */
  readonly node: number;
  readonly reading: Reading;
}

/** What the bytes of a client hold. `unread`: no message could be made out; the answer is a JSON-RPC error (HTTP 400). */
export type ClientBytes =
  | { readonly read: 'messages'; readonly messages: readonly ClientMessage[]; readonly isBatch: boolean }
  | { readonly read: 'unread'; readonly answer: Buffer };

/** A request of the client that is on its way, or waits to be. */
export interface McpRequest {
  readonly id: RequestId;
  readonly method: Method;
  readonly subject: CallSubject | null;
  readonly revision: Revision;
  /** The client does not want the answer any more: aborts what is sent, drops what comes. Any number of times. */
  abandon(): void;
  /**
   * No answer will come: the leg failed or the stream broke off. Records it; `tag` says why, such as `unreachable`, and
   * `answer` is what the client is told.
   */
  failed(tag: string, answer?: Buffer): void;
  /** A message that came on its stream, and is no answer, goes to the client. */
  told(message: Buffer): void;
}

export interface AwaitedApproval {
  /** All of them have to be given. */
  readonly ids: readonly string[];
  /** Where the first is decided; null: nobody has said. */
  readonly url: string | null;
  /** For people: what is awaited. */
  readonly message: string;
}

export type ClientOutcome =
  /** Judged, recorded, to be sent. `request` is null for notifications and answers. */
  | {
      readonly outcome: 'forward';
      readonly message: MessageToServer;
      readonly request: McpRequest | null;
    }
  /** Sluice answers itself. `isFault`: the message is not in order (HTTP 400), and not just refused (HTTP 200). */
  | {
      readonly outcome: 'answer';
      readonly bytes: Buffer;
      readonly isFault: boolean;
      /** It waits for people, and may be sent again once they have agreed. */
      readonly awaits?: AwaitedApproval;
    }
  /** Goes nowhere, and nobody is told (HTTP 202). */
  | { readonly outcome: 'dropped'; readonly why: string };

export type ServerOutcome =
  /** For the client. `answers`: the request that this is the last word on. */
  | { readonly outcome: 'forward'; readonly bytes: Buffer; readonly answers: RequestId | null }
  /** A request of the server that is refused: its answer, to be sent on the leg. */
  | { readonly outcome: 'answer'; readonly message: MessageToServer }
  | { readonly outcome: 'dropped'; readonly why: string };

export interface McpJudge {
  /** What a legacy conversation has agreed on; null before that, and in the modern era. */
  readonly revision: Revision | null;
  /** Requests of the client that have no answer yet. */
  readonly pending: number;

  /** Where Sluice asks for itself what it has to know, such as the list of tools before the first call. */
  attach(leg: ServerLeg): void;

  /** Reads one message, or a batch where that is legal. What it gives is either cleared or `rejected`. */
  read(bytes: Buffer): ClientBytes;

  /**
   * Judges a message. May take as long as people take to approve it; messages are cleared independently of each other.
   * Never rejects. `waiting`: how the client does; what it is told comes before the outcome.
   */
  clear(message: ClientMessage, waiting?: Waiting): Promise<ClientOutcome>;

  /** The endpoint answers this one itself (headers that disagree with it): it is as if it had not been sent. */
  reject(message: ClientMessage): void;

  /** The same, for what the journal should know of: whoever asks has not shown what it takes. */
  refuse(message: ClientMessage, denial: Denial): void;

  /**
   * One message of the server. `on`: the request on whose stream it came; null: it came on no request's stream. May take
   * as long as people take to let a long result pass. Never rejects.
   */
  fromServer(bytes: Buffer, on: McpRequest | null): Promise<ServerOutcome>;

  /** The id of an event of the server's, as the client may see it; null: not at all. */
  eventId(id: string | null): string | null;

  /** An error response for a request whose leg failed; `why` is a sentence for people without anything of the server's. */
  failure(request: McpRequest, why: string): Buffer;

  /** The conversation is over: whatever is on its way is abandoned. */
  close(): void;
}
