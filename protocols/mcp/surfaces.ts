/**
 * Where in a message something stands that a model or a person reads. Whatever is not named here is looked through by
 * detectors all the same: a member that Sluice has never heard of is no way around a mask. Named are only those that have
 * to be read in a way of their own, and the few that go back to whoever made them and so have to stay as they are.
 */
import type { JsonDocument } from '../../src/json/index.ts';
import type { Message } from './message.ts';
import type { Method } from './methods.ts';

const NONE = -1;

/** Base64 that may be text. */
export interface Blob {
  readonly node: number;
  readonly mimeType: string | null;
}

export interface Surfaces {
  /** Values that JSON paths of masks begin at: structured content, data of errors and of log messages. */
  readonly values: readonly number[];
  /** Strings for a model; where one is JSON, paths begin at what it holds. */
  readonly texts: readonly number[];
  readonly blobs: readonly Blob[];
  /** Tokens that the other side gets back as they are: cursors, states, ids. */
  readonly tokens: readonly number[];
}

/** `method`: of the request or notification; for an answer that of its request, null where that is not known. */
export function surfacesOf(document: JsonDocument, message: Message, method: Method | null): Surfaces {
  const finder = new SurfaceFinder(document);
  switch (message.kind) {
    case 'request':
    case 'notification':
      finder.call(message.params, method);
      break;
    case 'result':
      finder.result(message.result, method);
      break;
    case 'error':
      finder.error(message.error);
      break;
  }
  return finder;
}

/**
 * Members whose value is handed back unread (pagination, MRTR, tasks, progress, cancellation, tool use), by what they stand
 * in: anywhere else a member of the same name is data.
 */
const TASK_TOKENS: readonly string[] = ['taskId'];
const TOOL_RESULT_TOKENS: readonly string[] = ['toolUseId'];
const NO_TOKENS: readonly string[] = [];
const ELICITATION_TOKENS: readonly string[] = ['elicitationId'];

function resultTokens(method: Method | null): readonly string[] {
  switch (method) {
    case 'tools/call':
      return ['requestState', 'taskId'];
    case 'prompts/get':
      return ['requestState'];
    case 'resources/read':
      return ['requestState', 'nextCursor'];
    default:
      if (method?.startsWith('tasks/') === true) return ['taskId', 'requestState', 'nextCursor'];
      return method?.endsWith('/list') === true ? ['nextCursor'] : NO_TOKENS;
  }
}

function paramTokens(method: Method | null): readonly string[] {
  switch (method) {
    case 'notifications/progress':
      return ['progressToken'];
    case 'notifications/cancelled':
      return ['requestId'];
    case 'elicitation/create':
    case 'notifications/elicitation/complete':
      return ELICITATION_TOKENS;
    case 'notifications/tasks':
    case 'notifications/tasks/status':
    case 'tasks/get':
    case 'tasks/cancel':
    case 'tasks/result':
    case 'tasks/update':
      return TASK_TOKENS;
    case 'tools/call':
    case 'prompts/get':
    case 'resources/read':
      return ['requestState'];
    default:
      return method?.endsWith('/list') === true ? ['cursor'] : NO_TOKENS;
  }
}

class SurfaceFinder implements Surfaces {
  readonly values: number[] = [];
  readonly texts: number[] = [];
  readonly blobs: Blob[] = [];
  readonly tokens: number[] = [];
  readonly #document: JsonDocument;

  constructor(document: JsonDocument) {
    this.#document = document;
  }

  call(params: number, method: Method | null): void {
    this.#envelope(params, paramTokens(method));
    switch (method) {
      case 'notifications/message':
        this.#value(params, 'data');
        break;
      case 'notifications/progress':
      case 'notifications/cancelled':
      case 'notifications/tasks/status':
        this.#strings(params, ['message', 'reason', 'statusMessage']);
        break;
      case 'sampling/createMessage':
      case 'elicitation/create':
        this.#asked(params);
        break;
      case 'tools/call':
      case 'prompts/get':
        this.#value(params, 'arguments');
        this.#answers(params);
        break;
      case 'tasks/update':
        this.#answers(params);
        break;
      case 'notifications/tasks':
        this.result(params, 'tasks/get');
        break;
      default:
        break;
    }
  }

