/** What of a listener's configuration speaks of tokens that cannot be, or that nobody could show. */
import type { HttpListenerConfig } from './http-listener.ts';
import type { McpListenerConfig } from './mcp-listener.ts';

/** Each with the key that it is about. */
export function* tokenProblems(
  listener: HttpListenerConfig | McpListenerConfig,
  isLoopback: boolean,
): Generator<readonly [key: string, message: string]> {
  const { auth, credentials, protocol } = listener;
  const takesTokens = auth.includes('oidc');
  if (credentials?.token_exchange !== undefined && !auth.every((method) => method === 'oidc'))
    yield ['credentials', 'token_exchange takes auth: [oidc]: whoever shows no token has none to exchange'];
  if (protocol !== 'mcp') return;
  const { oauth, url } = listener;
  if (oauth !== undefined && !takesTokens) yield ['oauth', 'is about tokens: expected oidc in auth'];
  if (takesTokens && url === undefined && !isLoopback)
    yield ['url', 'tokens have to name the endpoint: expected the URL under which clients reach it'];
}
