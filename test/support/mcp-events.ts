import type { EventStore, JSONRPCMessage } from '@modelcontextprotocol/server';

/** Keeps every event, so that a stream can be taken up again. */
export class Events implements EventStore {
  readonly #events: { readonly id: string; readonly stream: string; readonly message: JSONRPCMessage }[] = [];

  async storeEvent(stream: string, message: JSONRPCMessage): Promise<string> {
    const id = `${stream}_${this.#events.length}`;
    this.#events.push({ id, stream, message });
    return id;
  }

  async getStreamIdForEventId(id: string): Promise<string | undefined> {
    return this.#events.find((event) => event.id === id)?.stream;
  }

  async replayEventsAfter(
    last: string,
    { send }: { send: (id: string, message: JSONRPCMessage) => Promise<void> },
  ): Promise<string> {
    const from = this.#events.findIndex(({ id }) => id === last);
    const stream = this.#events[from]?.stream ?? '';
    for (const event of this.#events.slice(from + 1))
      if (event.stream === stream && Object.keys(event.message).length > 0)
        await send(event.id, event.message);
    return stream;
  }
}
