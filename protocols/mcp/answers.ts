/** Messages that Sluice itself sends to a client: refusals, in words that an agent can act on. */
import { jsonString } from '../../src/json/index.ts';
import { type RequestId, RPC_ERRORS } from './message.ts';
import type { Method } from './methods.ts';
import { REVISIONS, type Revision, traitsOf } from './revisions.ts';

/**
 * A rule, a limit or an approval stands in the way. Of the range that the specification leaves to implementations
 * (-32000 to -32019), away from the codes that SDKs use for timeouts and lost connections.
 */
export const REFUSED_BY_SLUICE = -32010;

/** What a client is told of a refusal. */
export interface Refusal {
  readonly message: string;
  readonly detail: string | null;
  readonly hint: string | null;
  /** The rule by which it is refused; null: no rule, but the protocol or a fault. */
  readonly rule: string | null;
  /** The approval that it waits for, and where it is decided. */
  readonly approval: { readonly id: string; readonly url: string | null } | null;
}

/** An error response. `id` null: it answers nothing that could be read. */
export function errorAnswer(
  id: RequestId | null,
  code: number,
  message: string,
  data: Buffer | null,
): Buffer {
  const rest = data === null ? '' : `,"data":${data.toString('utf8')}`;
  const text = jsonString(message).toString('utf8');
  return Buffer.from(
    `{"jsonrpc":"2.0","id":${id?.written ?? 'null'},"error":{"code":${code},"message":${text}${rest}}}`,
  );
}

/**
 * The answer to a refused request. A refused tool call is a result that says so, since a model reads results, and its
 * client may keep errors to itself (MCP, tools, error handling).
 */
export function refusalAnswer(id: RequestId, method: Method, revision: Revision, refusal: Refusal): Buffer {
  if (method !== 'tools/call')
    return errorAnswer(id, REFUSED_BY_SLUICE, refusalText(refusal), refusalData(refusal));
  const type = traitsOf(revision).resultTypes ? '"resultType":"complete",' : '';
  const text = jsonString(refusalText(refusal)).toString('utf8');
  const meta = `{"dev.sluice/refusal":${refusalData(refusal).toString('utf8')}}`;
  return Buffer.from(
    `{"jsonrpc":"2.0","id":${id.written},"result":{${type}"content":[{"type":"text","text":${text}}],"isError":true,"_meta":${meta}}}`,
  );
}

function refusalText({ message, detail, hint, approval }: Refusal): string {
  const parts = [message, detail, hint];
  if (approval !== null) {
    const where = approval.url === null ? '' : ` at ${approval.url}`;
    parts.push(`It waits for approval ${approval.id}${where}; send the same call again once it is approved.`);
  }
  return parts.filter((part) => part !== null && part !== '').join('\n');
}

function refusalData({ rule, hint, approval }: Refusal): Buffer {
  const members: string[] = [];
  if (rule !== null) members.push(`"rule":${JSON.stringify(rule)}`);
  if (hint !== null) members.push(`"hint":${JSON.stringify(hint)}`);
  if (approval !== null) {
    const url = approval.url === null ? '' : `,"url":${JSON.stringify(approval.url)}`;
    members.push(`"approval":{"id":${JSON.stringify(approval.id)}${url}}`);
  }
  return Buffer.from(`{${members.join(',')}}`);
}

/** -32022, with what can be said in place of it: what begins with a handshake is not said in a request. */
export function unsupportedVersion(id: RequestId | null, requested: string): Buffer {
  const data = JSON.stringify({
    supported: REVISIONS.filter((one) => traitsOf(one).era === 'modern').reverse(),
    requested,
  });
  return errorAnswer(id, RPC_ERRORS.unsupportedVersion, 'Unsupported protocol version', Buffer.from(data));
}
