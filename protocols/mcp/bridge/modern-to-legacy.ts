/**
 * A modern client at a server of the legacy era: Sluice holds the session that the client does not know of, and results
 * get what the client's revision demands of them.
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
import { canonicalBytes } from '../definitions.ts';
import type { RequestId } from '../message.ts';
import type { Method } from '../methods.ts';
import { NEWEST_LEGACY, REVISIONS, type Revision, traitsOf } from '../revisions.ts';
import { META_CLIENT, META_LOG_LEVEL, META_SERVER, renumber, withoutTasks } from './shared.ts';

const NONE = -1;
const OWN_META = [META_VERSION, META_CAPABILITIES, META_CLIENT, META_LOG_LEVEL] as const;

/** What every request of a modern client says of it; JSON as it is written. */
export interface ModernClient {
  readonly info: Buffer;
  readonly capabilities: Buffer;
  /** Null: it wants no log messages. */
  readonly logLevel: string | null;
}

const ANONYMOUS = Buffer.from('{"name":"unnamed","version":"0"}');

export function modernClient(document: JsonDocument, params: number): ModernClient {
  const meta = document.member(params, '_meta');
  const info = document.member(meta, META_CLIENT);
  const capabilities = document.member(meta, META_CAPABILITIES);
  return {
    info: info === NONE ? ANONYMOUS : Buffer.from(document.bytes(info)),
    capabilities: capabilities === NONE ? Buffer.from('{}') : clientCapabilities(document, capabilities),
    logLevel: document.text(document.member(meta, META_LOG_LEVEL)),
  };
}

function clientCapabilities(document: JsonDocument, capabilities: number): Buffer {
  const extensions = document.member(capabilities, 'extensions');
  if (extensions === NONE) return Buffer.from(document.bytes(capabilities));
  const edits = new JsonEdits(document);
  edits.replace(extensions, withoutTasks(document, extensions));
  return edits.apply(document.start(capabilities), document.end(capabilities));
}

/** The initialize that opens the session for a client. */
export function initializeFor(id: string, { info, capabilities }: ModernClient): Buffer {
  return Buffer.from(
    `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"method":"initialize","params":{"protocolVersion":"${NEWEST_LEGACY}","capabilities":${capabilities.toString('utf8')},"clientInfo":${info.toString('utf8')}}}`,
  );
}

export const INITIALIZED = Buffer.from('{"jsonrpc":"2.0","method":"notifications/initialized"}');

/** How a request is known to a legacy server, as written; null: as it came. */
export interface Renamed {
  readonly id: string | null;
  /** In the place of the token that the client gave, where it gave one. */
  readonly progressToken: string | null;
}

const AS_IT_CAME: Renamed = { id: null, progressToken: null };

/** The request as a legacy server takes it: without what a modern one says in every request. */
export function legacyRequest(
  document: JsonDocument,
  message: { readonly node: number; readonly params: number },
  { id, progressToken }: Renamed = AS_IT_CAME,
): Buffer {
  const edits = new JsonEdits(document);
  renumber(edits, document, message.node, id);
  const meta = document.member(message.params, '_meta');
  if (meta !== NONE) {
    const own = OWN_META.map((name) => document.member(meta, name)).filter((node) => node !== NONE);
    if (own.length === document.size(meta)) edits.remove(meta);
    else for (const node of own) edits.remove(node);
    const token = document.member(meta, 'progressToken');
    if (token !== NONE && progressToken !== null) edits.replace(token, Buffer.from(progressToken));
  }
  for (const name of ['inputResponses', 'requestState']) {
    const retried = document.member(message.params, name);
    if (retried !== NONE) edits.remove(retried);
  }
  return edits.apply(document.start(message.node), document.end(message.node));
}

const CACHEABLE: ReadonlySet<Method> = new Set<Method>([
  'server/discover',
  'tools/list',
  'prompts/list',
  'resources/list',
  'resources/templates/list',
  'resources/read',
]);

/** The answer as a modern client knows it. `server`: what the server said of itself, as written. */
export function modernResult(
  document: JsonDocument,
  node: number,
  result: number,
  method: Method,
  server: Buffer | null,
  id: string | null = null,
): Buffer {
  const edits = new JsonEdits(document);
  renumber(edits, document, node, id);
  const add = (name: string, value: string) => {
    const before = document.similarMember(result, name);
    if (before !== NONE) edits.remove(before);
    edits.addMember(result, name, Buffer.from(value));
  };
  add('resultType', '"complete"');
  if (CACHEABLE.has(method)) {
    // Nothing is known of how long it holds, or of whether others would get the same.
    add('ttlMs', '0');
    add('cacheScope', '"private"');
  }
  const meta = document.member(result, '_meta');
  if (server !== null && meta === NONE)
    edits.addMember(
      result,
      '_meta',
      Buffer.concat([Buffer.from(`{"${META_SERVER}":`), server, Buffer.from('}')]),
    );
  else if (server !== null && document.isObject(meta) && document.member(meta, META_SERVER) === NONE)
    edits.addMember(meta, META_SERVER, server);
  return edits.apply(document.start(node), document.end(node));
}

/** The answer to server/discover, from what initialize said. */
export function discoverAnswer(id: RequestId, document: JsonDocument, initialized: number): Buffer {
  const written = (name: string) => {
    const node = document.member(initialized, name);
    return node === NONE ? null : document.written(node);
  };
  const versions = REVISIONS.filter((revision: Revision) => traitsOf(revision).era === 'modern');
  const instructions = written('instructions');
  const members = [
    '"resultType":"complete"',
    `"supportedVersions":${JSON.stringify(versions)}`,
    `"capabilities":${serverCapabilities(document, document.member(initialized, 'capabilities'))}`,
    ...(instructions === null ? [] : [`"instructions":${instructions}`]),
    '"ttlMs":0',
    '"cacheScope":"private"',
    `"_meta":{"${META_SERVER}":${written('serverInfo') ?? ANONYMOUS.toString('utf8')}}`,
  ];
  return Buffer.from(`{"jsonrpc":"2.0","id":${id.written},"result":{${members.join(',')}}}`);
}

