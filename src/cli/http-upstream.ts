/** An HTTP API behind a listener. */
import type { HttpListenerConfig } from '../config/http-listener.ts';
import type { LoadedConfig } from '../config/load.ts';
import { ResponseMaskers } from '../engine/response-masker.ts';
import { HttpExchange } from '../transport/http-exchange.ts';
import { HttpListener, type HttpSite } from '../transport/http-listener.ts';
import type { Shared } from './listeners.ts';
import { type Listening, listening } from './listening.ts';
import { httpLoginsOf, listenerSettings, requestDomain, upstreamOf } from './request-listeners.ts';
import { upstreamAccess } from './upstream-login.ts';

export async function listenForHttp(
  loaded: LoadedConfig,
  n: number,
  listener: HttpListenerConfig,
  shared: Shared,
): Promise<Listening> {
  const { limits, upstream: address } = listener;
  const { scheme, host, port } = address;
  const domain = requestDomain(listener, `${scheme}://${host}:${port}`, shared);
  const { login, logins } = upstreamAccess(listener.credentials, httpLoginsOf(listener, shared));
  const upstream = upstreamOf(address, listener, shared, login);
  const ground = {
    domain,
    upstream,
    maskers: new ResponseMaskers(shared.masks, limits.response),
    challenges: logins.challenges,
    targets: {
      encodedSlashes: listener.paths.encoded_slashes,
      pathParameters: listener.paths.parameters,
    },
    passesCookies: listener.cookies === 'pass',
    requestBytesMax: limits.request,
    responseBytesMax: limits.response,
  };
  const site: HttpSite = {
    domain,
    serve: (client, request, response) => void new HttpExchange(ground, client, request, response).run(),
    close: () => upstream.close(),
  };
  const settings = listenerSettings(loaded, n, listener, shared.tlsFiles);
  return listening(loaded, n, (address) => HttpListener.listen(address, settings, site, logins));
}
