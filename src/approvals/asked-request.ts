/** Requests that are no SQL, before whoever decides on them: what is called, or sent where, and with what. */
import { isArray, isObject, type Json, type JsonObject } from '../core/json.ts';

/** A call of MCP, or a request of HTTP. Path and query as they are forwarded. */
export type AskedRequest =
  | {
      readonly about: 'mcp';
      readonly method: string;
      readonly kind: 'tool' | 'resource' | 'prompt' | null;
      readonly name: string | null;
    }
  | {
      readonly about: 'http';
      readonly method: string;
      readonly path: string;
      readonly query: string | null;
      readonly host: string;
    };

/** What is shown of a request for approval, in the words of what it is. */
export interface ShownRequest {
  /** Such as `calls the tool delete_row`, `sends POST /orders/3/refund`. */
  readonly words: string;
  /** What its body is called. */
  readonly bodyName: 'arguments' | 'body';
  /** As it was sent, up to 64 KiB; null: there is none, or none that is shown. */
  readonly body: string | null;
  /** Bytes of a body that is not shown, or not all of it; null: all of it is shown. */
  readonly hiddenBytes: number | null;
  /** What else is covered by a yes: the definition, header fields. */
  readonly lines: readonly string[];
}

/** Null: it is a statement of SQL. */
export function shownRequest(shown: JsonObject): ShownRequest | null {
  const { request, text, parameters } = shown;
  if (!isObject(request)) return null;
  const value = parameters !== undefined && isArray(parameters) ? parameters[0] : undefined;
  const [first = '', ...lines] = typeof text === 'string' ? text.split('\n') : [];
  return {
    words: `${wordsOf(request)}${first.endsWith('(asked by the server)') ? ', asked by the server' : ''}`,
    bodyName: request['about'] === 'mcp' ? 'arguments' : 'body',
    ...bodyOf(value),
    lines: lines.filter((line) => !/^# reason: /.test(line)),
  };
}

function wordsOf(request: JsonObject): string {
  const { about, method, kind, name, path, query } = request;
  if (about === 'http')
    return `sends ${String(method)} ${String(path)}${query === null ? '' : `?${String(query)}`}`;
  if (method === 'tools/call' && kind === 'tool') return `calls the tool ${String(name)}`;
  if (method === 'resources/read' && kind === 'resource') return `reads the resource ${String(name)}`;
  if (method === 'prompts/get' && kind === 'prompt') return `gets the prompt ${String(name)}`;
  return `asks for ${String(method)}${name === null ? '' : ` of ${String(name)}`}`;
}

function bodyOf(value: Json | undefined): Pick<ShownRequest, 'body' | 'hiddenBytes'> {
  if (typeof value === 'string') return { body: value, hiddenBytes: null };
  if (value === undefined || !isObject(value)) return { body: null, hiddenBytes: null };
  const { text, bytes } = value;
  return { body: typeof text === 'string' ? text : null, hiddenBytes: Number(bytes) };
}

/** On one line, for lists: `calls the tool delete_row {"id":3}`. */
export function requestLine({ words, body, bodyName, hiddenBytes }: ShownRequest): string {
  if (body !== null) return body === '{}' ? words : `${words} ${body}`;
  return hiddenBytes === null ? words : `${words} (${bodyName} not shown)`;
}