function serverCapabilities(document: JsonDocument, capabilities: number): string {
  if (!document.isObject(capabilities)) return '{}';
  const edits = new JsonEdits(document);
  const tasks = document.member(capabilities, 'tasks');
  if (tasks !== NONE) edits.remove(tasks);
  const extensions = document.member(capabilities, 'extensions');
  if (extensions !== NONE) edits.replace(extensions, withoutTasks(document, extensions));
  return edits.apply(document.start(capabilities), document.end(capabilities)).toString('utf8');
}

/** What the server asks of the client while a request runs, as a result of that request. `state` comes back with the answers. */
export function inputRequiredAnswer(
  id: RequestId,
  asked: ReadonlyMap<string, { readonly method: string; readonly params: Buffer | null }>,
  state: string | null,
): Buffer {
  const requests = [...asked].map(([key, { method, params }]) => {
    const rest = params === null ? '' : `,"params":${params.toString('utf8')}`;
    return `${jsonString(key).toString('utf8')}:{"method":${JSON.stringify(method)}${rest}}`;
  });
  const rest = state === null ? '' : `,"requestState":${JSON.stringify(state)}`;
  return Buffer.from(
    `{"jsonrpc":"2.0","id":${id.written},"result":{"resultType":"input_required","inputRequests":{${requests.join(',')}}${rest}}}`,
  );
}

/**
 * What a legacy server asks, as a modern client knows it: nothing has to be matched, so that pages have no id, and there
 * is no stream on which progress could be told.
 */
export function inputParams(params: Buffer | null): Buffer | null {
  const document = params === null ? null : scanJson(params, 0, params.length, CANONICAL_JSON);
  if (document === null || isRefused(document)) return params;
  const edits = new JsonEdits(document);
  const { root } = document;
  if (document.text(document.member(root, 'mode')) === 'url')
    removeAll(edits, [document.member(root, 'elicitationId')]);
  const meta = document.member(root, '_meta');
  const token = document.member(meta, 'progressToken');
  removeAll(edits, [token !== NONE && document.size(meta) === 1 ? meta : token]);
  return edits.isEmpty ? params : edits.apply();
}

function removeAll(edits: JsonEdits, nodes: readonly number[]): void {
  for (const node of nodes) if (node !== NONE) edits.remove(node);
}

/** The pages that have to be seen to before a request can be made (2025-11-25, -32042); empty: the error is another one. */
export function pagesRequired(
  document: JsonDocument,
  error: number,
): ReadonlyMap<string, { readonly method: string; readonly params: Buffer | null }> {
  const pages = new Map<string, { readonly method: string; readonly params: Buffer | null }>();
  const code = document.member(error, 'code');
  const asked = document.member(document.member(error, 'data'), 'elicitations');
  if (code === NONE || document.written(code) !== '-32042' || !document.isArray(asked)) return pages;
  for (const page of document.children(asked)) {
    const params = inputParams(Buffer.from(document.bytes(page)));
    pages.set(`page-${pages.size + 1}`, { method: 'elicitation/create', params });
  }
  return pages;
}

/** Whether the client can show a page to its user. */
export function takesPages({ capabilities }: ModernClient): boolean {
  const document = scanJson(capabilities, 0, capabilities.length, CANONICAL_JSON);
  return !isRefused(document) && document.at('/elicitation/url') !== NONE;
}

/** What makes a request the same one when it is sent again: all that it says, apart from what only this sending says. */
export function requestText(document: JsonDocument, method: Method, params: number): string {
  const members = params === NONE ? [] : [...document.children(params)];
  const said = members
    .filter((node) => !OF_ONE_SENDING.has(document.name(node) ?? ''))
    .map(
      (node) => `${JSON.stringify(document.name(node))}:${canonicalBytes(document, node).toString('utf8')}`,
    );
  return `${method}\n${said.sort().join('\n')}`;
}

const OF_ONE_SENDING: ReadonlySet<string> = new Set(['_meta', 'inputResponses', 'requestState']);

/** Notifications of progress under the token that the client gave, as written. */
export function progressUnder(
  document: JsonDocument,
  message: { readonly node: number; readonly params: number },
  token: string,
): Buffer {
  const edits = new JsonEdits(document);
  edits.replace(document.member(message.params, 'progressToken'), Buffer.from(token));
  return edits.apply(document.start(message.node), document.end(message.node));
}

/** What a retried request brings: the answers by key, as written, and the state. */
export interface Retry {
  readonly answers: ReadonlyMap<string, Buffer>;
  readonly state: string;
}

/** Null: the request is no retry. */
export function retryOf(document: JsonDocument, params: number): Retry | null {
  const state = document.text(document.member(params, 'requestState'));
  if (state === null) return null;
  const answers = new Map<string, Buffer>();
  const responses = document.member(params, 'inputResponses');
  if (responses !== NONE) {
    for (const response of document.children(responses))
      if (document.isObject(response))
        answers.set(document.name(response) ?? '', Buffer.from(document.bytes(response)));
  }
  return { answers, state };
}

/** The answer to what a legacy server asked. */
export function answerToServer(id: RequestId, answer: Buffer): Buffer {
  return Buffer.concat([
    Buffer.from(`{"jsonrpc":"2.0","id":${id.written},"result":`),
    answer,
    Buffer.from('}'),
  ]);
}
