/**
 * What an MCP endpoint tells OAuth clients: where its authorization servers are, and why a request has no access.
 * Sources: RFC 9728 (protected resource metadata), RFC 6750 (bearer tokens), RFC 8707 (audience), MCP 2025-11-25 and
 * 2026-07-28, authorization.
 */

/** A protected resource as clients see it. */
export interface ProtectedResource {
  /** Its identifier, which tokens name as their audience: an URL without fragment. */
  readonly resource: URL;
  readonly authorizationServers: readonly string[];
  /** What a client may ask for; empty: scopes play no part. */
  readonly scopes: readonly string[];
}

const WELL_KNOWN = '/.well-known/oauth-protected-resource';

/** Where the metadata stands: the well-known path goes between host and path (RFC 9728, 3.1). */
export function metadataUrl({ resource }: ProtectedResource): string {
  const path = resource.pathname === '/' ? '' : resource.pathname;
  return `${resource.origin}${WELL_KNOWN}${path}${resource.search}`;
}

/** Whether a path asks for the metadata: that of the resource, or the one of the host (MCP, discovery). */
export function isMetadataPath({ resource }: ProtectedResource, path: string): boolean {
  const own = resource.pathname === '/' ? WELL_KNOWN : `${WELL_KNOWN}${resource.pathname}`;
  return path === own || path === WELL_KNOWN;
}

/** RFC 9728, 2. */
export function metadataDocument({ resource, authorizationServers, scopes }: ProtectedResource): string {
  return JSON.stringify({
    resource: identifierOf(resource),
    authorization_servers: authorizationServers,
    ...(scopes.length === 0 ? {} : { scopes_supported: scopes }),
    bearer_methods_supported: ['header'],
  });
}

/** The identifier without the slash that a URL object puts behind a bare host. */
export function identifierOf(resource: URL): string {
  return resource.pathname === '/' && resource.search === '' ? resource.origin : resource.href;
}

/**
 * `missing`: no token came. `malformed`: it did not come as tokens have to. `invalid`: it is not taken. `scope`: it is, and
 * does not reach far enough.
 */
export type AccessFault =
  | { readonly fault: 'missing' }
  | { readonly fault: 'malformed'; readonly why: string }
  | { readonly fault: 'invalid'; readonly why: string }
  | { readonly fault: 'scope'; readonly scopes: readonly string[]; readonly why: string };

export interface Challenge {
  readonly status: 400 | 401 | 403;
  /** The value of WWW-Authenticate. */
  readonly header: string;
}

/** RFC 6750, 3: without a token there is no error code; with one that is too weak the answer is 403 (3.1). */
export function challengeFor(resource: ProtectedResource, access: AccessFault): Challenge {
  const parameters: string[] = [];
  if (access.fault !== 'missing')
    parameters.push(`error="${ERRORS[access.fault]}"`, `error_description="${quotable(access.why)}"`);
  const scopes = access.fault === 'scope' ? access.scopes : resource.scopes;
  if (scopes.length > 0) parameters.push(`scope="${quotable(scopes.join(' '))}"`);
  parameters.push(`resource_metadata="${quotable(metadataUrl(resource))}"`);
  return { status: STATUS[access.fault], header: `Bearer ${parameters.join(', ')}` };
}

/** RFC 6750, 3.1. */
const ERRORS = {
  malformed: 'invalid_request',
  invalid: 'invalid_token',
  scope: 'insufficient_scope',
} as const;
const STATUS = { missing: 401, malformed: 400, invalid: 401, scope: 403 } as const;

/** RFC 6750, 3: %x20-21, %x23-5B and %x5D-7E; what is outside of it becomes a blank. */
function quotable(text: string): string {
  return text.replaceAll(/[^\x20\x21\x23-\x5b\x5d-\x7e]/g, ' ');
}

/** The bearer token of a request (RFC 6750, 2.1); `malformed`: there is a header, and it is none. */
export function bearerToken(authorization: string | null): string | 'malformed' | null {
  if (authorization === null) return null;
  const token = /^Bearer +([A-Za-z0-9\-._~+/]+=*)$/i.exec(authorization)?.[1];
  return token ?? 'malformed';
}
