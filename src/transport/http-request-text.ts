/** A request as people read it: in the journal, and before they approve it. */
import type { Head } from '../../protocols/http/index.ts';
import type { HttpFacts } from '../core/requests.ts';
import type { RequestText } from '../engine/request-text.ts';

/** Differ from one sending of a request to the next, and change nothing of what it does. */
const VOLATILE =
  /^(?:user-agent|traceparent|tracestate|baggage|x-request-id|x-correlation-id|x-amzn-trace-id|b3|x-b3-.*|date|accept-encoding|accept-language|cache-control|pragma|priority|sec-.*|dnt|referer|origin)$/;

/** `reason`: why it is asked, in the client's own words. */
export function requestText(
  head: Head,
  facts: HttpFacts,
  body: Buffer | null,
  reason: string | null,
): RequestText {
  const query = facts.query === null ? '' : `?${facts.query}`;
  const lines = [`${facts.method} ${facts.path}${query}`];
  for (const [name, value] of facts.headers) if (!VOLATILE.test(name)) lines.push(`${name}: ${value}`);
  if (body === null && head.length !== 0) lines.push('(a body that is not recorded)');
  if (reason !== null) lines.push(`# reason: ${reason}`);
  return { via: 'http', text: Buffer.from(lines.join('\n'), 'latin1'), body };
}
