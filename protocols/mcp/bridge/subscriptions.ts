/**
 * What changes at a server, told in both eras: on a stream of the session that is for everything and by
 * resources/subscribe (legacy), or by subscriptions/listen, which says what it wants and marks what it gets (modern).
 */
import { type JsonDocument, JsonEdits, jsonString } from '../../../src/json/index.ts';
import type { RequestId } from '../message.ts';
import type { Method } from '../methods.ts';
import { META_SERVER, META_SUBSCRIPTION } from './shared.ts';

const NONE = -1;

/** What a client wants to be told of. */
export interface ChangeFilter {
  readonly tools: boolean;
  readonly prompts: boolean;
  readonly resources: boolean;
  /** Resources whose own changes are wanted. */
  readonly uris: ReadonlySet<string>;
}

/** What a server tells of, by its capabilities. */
export interface ChangesOffered {
  readonly tools: boolean;
  readonly prompts: boolean;
  readonly resources: boolean;
  readonly subscribe: boolean;
}

export function changesOffered(document: JsonDocument, capabilities: number): ChangesOffered {
  const has = (feature: string, member: string) =>
    isTrue(document, document.member(capabilities, feature), member);
  return {
    tools: has('tools', 'listChanged'),
    prompts: has('prompts', 'listChanged'),
    resources: has('resources', 'listChanged'),
    subscribe: has('resources', 'subscribe'),
  };
}

function isTrue(document: JsonDocument, node: number, member: string): boolean {
  const value = document.member(node, member);
  return value !== NONE && document.written(value) === 'true';
}

/** Reads subscriptions/listen; null: it does not say what it wants. */
export function changeFilter(document: JsonDocument, params: number): ChangeFilter | null {
  const wanted = document.member(params, 'notifications');
  if (!document.isObject(wanted)) return null;
  const uris = new Set<string>();
  const subscriptions = document.member(wanted, 'resourceSubscriptions');
  if (subscriptions !== NONE && !document.isArray(subscriptions)) return null;
  for (const uri of subscriptions === NONE ? [] : document.children(subscriptions)) {
    const text = document.text(uri);
    if (text === null) return null;
    uris.add(text);
  }
  return {
    tools: isTrue(document, wanted, 'toolsListChanged'),
    prompts: isTrue(document, wanted, 'promptsListChanged'),
    resources: isTrue(document, wanted, 'resourcesListChanged'),
    uris,
  };
}

export function wantsNothing({ tools, prompts, resources, uris }: ChangeFilter): boolean {
  return !tools && !prompts && !resources && uris.size === 0;
}

/** Whether a notification is wanted. `params` is the node of what it says. */
export function wants(filter: ChangeFilter, method: Method, document: JsonDocument, params: number): boolean {
  switch (method) {
    case 'notifications/tools/list_changed':
      return filter.tools;
    case 'notifications/prompts/list_changed':
      return filter.prompts;
    case 'notifications/resources/list_changed':
      return filter.resources;
    case 'notifications/resources/updated':
      return filter.uris.has(document.text(document.member(params, 'uri')) ?? '');
    default:
      return false;
  }
}

function writtenFilter({ tools, prompts, resources, uris }: ChangeFilter): string {
  const members = [
    ...(tools ? ['"toolsListChanged":true'] : []),
    ...(prompts ? ['"promptsListChanged":true'] : []),
    ...(resources ? ['"resourcesListChanged":true'] : []),
    ...(uris.size > 0
      ? [`"resourceSubscriptions":[${[...uris].map((uri) => jsonString(uri).toString('utf8')).join(',')}]`]
      : []),
  ];
  return `{${members.join(',')}}`;
}

/** What subscriptions/listen asks for, as params. */
export function listenParams(filter: ChangeFilter): Buffer {
  return Buffer.from(`{"notifications":${writtenFilter(filter)}}`);
}

/** The first message of a subscription: what of it holds. */
export function acknowledged(id: RequestId, honoured: ChangeFilter): Buffer {
  return Buffer.from(
    `{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{"_meta":{"${META_SUBSCRIPTION}":${id.written}},"notifications":${writtenFilter(honoured)}}}`,
  );
}

/** The last one: the server has ended it. `server`: what the server says of itself, as written. */
export function subscriptionEnded(id: RequestId, server: Buffer | null): Buffer {
  const rest = server === null ? '' : `,"${META_SERVER}":${server.toString('utf8')}`;
  return Buffer.from(
    `{"jsonrpc":"2.0","id":${id.written},"result":{"resultType":"complete","_meta":{"${META_SUBSCRIPTION}":${id.written}${rest}}}}`,
  );
}

/** A notification of a legacy server, on a subscription. */
export function tagged(
  document: JsonDocument,
  message: { readonly node: number; readonly params: number },
  id: RequestId,
): Buffer {
  const edits = new JsonEdits(document);
  const { node, params } = message;
  const tag = Buffer.from(`{"${META_SUBSCRIPTION}":${id.written}}`);
  const meta = document.member(params, '_meta');
  if (params === NONE)
    edits.addMember(node, 'params', Buffer.concat([Buffer.from('{"_meta":'), tag, Buffer.from('}')]));
  else if (!document.isObject(meta)) {
    if (meta !== NONE) edits.remove(meta);
    edits.addMember(params, '_meta', tag);
  } else {
    const before = document.similarMember(meta, META_SUBSCRIPTION);
    if (before !== NONE) edits.remove(before);
    edits.addMember(meta, META_SUBSCRIPTION, Buffer.from(id.written));
  }
  return edits.apply(document.start(node), document.end(node));
}

/** A notification of a subscription, for a client that has none. */
export function untagged(
  document: JsonDocument,
  message: { readonly node: number; readonly params: number },
): Buffer {
  const edits = new JsonEdits(document);
  const meta = document.member(message.params, '_meta');
  const tag = document.member(meta, META_SUBSCRIPTION);
  if (tag !== NONE) edits.remove(document.size(meta) === 1 ? meta : tag);
  return edits.apply(document.start(message.node), document.end(message.node));
}

/** Which resources an acknowledgement holds; `params` are its own. */
export function acknowledgedUris(document: JsonDocument, params: number): ReadonlySet<string> {
  return changeFilter(document, params)?.uris ?? new Set();
}
