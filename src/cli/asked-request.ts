/** A request that somebody asks about, read as a listener would read it; nothing is sent anywhere. */
import {
  bodyKindOf,
  type Field,
  firstValue,
  isHttpRefusal,
  readHead,
  STRICT_TARGET,
} from '../../protocols/http/index.ts';
import type { CallSubject } from '../../protocols/mcp/subject.ts';
import type { HttpListenerConfig } from '../config/http-listener.ts';
import type { BodyFacts, RequestFacts } from '../core/requests.ts';
import { CANONICAL_JSON, isRefused, type JsonDocument, scanJson } from '../json/index.ts';
import { httpFacts } from '../transport/http-facts.ts';
import { callFacts } from '../transport/mcp/call-facts.ts';

/** `unread`: something that a listener does not read. `hidden`: something that it read, and nobody can say any more. */
export type Content = Buffer | 'unread' | 'hidden' | null;

export type AskedRequest =
  | {
      readonly about: 'http';
      readonly method: string;
      /** With its query, as a client writes it. */
      readonly path: string;
      readonly headers: readonly Field[];
      readonly body: Content;
    }
  | {
      readonly about: 'mcp';
      readonly kind: CallSubject['kind'];
      /** Of a resource, its URI. */
      readonly name: string;
      /** JSON, as a client writes it. */
      readonly arguments: Content;
    }
  /** Of a method that names nothing, such as `tools/list`. */
  | { readonly about: 'mcp'; readonly kind: 'none'; readonly method: string };

export type ReadRequest =
  | {
      readonly read: 'facts';
      readonly title: string;
      readonly facts: RequestFacts;
      /** What a call is of, and the document that its arguments are in. */
      readonly call: { readonly subject: CallSubject; readonly document: JsonDocument } | null;
    }
  /** It is not let near any rule. */
  | { readonly read: 'refused'; readonly title: string; readonly message: string };

const METHODS = { tool: 'tools/call', prompt: 'prompts/get', resource: 'resources/read' } as const;
const NONE = -1;
const JSON_TYPE: Field = ['Content-Type', 'application/json'];

/** `listener`: whose settings count; null: those that a listener has where none are given. */
export function readRequest(
  asked: AskedRequest,
  listener: Pick<HttpListenerConfig, 'paths' | 'cookies'> | null,
): ReadRequest {
  if (asked.about === 'mcp') return readCall(asked);
  const method = asked.method.toUpperCase();
  const title = `${method} ${asked.path}`;
  const rules =
    listener === null
      ? STRICT_TARGET
      : { encodedSlashes: listener.paths.encoded_slashes, pathParameters: listener.paths.parameters };
  const given = asked.headers;
  const fields = [
    ...(firstValue(given, 'host') === null ? [['Host', 'localhost'] satisfies Field] : []),
    ...(asked.body === null || firstValue(given, 'content-type') !== null ? [] : [JSON_TYPE]),
    ...given,
  ];
  const head = readHead({ method, target: asked.path, version: '1.1', fields }, rules);
  if (isHttpRefusal(head)) return { read: 'refused', title, message: head.message };
  const body = bodyOf(asked.body, firstValue(fields, 'content-type'));
  if ('refused' in body) return { read: 'refused', title, message: body.message };
  const facts = httpFacts(head, body, listener?.cookies === 'pass');
  const query = head.query === null ? '' : `?${head.query}`;
  return { read: 'facts', title: `${head.method} ${head.path}${query}`, facts, call: null };
}

function bodyOf(
  body: Content,
  type: string | null,
): BodyFacts | { readonly refused: string; readonly message: string } {
  if (body === null || body.length === 0) return { kind: 'none' };
  if (typeof body === 'string') return { kind: 'unread' };
  if (bodyKindOf(type) !== 'json') return { kind: 'unread' };
  const document = scanJson(body, 0, body.length, CANONICAL_JSON);
  return isRefused(document) ? document : { kind: 'json', document, node: document.root };
}

function readCall(asked: Extract<AskedRequest, { readonly about: 'mcp' }>): ReadRequest {
  if (asked.kind === 'none') {
    const { method } = asked;
    const named = { tool: null, resource: null, prompt: null };
    const facts = { about: 'mcp', method, ...named, arguments: { kind: 'none' } } as const;
    return { read: 'facts', title: method, facts, call: null };
  }
  const { kind, name, arguments: given } = asked;
  const method = METHODS[kind];
  const title = `${method} ${name}`;
  const bytes = given === null || typeof given === 'string' ? Buffer.from('{}') : given;
  const document = scanJson(bytes, 0, bytes.length, CANONICAL_JSON);
  if (isRefused(document)) return { read: 'refused', title, message: document.message };
  if (!document.isObject(document.root))
    return { read: 'refused', title, message: 'the arguments have to be a JSON object' };
  const subject: CallSubject = { kind, name, arguments: bytes === given ? document.root : NONE };
  const facts = callFacts(document, method, subject, NONE);
  return {
    read: 'facts',
    title,
    facts: typeof given === 'string' ? { ...facts, arguments: { kind: 'unread' } } : facts,
    call: { subject, document },
  };
}
