/** Messages that Sluice sends itself. Those without content are made once. */
import { FrameWriter } from '../../src/bytes/index.ts';
import type { Denial } from '../../src/core/decision.ts';
import { ERRORS, type ProxyError } from '../../src/core/errors.ts';
import { AUTHENTICATION, BACKEND, CANCEL_REQUEST, FRONTEND, PROTOCOL_3_0, SSL_REQUEST } from './messages.ts';

/** What an ErrorResponse or NoticeResponse says; field types as in the protocol's Error and Notice Message Fields. */
export interface ErrorFields {
  readonly severity: 'ERROR' | 'FATAL' | 'NOTICE' | 'WARNING';
  readonly sqlstate: string;
  readonly message: string;
  readonly detail: string | null;
  readonly hint: string | null;
  readonly position: number | null;
}

function made(write: (writer: FrameWriter) => void): Buffer {
  const writer = new FrameWriter(64);
  write(writer);
  return writer.take();
}

function empty(tag: number): Buffer {
  return made((writer) => writer.begin(tag).end());
}

const PORTAL = 0x50; // P

export const SYNC = empty(FRONTEND.Sync);
/** Describe of a portal. */
export function describePortal(name: string): Buffer {
  return made((writer) => writer.begin(FRONTEND.Describe).u8(PORTAL).cstring(name).end());
}

export const FLUSH = empty(FRONTEND.Flush);
export const TERMINATE = empty(FRONTEND.Terminate);
export const SSL_REQUEST_PACKET = made((writer) => writer.begin(null).i32(SSL_REQUEST).end());
export const AUTHENTICATION_OK = made((writer) =>
  writer.begin(BACKEND.Authentication).i32(AUTHENTICATION.Ok).end(),
);
export const AUTHENTICATION_CLEARTEXT = made((writer) =>
  writer.begin(BACKEND.Authentication).i32(AUTHENTICATION.CleartextPassword).end(),
);
export const ANSWER_TLS = Buffer.from('S');
export const ANSWER_NO = Buffer.from('N');

export function readyForQuery(status: number): Buffer {
  return made((writer) => writer.begin(BACKEND.ReadyForQuery).u8(status).end());
}

export function errorResponse(fields: ErrorFields): Buffer {
  return made((writer) => {
    const tag =
      fields.severity === 'NOTICE' || fields.severity === 'WARNING'
        ? BACKEND.NoticeResponse
        : BACKEND.ErrorResponse;
    writer.begin(tag);
    const field = (code: string, value: string | null) => {
      if (value === null) return;
      writer.u8(code.charCodeAt(0)).cstring(value.replaceAll('\0', ''));
    };
    field('S', fields.severity);
    field('V', fields.severity);
    field('C', fields.sqlstate);
    field('M', fields.message);
    field('D', fields.detail);
    field('H', fields.hint);
    field('P', fields.position === null ? null : String(fields.position));
    field('R', 'sluice');
    writer.u8(0).end();
  });
}

export function denialResponse(denial: Denial): Buffer {
  const { sqlstate, message, detail, hint, position } = denial;
  return errorResponse({ severity: 'ERROR', sqlstate, message, detail, hint, position });
}

/** A row of the error table as the client reads it: FATAL where the session ends with it. */
export function failureResponse(error: ProxyError): Buffer {
  const row = ERRORS[error.code];
  return errorResponse({
    severity: row.session === 'end' ? 'FATAL' : 'ERROR',
    sqlstate: row.sqlstate,
    message: row.message,
    detail: error.detail,
    hint: null,
    position: null,
  });
}

export function parameterStatus(name: string, value: string): Buffer {
  return made((writer) => writer.begin(BACKEND.ParameterStatus).cstring(name).cstring(value).end());
}

export function backendKeyData(processId: number, secret: Buffer): Buffer {
  return made((writer) => writer.begin(BACKEND.BackendKeyData).i32(processId).raw(secret).end());
}

/**
 * The newest minor version that is served, and the options that are not known. The documentation speaks of the minor
 * version; what servers send and libpq takes is the whole one (0x30002 for 3.2).
 */
export function notificationResponse(processId: number, channel: string, payload: string): Buffer {
  return made((writer) =>
    writer.begin(BACKEND.NotificationResponse).i32(processId).cstring(channel).cstring(payload).end(),
  );
}

export function negotiateProtocolVersion(minor: number, options: readonly string[]): Buffer {
  return made((writer) => {
    writer
      .begin(BACKEND.NegotiateProtocolVersion)
      .i32(PROTOCOL_3_0 + minor)
      .i32(options.length);
    for (const option of options) writer.cstring(option);
    writer.end();
  });
}

export function authenticationSasl(mechanisms: readonly string[]): Buffer {
  return made((writer) => {
    writer.begin(BACKEND.Authentication).i32(AUTHENTICATION.SASL);
    for (const mechanism of mechanisms) writer.cstring(mechanism);
    writer.u8(0).end();
  });
}

export function authenticationSaslData(kind: 'SASLContinue' | 'SASLFinal', data: Buffer): Buffer {
  return made((writer) => writer.begin(BACKEND.Authentication).i32(AUTHENTICATION[kind]).raw(data).end());
}

/** A start-up packet for the server. */
export function startupMessage(version: number, parameters: ReadonlyMap<string, string>): Buffer {
  return made((writer) => {
    writer.begin(null).i32(version);
    for (const [name, value] of parameters) writer.cstring(name).cstring(value);
    writer.u8(0).end();
  });
}

export function cancelRequest(processId: number, secret: Buffer): Buffer {
  return made((writer) => writer.begin(null).i32(CANCEL_REQUEST).i32(processId).raw(secret).end());
}

export function passwordMessage(password: string): Buffer {
  return made((writer) => writer.begin(FRONTEND.Password).cstring(password).end());
}

export function saslInitialResponse(mechanism: string, data: Buffer): Buffer {
  return made((writer) =>
    writer.begin(FRONTEND.Password).cstring(mechanism).i32(data.length).raw(data).end(),
  );
}

export function saslResponse(data: Buffer): Buffer {
  return made((writer) => writer.begin(FRONTEND.Password).raw(data).end());
}

export function queryMessage(sql: string): Buffer {
  return made((writer) => writer.begin(FRONTEND.Query).cstring(sql).end());
}

export function parseMessage(name: string, sql: string): Buffer {
  return made((writer) => writer.begin(FRONTEND.Parse).cstring(name).cstring(sql).i16(0).end());
}

/**
 * Parse, Bind, Execute and Close of a statement of Sluice's own; behind them Flush, in a pipeline of the client's,
 * or Sync. A Query would do away with the client's unnamed statement and portal. What an earlier one that was
 * cancelled has left under the name goes first.
 */
export function runAside(
  name: string,
  sql: string,
  end: typeof FRONTEND.Flush | typeof FRONTEND.Sync,
): Buffer {
  return made((writer) => {
    writer.begin(FRONTEND.Close).u8(0x53).cstring(name).end();
    writer.begin(FRONTEND.Parse).cstring(name).cstring(sql).i16(0).end();
    writer.begin(FRONTEND.Bind).cstring(name).cstring(name).i16(0).i16(0).i16(0).end();
    writer.begin(FRONTEND.Execute).cstring(name).i32(0).end();
    writer.begin(FRONTEND.Close).u8(0x50).cstring(name).end();
    writer.begin(FRONTEND.Close).u8(0x53).cstring(name).end();
    writer.begin(end).end();
  });
}
