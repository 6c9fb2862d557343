/**
 * Ids on a pipe that requests of several clients share: one that is in use already is replaced on the way to the program
 * and put back on the way from it.
 */
import { type RequestId, readId } from '../../../protocols/mcp/message.ts';
import { isRefused, type JsonDocument, JsonEdits, PLAIN_JSON, scanJson } from '../../json/index.ts';

const NONE = -1;
export const SUBSCRIPTION = 'io.modelcontextprotocol/subscriptionId';

export interface Numbering {
  isTaken(key: string): boolean;
  isTokenTaken(key: string): boolean;
  next(): number;
}

export interface NumberedMessage {
  readonly bytes: Buffer;
  /** As the program knows it. */
  readonly id: RequestId;
  /** By which it tells progress, as it is looked up; null: nobody asked. */
  readonly token: string | null;
  /** The same as the client wrote it. */
  readonly clientToken: string | null;
}

/** A request of a client as it goes to the program. */
export function numberedMessage(bytes: Buffer, id: RequestId, numbering: Numbering): NumberedMessage {
  const document = scanJson(bytes, 0, bytes.length, { ...PLAIN_JSON, bytesMax: bytes.length });
  if (isRefused(document)) return { bytes, id, token: null, clientToken: null };
  const tokenNode = document.member(document.member(document.member(0, 'params'), '_meta'), 'progressToken');
  const read = tokenNode === NONE ? null : readId(document, tokenNode);
  const token = read?.key ?? null;
  const clientToken = read?.written ?? null;
  const isTokenTaken = token !== null && numbering.isTokenTaken(token);
  if (!numbering.isTaken(id.key) && !isTokenTaken) return { bytes, id, token, clientToken };
  const edits = new JsonEdits(document);
  const own = ownId(numbering);
  edits.replace(document.member(0, 'id'), Buffer.from(own.written));
  if (token !== null) edits.replace(tokenNode, Buffer.from(own.written));
  return {
    bytes: edits.apply(document.start(0), document.end(0)),
    id: own,
    token: token === null ? null : own.key,
    clientToken,
  };
}

function ownId({ isTaken, isTokenTaken, next }: Numbering): RequestId {
  for (;;) {
    const text = `sluice-${next()}`;
    if (!isTaken(`s${text}`) && !isTokenTaken(`s${text}`)) return { key: `s${text}`, written: `"${text}"` };
  }
}

/** What the program says of a request, in the client's own words for it. */
export function numberedAnswer(
  document: JsonDocument,
  node: number,
  bytes: Buffer,
  {
    id,
    sentAs,
    clientToken,
  }: { readonly id: RequestId; readonly sentAs: RequestId; readonly clientToken: string | null },
): Buffer {
  if (id.key === sentAs.key) return bytes;
  const edits = new JsonEdits(document);
  const replace = (at: number, written: string) => {
    if (at !== NONE) edits.replace(at, Buffer.from(written));
  };
  const params = document.member(node, 'params');
  if (params === NONE) replace(document.member(node, 'id'), id.written);
  else if (clientToken !== null) replace(document.member(params, 'progressToken'), clientToken);
  for (const holder of [params, document.member(node, 'result')])
    replace(document.member(document.member(holder, '_meta'), SUBSCRIPTION), id.written);
  return edits.apply(document.start(node), document.end(node));
}
