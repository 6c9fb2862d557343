/** Which parts of a message stay as they are whatever detectors say: what the protocol itself reads. */
import { isFault, readMessage } from '../../../protocols/mcp/message.ts';
import type { Method } from '../../../protocols/mcp/methods.ts';
import { surfacesOf } from '../../../protocols/mcp/surfaces.ts';
import type { MessageSurfaces } from '../../engine/message-masker.ts';
import type { JsonDocument } from '../../json/index.ts';

const NONE = -1;
const NOTHING: MessageSurfaces = { values: [], texts: [], blobs: [], tokens: [], handedBack: [] };
/** Tokens that a server makes, and gets back in requests. */
const HANDED_BACK: ReadonlySet<string> = new Set(['nextCursor', 'requestState', 'taskId']);

/** Lists whose items are called by a name. */
const NAMED_LISTS: ReadonlyMap<Method, string> = new Map<Method, string>([
  ['tools/list', 'tools'],
  ['prompts/list', 'prompts'],
]);
/** Members of results that begin a conversation: they say what the protocol is, and nothing of data. */
const OPENING_MEMBERS = ['protocolVersion', 'supportedVersions', 'capabilities'] as const;
/** The same of any result, where they are what the protocol has them be. */
const PROTOCOL_MEMBERS: readonly (readonly [name: string, form: RegExp])[] = [
  ['resultType', /^"[a-z_]{1,32}"$/],
  ['cacheScope', /^"[a-z]{1,32}"$/],
  ['ttlMs', /^\d{1,12}$/],
];
/** JSON-RPC 2.0, 5.1: codes are small; a longer number is somebody's data. */
const CODE = /^-?\d{1,6}$/;

/** `method`: of the request or notification; of an answer, that of its request. */
export function maskedParts(document: JsonDocument, method: Method | null): MessageSurfaces {
  const message = readMessage(document, 0);
  if (isFault(message)) return NOTHING;
  const surfaces = surfacesOf(document, message, method);
  const kept: number[] = [];
  const keep = (node: number) => {
    if (node !== NONE) kept.push(node);
  };
  for (const name of ['jsonrpc', 'id', 'method']) keep(document.member(0, name));
  if (message.kind === 'error' && isWritten(document, message.error, 'code', CODE))
    keep(document.member(message.error, 'code'));
  if (message.kind === 'result') {
    const { result } = message;
    if (method === 'initialize' || method === 'server/discover')
      for (const name of OPENING_MEMBERS) keep(document.member(result, name));
    for (const [name, form] of PROTOCOL_MEMBERS)
      if (isWritten(document, result, name, form)) keep(document.member(result, name));
    const list = method === null ? undefined : NAMED_LISTS.get(method);
    const items = list === undefined ? NONE : document.member(result, list);
    for (const item of childrenOf(document, items)) {
      keep(document.member(item, 'name'));
      for (const argument of childrenOf(document, document.member(item, 'arguments')))
        keep(document.member(argument, 'name'));
    }
  }
  const { values, texts, blobs, tokens } = surfaces;
  const handedBack = tokens.filter((node) => HANDED_BACK.has(document.name(node) ?? ''));
  return { values, texts, blobs: blobs.map(({ node }) => node), tokens: [...tokens, ...kept], handedBack };
}

/** Whether a member is there, and as the protocol has it. */
function isWritten(document: JsonDocument, holder: number, name: string, form: RegExp): boolean {
  const node = document.member(holder, name);
  return node !== NONE && document.first(node) === NONE && form.test(document.written(node));
}

/** What an error's code is called in records. */
export function codeOf(document: JsonDocument, error: number): string {
  return isWritten(document, error, 'code', CODE)
    ? `error ${document.written(document.member(error, 'code'))}`
    : 'error';
}

function childrenOf(document: JsonDocument, node: number): Iterable<number> {
  return node === NONE ? [] : document.children(node);
}
