/** Lists that Sluice asks a server for itself: before the first call of something that it has never seen. */
import { META_CAPABILITIES, META_VERSION } from '../../../protocols/mcp/conversation.ts';
import type { Method } from '../../../protocols/mcp/methods.ts';
import { type Revision, traitsOf } from '../../../protocols/mcp/revisions.ts';
import { isRefused, type JsonDocument, jsonString, PLAIN_JSON, scanJson } from '../../json/index.ts';
import type { ServerLeg } from './legs.ts';

const NONE = -1;
const PAGES_MAX = 100;
const TIMEOUT_MS = 30_000;
/** What of a client's own _meta a server of the modern era has to be told with every request. */
const META_MEMBERS = [META_VERSION, META_CAPABILITIES, 'io.modelcontextprotocol/clientInfo'] as const;

let asked = 0;

/** Every page of a list, one at a time, each as the message that answers; none where the server does not give it. */
export async function* ownList(
  leg: ServerLeg,
  method: Method,
  revision: Revision,
  asking: { readonly document: JsonDocument; readonly params: number },
): AsyncGenerator<JsonDocument> {
  const meta = traitsOf(revision).era === 'modern' ? metaOf(asking.document, asking.params) : null;
  let cursor: string | null = null;
  for (let pages = 0; pages < PAGES_MAX; pages++) {
    const page = await ownPage(leg, method, revision, paramsOf(meta, cursor));
    if (page === null) return;
    yield page;
    cursor = page.text(page.at('/result/nextCursor'));
    if (cursor === null) return;
  }
}

async function ownPage(
  leg: ServerLeg,
  method: Method,
  revision: Revision,
  params: string,
): Promise<JsonDocument | null> {
  const name = `sluice-${++asked}`;
  const written = JSON.stringify(name);
  const bytes = Buffer.from(`{"jsonrpc":"2.0","id":${written},"method":"${method}","params":${params}}`);
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const id = { key: `s${name}`, written };
  const stream = await leg.send({ kind: 'request', bytes, revision, method, id, subject: null, signal });
  const close = () => stream.close();
  signal.addEventListener('abort', close, { once: true });
  try {
    for await (const { message } of stream.events) {
      if (message === null) continue;
      const document = scanJson(message, 0, message.length, PLAIN_JSON);
      if (isRefused(document) || document.text(document.member(0, 'id')) !== name) continue;
      return document.isObject(document.member(0, 'result')) ? document : null;
    }
    return null;
  } finally {
    signal.removeEventListener('abort', close);
    stream.close();
  }
}

function paramsOf(meta: string | null, cursor: string | null): string {
  const members = [
    ...(cursor === null ? [] : [`"cursor":${jsonString(cursor).toString()}`]),
    ...(meta === null ? [] : [`"_meta":${meta}`]),
  ];
  return `{${members.join(',')}}`;
}

function metaOf(document: JsonDocument, params: number): string {
  const meta = document.member(params, '_meta');
  const members = META_MEMBERS.flatMap((name) => {
    const node = document.member(meta, name);
    return node === NONE ? [] : [`${JSON.stringify(name)}:${document.written(node)}`];
  });
  return `{${members.join(',')}}`;
}