  result(result: number, method: Method | null): void {
    this.#envelope(result, resultTokens(method));
    const document = this.#document;
    // A result is read by what it has, not by what was asked: a task's result is that of another request.
    this.#contentOf(result);
    this.#each(document.member(result, 'contents'), (contents) => this.#resource(contents));
    this.#each(document.member(result, 'messages'), (message) => this.#contentOf(message));
    this.#each(document.member(result, 'tasks'), (task) => this.#envelope(task, TASK_TOKENS));
    this.#envelope(document.member(result, 'task'), TASK_TOKENS);
    this.#strings(result, ['description', 'instructions', 'statusMessage']);
    this.#each(document.at('/completion/values', result), (value) => this.#text(value));
    this.#each(document.member(result, 'inputRequests'), (request) =>
      this.#asked(document.member(request, 'params')),
    );
    if (method === 'elicitation/create') this.#value(result, 'content');
    if (method === 'tasks/get') this.#outcome(result);
  }

  /** How a task came out, within what is told of it (SEP-2663). */
  #outcome(task: number): void {
    const result = this.#document.member(task, 'result');
    if (result !== NONE) this.result(result, null);
    this.error(this.#document.member(task, 'error'));
  }

  error(error: number): void {
    this.#strings(error, ['message']);
    this.#value(error, 'data');
  }

  /** What a server asks of the client: a model's answer, or a person's. */
  #asked(params: number): void {
    const document = this.#document;
    this.#each(document.member(params, 'messages'), (message) => this.#contentOf(message));
    this.#envelope(params, ELICITATION_TOKENS);
    this.#strings(params, ['systemPrompt', 'message']);
    this.#value(params, 'metadata');
  }

  /** What the client answers to that, in a request of 2026-07-28. */
  #answers(params: number): void {
    this.#each(this.#document.member(params, 'inputResponses'), (response) => this.#contentOf(response));
  }

  /** Content blocks, one or many, and what stands beside them. */
  #contentOf(holder: number): void {
    const document = this.#document;
    const content = document.member(holder, 'content');
    this.#value(holder, 'structuredContent');
    if (document.isArray(content)) this.#each(content, (block) => this.#block(block));
    else if (content !== NONE) this.#block(content);
  }

  #block(block: number): void {
    const document = this.#document;
    const type = document.text(document.member(block, 'type'));
    this.#envelope(block, type === 'tool_result' ? TOOL_RESULT_TOKENS : NO_TOKENS);
    this.#strings(block, ['text']);
    this.#value(block, 'input');
    const data = document.member(block, 'data');
    if (document.isString(data)) this.#blob(data, block);
    const resource = document.member(block, 'resource');
    if (resource !== NONE) this.#resource(resource);
    if (type === 'tool_use') this.#token(document.member(block, 'id'));
    // What a tool gave, shown to a model again (sampling with tools).
    this.#contentOf(block);
  }

  #resource(resource: number): void {
    this.#envelope(resource, NO_TOKENS);
    this.#strings(resource, ['text']);
    const blob = this.#document.member(resource, 'blob');
    if (this.#document.isString(blob)) this.#blob(blob, resource);
  }

  #blob(node: number, beside: number): void {
    const mimeType = this.#document.text(this.#document.member(beside, 'mimeType'));
    this.blobs.push({ node, mimeType });
  }

  /** Tokens of an object, by their names, and of its _meta. */
  #envelope(object: number, tokens: readonly string[]): void {
    const document = this.#document;
    if (!document.isObject(object)) return;
    for (const child of document.children(object)) {
      const name = document.name(child) ?? '';
      if (tokens.includes(name)) this.#token(child);
      else if (name === '_meta') this.#meta(child);
    }
  }

  #meta(meta: number): void {
    const document = this.#document;
    this.#token(document.member(meta, 'progressToken'));
    this.#token(document.member(meta, 'io.modelcontextprotocol/subscriptionId'));
    this.#envelope(document.member(meta, 'io.modelcontextprotocol/related-task'), TASK_TOKENS);
  }

  #token(node: number): void {
    if (node !== NONE && this.#document.first(node) === NONE) this.tokens.push(node);
  }

  #value(holder: number, name: string): void {
    const node = this.#document.member(holder, name);
    if (node !== NONE) this.values.push(node);
  }

  #text(node: number): void {
    if (this.#document.isString(node)) this.texts.push(node);
  }

  #strings(holder: number, names: readonly string[]): void {
    for (const name of names) this.#text(this.#document.member(holder, name));
  }

  /** Items of an array, or members of an object. */
  #each(container: number, visit: (node: number) => void): void {
    if (container === NONE) return;
    for (const child of this.#document.children(container)) visit(child);
  }
}
