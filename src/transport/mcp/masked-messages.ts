/** Which parts of a message stay as they are whatever detectors say: what the protocol itself reads. */
import { isFault, readMessage } from '../../../protocols/mcp/message.ts';
import type { Method } from '../../../protocols/mcp/methods.ts';
import { surfacesOf } from '../../../protocols/mcp/surfaces.ts';
import type { MessageSurfaces } from '../../engine/message-masker.ts';
import type { JsonDocument } from '../../json/index.ts';

const NONE = -1;
const NOTHING: MessageSurfaces = { values: [], texts: [], blobs: [], tokens: [] };

/** Lists whose items are called by a name. */
const NAMED_LISTS = ['tools', 'prompts'] as const;
/** Members of results that say what the protocol is, and nothing of data. */
const PROTOCOL_MEMBERS = [
  'protocolVersion',
  'supportedVersions',
  'capabilities',
  'resultType',
  'cacheScope',
  'ttlMs',
] as const;

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
  if (message.kind === 'error') keep(document.member(message.error, 'code'));
  if (message.kind === 'result') {
    const { result } = message;
    for (const name of PROTOCOL_MEMBERS) keep(document.member(result, name));
    for (const list of NAMED_LISTS) {
      const items = document.member(result, list);
      if (items === NONE) continue;
      for (const item of document.children(items)) {
        keep(document.member(item, 'name'));
        for (const argument of childrenOf(document, document.member(item, 'arguments')))
          keep(document.member(argument, 'name'));
      }
    }
  }
  return { ...surfaces, tokens: [...surfaces.tokens, ...kept] };
}

function childrenOf(document: JsonDocument, node: number): Iterable<number> {
  return node === NONE ? [] : document.children(node);
}
