/**
 * A client of the legacy era at a modern server: what the handshake said once goes into every request, and what only
 * modern results have is taken out. Bytes that need not change do not.
 */
import {
  CANONICAL_JSON,
  isRefused,
  type JsonDocument,
  JsonEdits,
  jsonString,
  scanJson,
} from '../../../src/json/index.ts';
import { META_CAPABILITIES, META_VERSION } from '../conversation.ts';
import type { RequestId } from '../message.ts';
import { NEWEST, NEWEST_LEGACY, type Revision, revisionNamed, traitsOf } from '../revisions.ts';
import { META_CLIENT, META_LOG_LEVEL, META_SERVER, objectOf, renumber, withoutTasks } from './shared.ts';

const NONE = -1;

/** What the client said of itself in initialize; JSON as it is written. */
export interface LegacyClient {
  /** What the session speaks from then on: what the client asked for, or the newest of its era. */
  readonly revision: Revision;
  readonly info: Buffer | null;
  readonly capabilities: Buffer;
}

/** Reads initialize. */
export function legacyClient(document: JsonDocument, params: number): LegacyClient {
  const asked = revisionNamed(document.text(document.member(params, 'protocolVersion')) ?? '');
  const revision = asked !== null && traitsOf(asked).era === 'legacy' ? asked : NEWEST_LEGACY;
  const info = document.member(params, 'clientInfo');
  return {
    revision,
    info: info === NONE ? null : Buffer.from(document.bytes(info)),
    capabilities: capabilitiesOf(document, document.member(params, 'capabilities')),
  };
}

/** Of a legacy client's capabilities those that modern servers know. Tasks of the two eras are not the same thing. */
function capabilitiesOf(document: JsonDocument, capabilities: number): Buffer {
  const members: string[] = [];
  for (const name of ['experimental', 'roots', 'sampling', 'elicitation', 'extensions'] as const) {
    const capability = document.member(capabilities, name);
    if (capability === NONE) continue;
    if (name === 'roots') members.push('"roots":{}');
    else if (name === 'extensions')
      members.push(`"extensions":${withoutTasks(document, capability).toString('utf8')}`);
    // An empty elicitation meant forms, before there was anything else (2025-11-25, elicitation).
    else if (name === 'elicitation' && document.first(capability) === NONE)
      members.push('"elicitation":{"form":{}}');
    else members.push(`"${name}":${document.written(capability)}`);
  }
  return Buffer.from(`{${members.join(',')}}`);
}

/** The request as a modern server takes it. `logLevel`: what logging/setLevel asked for. `id` null: its own. */
export function modernRequest(
  document: JsonDocument,
  message: { readonly node: number; readonly params: number },
  client: LegacyClient,
  logLevel: string | null,
  id: string | null = null,
): Buffer {
  const own: [string, Buffer][] = [
    [META_VERSION, jsonString(NEWEST)],
    [META_CAPABILITIES, client.capabilities],
  ];
  if (client.info !== null) own.push([META_CLIENT, client.info]);
  if (logLevel !== null) own.push([META_LOG_LEVEL, jsonString(logLevel)]);
  const edits = new JsonEdits(document);
  renumber(edits, document, message.node, id);
  const { params } = message;
  const meta = document.member(params, '_meta');
  if (document.isObject(meta)) {
    for (const [name, value] of own) {
      // What only modern requests may say is not for a legacy client to say.
      const before = document.similarMember(meta, name);
      if (before !== NONE) edits.remove(before);
      edits.addMember(meta, name, value);
    }
  } else {
    if (meta !== NONE) edits.remove(meta);
    const written = objectOf(own);
    if (params === NONE) edits.addMember(message.node, 'params', objectOf([['_meta', written]]));
    else edits.addMember(params, '_meta', written);
  }
  return edits.apply(document.start(message.node), document.end(message.node));
}

/** The answer as a legacy client knows it. `result` is the node of the result; `id` null: the answer's own. */
export function legacyResult(
  document: JsonDocument,
  node: number,
  result: number,
  id: string | null = null,
): Buffer {
  const edits = new JsonEdits(document);
  renumber(edits, document, node, id);
  for (const name of ['resultType', 'ttlMs', 'cacheScope']) {
    const member = document.member(result, name);
    if (member !== NONE) edits.remove(member);
  }
  // Structured content is an object in the legacy era, and so is what a tool's schema of it says (SEP-2106).
  const structured = document.member(result, 'structuredContent');
  if (structured !== NONE && !document.isObject(structured)) edits.remove(structured);
  const tools = document.member(result, 'tools');
  for (const tool of document.isArray(tools) ? document.children(tools) : []) {
    const schema = document.member(tool, 'outputSchema');
    if (schema !== NONE && document.text(document.member(schema, 'type')) !== 'object') edits.remove(schema);
  }
  return edits.apply(document.start(node), document.end(node));
}

