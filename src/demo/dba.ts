/** The person of the demo who decides: by the same HTTP API as the console. */
import { setTimeout as delay } from 'node:timers/promises';
import { isArray, isObject, type JsonObject, parseJson } from '../core/json.ts';

const LOOK_EVERY_MS = 100;
const WAIT_MS_MAX = 20_000;

export interface Console {
  readonly url: string;
  readonly user: string;
  readonly password: string;
}

export interface Decided {
  readonly id: string;
  readonly by: string;
}

/** Waits for a request and approves it; throws where none comes. */
export async function approveNext(console: Console, reason: string, signal: AbortSignal): Promise<Decided> {
  const base = console.url.replace(/\/$/, '');
  const { cookie, csrf } = await logIn(base, console);
  const giveUpMs = performance.now() + WAIT_MS_MAX;
  while (performance.now() < giveUpMs) {
    signal.throwIfAborted();
    const { approvals } = await asked(`${base}/api/v1/approvals?state=pending`, { headers: { cookie } });
    const [first] = approvals !== undefined && isArray(approvals) ? approvals : [];
    if (first === undefined || !isObject(first)) {
      await delay(LOOK_EVERY_MS);
      continue;
    }
    const id = String(first['id']);
    await asked(`${base}/api/v1/approvals/${id}/votes`, {
      method: 'POST',
      headers: { cookie, 'x-csrf-token': csrf, 'content-type': 'application/json' },
      body: JSON.stringify({ verdict: 'approve', reason }),
    });
    return { id, by: console.user };
  }
  throw new Error('no request for approval came');
}

async function logIn(base: string, { user, password }: Console) {
  const response = await fetch(`${base}/api/v1/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ user, password }),
  });
  const me = objectOf(await response.text());
  return { cookie: response.headers.getSetCookie()[0]?.split(';')[0] ?? '', csrf: String(me['csrf']) };
}

async function asked(url: string, request: RequestInit): Promise<JsonObject> {
  const response = await fetch(url, request);
  const text = await response.text();
  if (!response.ok) throw new Error(`${url}: ${text}`);
  return objectOf(text);
}

function objectOf(text: string): JsonObject {
  const read = parseJson(text);
  return isObject(read) ? read : {};
}
