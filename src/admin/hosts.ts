/**
 * Names by which this server may be called. A page of somebody else's can point a name of its own at our address (DNS
 * rebinding); its requests then carry that name, and no IP address.
 */
import { isIP } from 'node:net';

export class ExpectedHosts {
  readonly #named: string | null;

  /** `url`: how people reach the server; null where that is its address alone. */
  constructor(url: string | null) {
    this.#named = url === null ? null : new URL(url).hostname.toLowerCase();
  }

  allows(header: string | undefined): boolean {
    if (header === undefined) return false;
    const match = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::\d{1,5})?$/i.exec(header);
    const host = (match?.[1] ?? match?.[2] ?? '').toLowerCase();
    return host !== '' && (isIP(host) !== 0 || host === 'localhost' || host === this.#named);
  }
}

/** Whether a request that a browser made comes from a page of this server. */
export function isOwnOrigin(origin: string | undefined, host: string | undefined): boolean {
  if (origin === undefined) return true;
  try {
    return new URL(origin).host === host?.toLowerCase();
  } catch {
    return false;
  }
}
