/** Messages of MCP sent on a leg one by one, and everything that answers them. */
import { Conversation } from '../../protocols/mcp/conversation.ts';
import { CANONICAL_JSON, isRefused, scanJson } from '../../src/json/index.ts';
import {
  LegError,
  type MessageToServer,
  type ServerLeg,
  type ServerStream,
} from '../../src/transport/mcp/legs.ts';

const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'raw', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {
    elicitation: { form: {}, url: {} },
    sampling: {},
    roots: {},
  },
};

/** As any JSON. */
export interface Answer {
  readonly id?: unknown;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly code: number; readonly message: string };
}

/** A request of the modern era. */
export function modernMessage(
  id: number | string,
  method: string,
  params: Record<string, unknown> = {},
  signal = new AbortController().signal,
  meta: Record<string, unknown> = {},
): MessageToServer {
  return messageOf(
    { jsonrpc: '2.0', id, method, params: { ...params, _meta: { ...META, ...meta } } },
    signal,
  );
}

export function messageOf(
  message: unknown,
  signal = new AbortController().signal,
  conversation = new Conversation(),
): MessageToServer {
  const bytes = Buffer.from(JSON.stringify(message));
  const document = scanJson(bytes, 0, bytes.length, CANONICAL_JSON);
  if (isRefused(document)) throw new Error(document.message);
  const reading = conversation.fromClient(document, document.root);
  if (reading.reading !== 'request') throw new Error(`not a request: ${bytes.toString()}`);
  const { method, revision, subject } = reading;
  return { kind: 'request', bytes, method, revision, subject, id: reading.message.id, signal };
}

export async function messagesOf(leg: ServerLeg, message: MessageToServer): Promise<readonly Answer[]> {
  const messages: Answer[] = [];
  let stream: ServerStream;
  try {
    stream = await leg.send(message);
  } catch (error) {
    // What a server says with a status that is no success is an answer as well.
    if (!(error instanceof LegError) || error.body === null) throw error;
    return [JSON.parse(error.body.toString('utf8'))];
  }
  for await (const { message: bytes } of stream.events)
    if (bytes !== null) messages.push(JSON.parse(bytes.toString('utf8')));
  stream.close();
  return messages;
}

/** The last one, which answers. */
export async function answerTo(leg: ServerLeg, message: MessageToServer): Promise<Answer> {
  return (await messagesOf(leg, message)).at(-1) ?? {};
}
