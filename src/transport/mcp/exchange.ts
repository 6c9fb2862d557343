/** What the requests of one endpoint share, what one of them is, and how it can end without an answer of the server's. */
import type { IncomingMessage } from 'node:http';
import type { Field, Head } from '../../../protocols/http/index.ts';
import { errorAnswer } from '../../../protocols/mcp/answers.ts';
import { RPC_ERRORS } from '../../../protocols/mcp/message.ts';
import type { Identity } from '../../core/principal.ts';
import type { RequestDomain } from '../../engine/request-domain.ts';
import type { RequestSession } from '../../engine/request-session.ts';
import type { HttpClient } from '../http-client.ts';
import type { AccessAnswer, McpAccess } from './access.ts';
import type { McpJudge } from './judge.ts';
import type { LegSource } from './legs.ts';
import type { McpSessions } from './mcp-sessions.ts';
import type { Reply } from './reply.ts';
import type { Reachable } from './request-checks.ts';
import type { ToolHeaders } from './tool-headers.ts';

/** What the requests of one endpoint share. */
export interface McpGround {
  readonly domain: RequestDomain;
  readonly access: McpAccess;
  readonly legs: LegSource;
  readonly sessions: McpSessions;
  readonly toolHeaders: ToolHeaders;
  readonly reachable: Reachable;
  /** Of the endpoint, as clients address it. */
  readonly path: string;
  /** Bytes of one message of a client, or of a batch. */
  readonly requestBytesMax: number;
  readonly keepAliveMs: number;
  judge(session: RequestSession): McpJudge;
}

/** One request of HTTP: what it says of itself, and what answers it. */
export interface McpExchange {
  readonly ground: McpGround;
  readonly client: HttpClient;
  readonly actor: Identity;
  readonly head: Head;
  readonly request: IncomingMessage;
  readonly reply: Reply;
}

/** Ends a request with a JSON-RPC error. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly status: number;
  readonly body: Buffer;
  readonly fields: readonly Field[];

  constructor(status: number, body: Buffer, fields: readonly Field[] = []) {
    super(`status ${status}`);
    this.status = status;
    this.body = body;
    this.fields = fields;
  }
}

/** What cannot be told by a message of its own. */
export function refused(
  status: number,
  why: string,
  code: number = RPC_ERRORS.invalidRequest,
  fields: readonly Field[] = [],
): Refused {
  return new Refused(status, errorAnswer(null, code, why, null), fields);
}

/** As the SDKs of MCP have it. */
export const SESSION_UNKNOWN = -32001;

export function sessionUnknown(): Refused {
  return refused(404, 'the session is not known here: begin a new one with initialize', SESSION_UNKNOWN);
}

/** Ends a request with an answer that speaks of access. */
export class NoAccess extends Error {
  override readonly name = 'NoAccess';
  readonly answer: AccessAnswer;

  constructor(answer: AccessAnswer) {
    super(`status ${answer.status}`);
    this.answer = answer;
  }
}

export function notAllowed(methods: string): Refused {
  return refused(405, `the method is not served here: expected ${methods}`, RPC_ERRORS.invalidRequest, [
    ['allow', methods],
  ]);
}
