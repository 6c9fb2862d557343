/**
 * What a modern server tells of its changes, for the stream of a legacy session: one subscriptions/listen for everything
 * that the server offers and the client has subscribed to, opened anew when that changes or when it breaks off.
 */
import { setTimeout as delay } from 'node:timers/promises';
import {
  acknowledgedUris,
  type ChangeFilter,
  type ChangesOffered,
  untagged,
  wantsNothing,
} from '../../../protocols/mcp/bridge/subscriptions.ts';
import { BridgeChannel } from './bridge-channel.ts';
import { eventOf, readBytes } from './bridge-messages.ts';
import type { ServerEvent, ServerStream } from './legs.ts';

const RETRY_MIN_MS = 1_000;
const RETRY_MAX_MS = 30_000;
const SUBSCRIPTIONS_MAX = 1_000;

/** Opens subscriptions/listen at the server; rejects with LegError. */
export type OpenChanges = (filter: ChangeFilter, signal: AbortSignal) => Promise<ServerStream>;

/** One subscriptions/listen. `acknowledged`: what of the resources the server honours; null: it has none of it. */
interface Subscription {
  readonly controller: AbortController;
  readonly acknowledged: Promise<ReadonlySet<string> | null>;
}

export class LegacyChanges {
  readonly #open: OpenChanges;
  readonly #offered: ChangesOffered;
  readonly #uris = new Set<string>();
  #listening: { readonly channel: BridgeChannel<ServerEvent>; readonly signal: AbortSignal } | null = null;
  #current: Subscription | null = null;
  #retryMs = RETRY_MIN_MS;

  constructor(offered: ChangesOffered, open: OpenChanges) {
    this.#offered = offered;
    this.#open = open;
  }

  /** Null: it holds. Otherwise why it does not. */
  async subscribe(uri: string): Promise<string | null> {
    if (!this.#offered.subscribe) return 'the server tells nobody of changes to a resource';
    if (this.#uris.has(uri)) return null;
    if (this.#uris.size >= SUBSCRIPTIONS_MAX)
      return `a session has at most ${SUBSCRIPTIONS_MAX} subscriptions`;
    this.#uris.add(uri);
    const subscription = this.#renew();
    if (subscription === null) return null;
    const honoured = await subscription.acknowledged;
    if (honoured === null || honoured.has(uri)) return null;
    this.#uris.delete(uri);
    return 'the server does not tell of changes to this resource';
  }

  unsubscribe(uri: string): void {
    if (this.#uris.delete(uri)) this.#renew();
  }

  /** The stream of the session. A new one takes the place of the one before. Null: there is nothing to be told. */
  listen(signal: AbortSignal): ServerStream | null {
    const { tools, prompts, resources, subscribe } = this.#offered;
    if (!tools && !prompts && !resources && !subscribe) return null;
    this.#listening?.channel.end();
    const own = new AbortController();
    const channel = new BridgeChannel<ServerEvent>();
    const listening = { channel, signal: AbortSignal.any([signal, own.signal]) };
    this.#listening = listening;
    listening.signal.addEventListener('abort', () => {
      channel.end();
      if (this.#listening === listening) this.#stop();
    });
    this.#renew();
    return { shape: 'many', events: eventsOf(channel, own), close: () => own.abort() };
  }

  end(): void {
    this.#listening?.channel.end();
    this.#stop();
  }

  #stop(): void {
    this.#listening = null;
    this.#current?.controller.abort();
    this.#current = null;
  }

  /** The one before stays until this one holds, so that nothing is missed. Null: nobody listens, or for nothing. */
  #renew(): Subscription | null {
    const listening = this.#listening;
    if (listening === null || listening.signal.aborted) return null;
    const before = this.#current;
    const { tools, prompts, resources } = this.#offered;
    const filter: ChangeFilter = { tools, prompts, resources, uris: new Set(this.#uris) };
    if (wantsNothing(filter)) {
      before?.controller.abort();
      this.#current = null;
      return null;
    }
    const controller = new AbortController();
    let settle: (honoured: ReadonlySet<string> | null) => void = () => {};
    const acknowledged = new Promise<ReadonlySet<string> | null>((resolve) => {
      settle = resolve;
    });
    const current: Subscription = { controller, acknowledged };
    this.#current = current;
    void this.#run(current, filter, listening.channel, (honoured) => {
      before?.controller.abort();
      settle(honoured);
    });
    return current;
  }

  async #run(
    current: Subscription,
    filter: ChangeFilter,
    channel: BridgeChannel<ServerEvent>,
    settle: (honoured: ReadonlySet<string> | null) => void,
  ): Promise<void> {
    const { signal } = current.controller;
    try {
      const stream = await this.#open(filter, signal);
      for await (const { message: bytes } of stream.events) {
        if (signal.aborted) return;
        if (bytes === null) continue;
        const { document, message } = readBytes(bytes);
        if (message.kind !== 'notification') break;
        if (message.method === 'notifications/subscriptions/acknowledged') {
          this.#retryMs = RETRY_MIN_MS;
          settle(acknowledgedUris(document, message.params));
        } else await channel.push(eventOf(untagged(document, message)));
      }
    } catch {
      // The session goes on without being told; it is tried again.
    } finally {
      settle(null);
    }
    await this.#again(current);
  }

  async #again(current: Subscription): Promise<void> {
    const { signal } = current.controller;
    const wait = this.#retryMs;
    this.#retryMs = Math.min(wait * 2, RETRY_MAX_MS);
    try {
      await delay(wait, undefined, { signal, ref: false });
    } catch {
      return;
    }
    if (this.#current === current) this.#renew();
  }
}

async function* eventsOf(
  channel: BridgeChannel<ServerEvent>,
  own: AbortController,
): AsyncGenerator<ServerEvent> {
  try {
    for (let event = await channel.take(); event !== null; event = await channel.take()) yield event;
  } finally {
    own.abort();
  }
}
