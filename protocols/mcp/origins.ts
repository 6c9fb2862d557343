/**
 * Which Host and Origin an endpoint answers to. A page on the internet can make a browser send requests to an address
 * inside, under a name that the page's owner chose (DNS rebinding): such a request is not for this endpoint.
 */

export interface Origins {
  /** Names by which the endpoint is reached, lower case, with port where that is not the scheme's own. */
  readonly hosts: ReadonlySet<string>;
  /** Origins of pages that may use it (RFC 6454); programs send none. */
  readonly origins: ReadonlySet<string>;
}

/** Why a request is not for this endpoint; null: it is. */
export function originProblem(allowed: Origins, host: string | null, origin: string | null): string | null {
  if (host === null) return 'the request has no Host';
  if (!allowed.hosts.has(host.toLowerCase())) return 'the request is for another host';
  if (origin === null) return null;
  // A page without an origin of its own, such as one in a sandboxed frame, sends `null`.
  return allowed.origins.has(origin.toLowerCase()) ? null : 'pages of this origin may not use this endpoint';
}

/** What an endpoint that listens on `port` of the loopback is called. */
export function loopbackHosts(port: number): readonly string[] {
  const names = ['localhost', '127.0.0.1', '[::1]'];
  return [...names.map((name) => `${name}:${port}`), ...(port === 80 || port === 443 ? names : [])];
}
