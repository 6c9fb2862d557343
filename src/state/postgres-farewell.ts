/** How connections to Postgres end. */
import { Socket } from 'node:net';
import type pg from 'pg';

const POLITE_MS = 500;

/** Ends the connection at once; a query that runs on it is rejected. */
export function hangUp(client: pg.Client): void {
  // Not in the driver's types; its own `end` waits for a server that may be silent.
  const connection: unknown = Reflect.get(client, 'connection');
  const stream: unknown =
    typeof connection === 'object' && connection !== null ? Reflect.get(connection, 'stream') : null;
  if (stream instanceof Socket) stream.destroy();
  else void client.end().catch(() => {});
}

/** Says goodbye, and hangs up where the server does not answer. */
export async function farewell(client: pg.Client): Promise<void> {
  const timer = setTimeout(() => hangUp(client), POLITE_MS);
  try {
    await client.end();
  } catch {
    hangUp(client);
  } finally {
    clearTimeout(timer);
  }
}