/** The answer to initialize, from what server/discover said. */
export function initializeAnswer(
  id: RequestId,
  document: JsonDocument,
  discovered: number,
  revision: Revision,
): Buffer {
  const offered = document.member(discovered, 'capabilities');
  const capabilities = offered === NONE ? '{}' : serverCapabilities(document, offered);
  const server = document.member(document.member(discovered, '_meta'), META_SERVER);
  const info = server === NONE ? '{"name":"unnamed","version":"0"}' : document.written(server);
  const instructions = document.member(discovered, 'instructions');
  const rest = instructions === NONE ? '' : `,"instructions":${document.written(instructions)}`;
  return Buffer.from(
    `{"jsonrpc":"2.0","id":${id.written},"result":{"protocolVersion":"${revision}","capabilities":${capabilities},"serverInfo":${info}${rest}}}`,
  );
}

function serverCapabilities(document: JsonDocument, capabilities: number): string {
  const extensions = document.member(capabilities, 'extensions');
  if (extensions === NONE) return document.written(capabilities);
  const edits = new JsonEdits(document);
  edits.replace(extensions, withoutTasks(document, extensions));
  return edits.apply(document.start(capabilities), document.end(capabilities)).toString('utf8');
}

export function emptyAnswer(id: RequestId): Buffer {
  return Buffer.from(`{"jsonrpc":"2.0","id":${id.written},"result":{}}`);
}

/** What a modern server asks for in the middle of a request. */
export interface InputRequest {
  readonly key: string;
  readonly method: string;
  /** JSON as it is written. */
  readonly params: Buffer | null;
}

export interface InputRequired {
  readonly requests: readonly InputRequest[];
  /** As it is written; null: there is none. */
  readonly state: Buffer | null;
}

/** Null: the result is complete. */
export function inputRequired(document: JsonDocument, result: number): InputRequired | null {
  if (document.text(document.member(result, 'resultType')) !== 'input_required') return null;
  const requests: InputRequest[] = [];
  const asked = document.member(result, 'inputRequests');
  if (asked !== NONE) {
    for (const request of document.children(asked)) {
      const params = document.member(request, 'params');
      requests.push({
        key: document.name(request) ?? '',
        method: document.text(document.member(request, 'method')) ?? '',
        params: params === NONE ? null : Buffer.from(document.bytes(params)),
      });
    }
  }
  const state = document.member(result, 'requestState');
  return { requests, state: state === NONE ? null : Buffer.from(document.bytes(state)) };
}

/**
 * A request to the client, as servers of its era send one. One to open a page has to have an elicitationId there
 * (2025-11-25, elicitation); modern servers have none, and never tell that the page was seen to.
 */
export function requestToClient(id: string, { method, params: asked }: InputRequest): Buffer {
  const params = method === 'elicitation/create' && asked !== null ? withElicitationId(asked, id) : asked;
  const rest = params === null ? '' : `,"params":${params.toString('utf8')}`;
  return Buffer.from(
    `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"method":${JSON.stringify(method)}${rest}}`,
  );
}

function withElicitationId(params: Buffer, id: string): Buffer {
  const document = scanJson(params, 0, params.length, CANONICAL_JSON);
  if (isRefused(document) || document.text(document.member(document.root, 'mode')) !== 'url') return params;
  if (document.member(document.root, 'elicitationId') !== NONE) return params;
  const edits = new JsonEdits(document);
  edits.addMember(document.root, 'elicitationId', jsonString(id));
  return edits.apply();
}

/** The first request again (as `modernRequest` made it), with what the client has answered. */
export function retriedRequest(
  document: JsonDocument,
  message: { readonly node: number; readonly params: number },
  answers: ReadonlyMap<string, Buffer>,
  state: Buffer | null,
  id: string | null = null,
): Buffer {
  const edits = new JsonEdits(document);
  renumber(edits, document, message.node, id);
  for (const name of ['inputResponses', 'requestState']) {
    const before = document.member(message.params, name);
    if (before !== NONE) edits.remove(before);
  }
  if (answers.size > 0) edits.addMember(message.params, 'inputResponses', objectOf([...answers]));
  if (state !== null) edits.addMember(message.params, 'requestState', state);
  return edits.apply(document.start(message.node), document.end(message.node));
}
