/** subscriptions/listen of a modern client at a legacy server, fed by the stream of the session. */
import {
  acknowledged,
  type ChangeFilter,
  changeFilter,
  subscriptionEnded,
  tagged,
  wants,
} from '../../../protocols/mcp/bridge/subscriptions.ts';
import type { RequestId } from '../../../protocols/mcp/message.ts';
import { BridgeChannel } from './bridge-channel.ts';
import type { LegacySession } from './bridge-legacy-session.ts';
import { eventOf, type ReadMessage } from './bridge-messages.ts';
import type { ServerEvent, ServerStream } from './legs.ts';

const RESOURCES_MAX = 256;

/** What a subscriptions/listen asks for; a sentence where it cannot be read. */
export function readFilter({ document, message }: ReadMessage): ChangeFilter | string {
  const filter = message.kind === 'request' ? changeFilter(document, message.params) : null;
  if (filter === null) return 'notifications has to say what is wanted';
  return filter.uris.size > RESOURCES_MAX ? `at most ${RESOURCES_MAX} resources at once` : filter;
}

export async function subscription(
  session: LegacySession,
  asked: ChangeFilter,
  id: RequestId,
  signal: AbortSignal,
): Promise<ServerStream> {
  const { changes } = session.initialized;
  const uris = new Set<string>();
  const filter: ChangeFilter = {
    tools: asked.tools && changes.tools,
    prompts: asked.prompts && changes.prompts,
    resources: asked.resources && changes.resources,
    uris,
  };
  const channel = new BridgeChannel<ServerEvent>();
  const leave = session.addListener(({ document, message }, method) => {
    if (message.kind === 'notification' && wants(filter, method, document, message.params))
      channel.offer(eventOf(tagged(document, message, id)));
  });
  const own = new AbortController();
  const over = AbortSignal.any([signal, own.signal]);
  if (changes.subscribe) {
    const taken = await Promise.all(
      [...asked.uris].map(async (uri) => ({ uri, isTaken: await session.subscribe(uri) })),
    );
    for (const { uri, isTaken } of taken) if (isTaken) uris.add(uri);
  }
  session.ended.addEventListener('abort', () => channel.end(), { once: true });
  over.addEventListener('abort', () => channel.end(), { once: true });
  if (over.aborted || session.isOver) channel.end();
  const events = async function* (): AsyncGenerator<ServerEvent> {
    try {
      yield eventOf(acknowledged(id, filter));
      for (let event = await channel.take(); event !== null; event = await channel.take()) yield event;
      if (!over.aborted) yield eventOf(subscriptionEnded(id, session.initialized.server));
    } finally {
      leave();
      for (const uri of uris) session.unsubscribe(uri);
    }
  };
  return { shape: 'many', events: events(), close: () => own.abort() };
}
