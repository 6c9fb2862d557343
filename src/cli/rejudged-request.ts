/** Recorded requests and calls, put together again as far as the journal has them. */
import type { Field } from '../../protocols/http/index.ts';
import { isArray, isObject, type JsonObject } from '../core/json.ts';
import { isOfNothing } from '../transport/mcp/call-facts.ts';
import { sqlPointersOf } from '../transport/mcp/sql-in-arguments.ts';
import type { AskedRequest, Content } from './asked-request.ts';
import { textIn } from './record-fields.ts';
import {
  type AskedOf,
  explainRequest,
  type RequestExplanation,
  type RequestPremises,
} from './request-explanation.ts';

const NOT_AGAIN = 'requests of their kind are not judged again';
export const NO_CONTENT = 'the journal has not the arguments or the body that it depends on';

const KINDS: ReadonlyMap<string, 'tool' | 'prompt' | 'resource'> = new Map([
  ['tools/call', 'tool'],
  ['prompts/get', 'prompt'],
  ['resources/read', 'resource'],
]);

export function isRequestRecord(record: JsonObject): boolean {
  const via = textIn(record, 'via');
  return via === 'http' || via === 'mcp';
}

/** The request line, with the arguments or the body as far as the journal has them. */
export function requestTitle(record: JsonObject): string {
  const content = contentIn(record);
  const [line = ''] = (textIn(record, 'text') ?? '').split('\n');
  return content === null || typeof content === 'string' ? line : `${line} ${content.toString('utf8')}`;
}

/** A sentence instead says why it cannot be judged again. */
export async function rejudgedRequest(
  record: JsonObject,
  premises: RequestPremises,
  of: AskedOf,
): Promise<RequestExplanation | string> {
  const asked = askedIn(record);
  if (typeof asked === 'string') return asked;
  const explained = await explainRequest(asked, premises, of);
  if (!isHidden(asked)) return explained;
  if (asked.about === 'mcp' && takesSql(asked, premises)) return NO_CONTENT;
  const without: AskedRequest =
    asked.about === 'http' ? { ...asked, body: null } : { ...asked, arguments: null };
  const other = await explainRequest(without, premises, of);
  const isSame = other.verdict === explained.verdict && other.decision?.rule === explained.decision?.rule;
  return isSame ? explained : NO_CONTENT;
}

type WithContent = Exclude<AskedRequest, { readonly kind: 'none' }>;

function isHidden(asked: AskedRequest): asked is WithContent {
  if (asked.about === 'http') return asked.body === 'hidden';
  return asked.kind !== 'none' && asked.arguments === 'hidden';
}

function takesSql(asked: Extract<WithContent, { readonly about: 'mcp' }>, { sql }: RequestPremises): boolean {
  return asked.kind === 'tool' && sql !== null && sqlPointersOf(sql, asked.name).size > 0;
}

function askedIn(record: JsonObject): AskedRequest | string {
  const content = contentIn(record);
  if (textIn(record, 'via') === 'http') return httpIn(textIn(record, 'text') ?? '', content);
  const { mcp } = record;
  if (mcp === undefined || !isObject(mcp)) return NOT_AGAIN;
  const [method, name] = [textIn(mcp, 'method') ?? '', textIn(mcp, 'name')];
  if (textIn(mcp, 'from') !== null) return NOT_AGAIN;
  if (isOfNothing(method)) return { about: 'mcp', kind: 'none', method };
  const kind = KINDS.get(method);
  if (kind === undefined || name === null) return NOT_AGAIN;
  return { about: 'mcp', kind, name, arguments: content };
}

/** What the journal has only in part, or hides, may be anything. */
function contentIn({ parameters }: JsonObject): Content {
  const [first] = parameters !== undefined && isArray(parameters) ? parameters : [];
  if (first === undefined || first === null) return null;
  return typeof first === 'string' ? Buffer.from(first) : 'hidden';
}

/** As `requestText` writes it: the request line, then what of the head has a meaning. */
function httpIn(text: string, content: Content): AskedRequest | string {
  const [line = '', ...rest] = text.split('\n');
  const [, method, path] = /^(\S+) (.+)$/.exec(line) ?? [];
  if (method === undefined || path === undefined) return NOT_AGAIN;
  const headers = rest.flatMap((written): readonly Field[] => {
    const colon = written.indexOf(': ');
    return colon < 1 || written.startsWith('#') ? [] : [[written.slice(0, colon), written.slice(colon + 2)]];
  });
  const isUnread = rest.includes('(a body that is not recorded)');
  return { about: 'http', method, path, headers, body: content ?? (isUnread ? 'unread' : null) };
}
