/** What rules are asked about an HTTP request: of its head what is forwarded, so that nothing else can decide. */
import { forwardedFields, type Head } from '../../protocols/http/index.ts';
import type { BodyFacts, HttpFacts } from '../core/requests.ts';

/** Where a client says why it asks; it is for Sluice and goes no further. */
export const REASON_FIELD = 'x-sluice-reason';

export function httpFacts(head: Head, body: BodyFacts, passesCookies: boolean): HttpFacts {
  const headers = new Map<string, string>();
  for (const [written, value] of forwardedFields(head.fields, passesCookies, new Set([REASON_FIELD]))) {
    const name = written.toLowerCase();
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  const { method, path, query, host } = head;
  return { about: 'http', method, path, query, host, headers, body };
}
