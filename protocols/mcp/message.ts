/** One JSON-RPC 2.0 message, told apart by its members alone (MCP, basic protocol, messages). */
import type { JsonDocument } from '../../src/json/index.ts';

const NONE = -1;
/** Every id that is a number fits a double, so that nobody reads another one. */
const INTEGER = /^(?:0|-?[1-9]\d{0,14})$/;
const ID_CHARACTERS_MAX = 256;

/** An id as it is looked up; `1` and `"1"` are two. `written`: as JSON, for answers. */
export interface RequestId {
  readonly key: string;
  readonly written: string;
}

/** Nodes are those of the document; `params`, `result` and `data` may be -1. */
export type Message =
  | {
      readonly kind: 'request';
      readonly node: number;
      readonly id: RequestId;
      readonly method: string;
      readonly params: number;
    }
  | {
      readonly kind: 'notification';
      readonly node: number;
      readonly method: string;
      readonly params: number;
    }
  | { readonly kind: 'result'; readonly node: number; readonly id: RequestId; readonly result: number }
  | {
      readonly kind: 'error';
      readonly node: number;
      /** Null: about nothing that could be read (JSON-RPC 2.0, 5.1). */
      readonly id: RequestId | null;
      readonly error: number;
    };

/** JSON-RPC 2.0, 5.1, and MCP 2026-07-28, error codes. */
export const RPC_ERRORS = {
  parse: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internal: -32603,
  headerMismatch: -32020,
  missingCapability: -32021,
  unsupportedVersion: -32022,
} as const;

/** Why a document is no message; `id` is that of the request it tried to be. */
export interface MessageFault {
  readonly fault: string;
  readonly id: RequestId | null;
}

const MEMBERS: ReadonlySet<string> = new Set(['jsonrpc', 'id', 'method', 'params', 'result', 'error']);

export function isFault(read: Message | MessageFault): read is MessageFault {
  return 'fault' in read;
}

/** Reads the object at `node` as one message. */
export function readMessage(document: JsonDocument, node: number): Message | MessageFault {
  if (!document.isObject(node)) return { fault: 'a message has to be a JSON object', id: null };
  for (let child = document.first(node); child !== NONE; child = document.next(child)) {
    // Another parser may know a member that this one does not: what is not JSON-RPC does not pass for it.
    if (!MEMBERS.has(document.name(child) ?? ''))
      return { fault: 'a message has members that JSON-RPC does not know', id: null };
  }
  const idNode = document.member(node, 'id');
  const id = idNode === NONE ? null : readId(document, idNode);
  if (document.text(document.member(node, 'jsonrpc')) !== '2.0')
    return { fault: 'a message has to say "jsonrpc": "2.0"', id };
  const method = document.member(node, 'method');
  const result = document.member(node, 'result');
  const error = document.member(node, 'error');
  if (method !== NONE) {
    if (result !== NONE || error !== NONE)
      return { fault: 'a message is either a request or a response', id };
    return readCall(document, node, idNode, id);
  }
  if (document.member(node, 'params') !== NONE) return { fault: 'params without a method', id };
  return readResponse(document, node, idNode, id);
}

function readCall(
  document: JsonDocument,
  node: number,
  idNode: number,
  id: RequestId | null,
): Message | MessageFault {
  const method = document.text(document.member(node, 'method'));
  const params = document.member(node, 'params');
  if (method === null || method === '') return { fault: 'the method has to be a string', id };
  // MCP has no positional parameters.
  if (params !== NONE && !document.isObject(params)) return { fault: 'params have to be an object', id };
  if (idNode === NONE) return { kind: 'notification', node, method, params };
  if (id === null) return { fault: ID_FAULT, id: null };
  return { kind: 'request', node, id, method, params };
}

const ID_FAULT = `an id has to be a string of at most ${ID_CHARACTERS_MAX} characters, or an integer`;

function readResponse(
  document: JsonDocument,
  node: number,
  idNode: number,
  id: RequestId | null,
): Message | MessageFault {
  const result = document.member(node, 'result');
  const error = document.member(node, 'error');
  if ((result === NONE) === (error === NONE))
    return { fault: 'a message has to have one of method, result and error', id };
  const isNullId = idNode === NONE || document.kind(idNode) === 'null';
  if (id === null && !(error !== NONE && isNullId)) return { fault: ID_FAULT, id: null };
  if (error === NONE) {
    if (!document.isObject(result)) return { fault: 'a result has to be an object', id };
    return id === null ? { fault: ID_FAULT, id } : { kind: 'result', node, id, result };
  }
  const code = document.member(error, 'code');
  const isError =
    document.isObject(error) &&
    code !== NONE &&
    document.kind(code) === 'number' &&
    document.text(document.member(error, 'message')) !== null;
  return isError
    ? { kind: 'error', node, id, error }
    : { fault: 'an error has to have a code and a message', id };
}

/** Null where the value is no id. */
export function readId(document: JsonDocument, node: number): RequestId | null {
  const written = document.written(node);
  const text = document.text(node);
  if (text !== null) return text.length <= ID_CHARACTERS_MAX ? { key: `s${text}`, written } : null;
  return document.kind(node) === 'number' && INTEGER.test(written) ? { key: `n${written}`, written } : null;
}
