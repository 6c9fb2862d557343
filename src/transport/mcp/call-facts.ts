/** What rules are asked about a message, and what the journal and approvers get of it. */
import type { RequestId } from '../../../protocols/mcp/message.ts';
import type { Method } from '../../../protocols/mcp/methods.ts';
import type { Revision } from '../../../protocols/mcp/revisions.ts';
import type { CallSubject } from '../../../protocols/mcp/subject.ts';
import type { CallFacts, RequestDecision } from '../../core/requests.ts';
import { traceOf } from '../../engine/causes.ts';
import type { RequestSession } from '../../engine/request-session.ts';
import type { RequestText } from '../../engine/request-text.ts';
import type { JsonDocument } from '../../json/index.ts';

const NONE = -1;
const REASON = 'dev.sluice/reason';
const REASON_CHARACTERS_MAX = 500;

/**
 * Requests that only begin or keep a conversation: they carry no intent, so no rule speaks of them (promise 1's closed
 * list). What they are answered with is masked all the same.
 */
const WITHOUT_INTENT: ReadonlySet<string> = new Set<Method>(['initialize', 'ping', 'server/discover']);

/** What they show is filtered to what may be called: that no rule allows the list itself is nothing against it. */
const LISTS: ReadonlySet<string> = new Set<Method>([
  'tools/list',
  'prompts/list',
  'resources/list',
  'resources/templates/list',
  'subscriptions/listen',
]);

export function callFacts(
  document: JsonDocument,
  method: Method,
  subject: CallSubject | null,
  params: number,
): CallFacts {
  const named = (kind: CallSubject['kind']) => (subject?.kind === kind ? subject.name : null);
  const node = subject === null ? params : subject.arguments;
  return {
    about: 'mcp',
    method,
    tool: named('tool'),
    resource: named('resource'),
    prompt: named('prompt'),
    arguments: node === NONE ? { kind: 'none' } : { kind: 'json', document, node },
  };
}

/** A call of something that is shown in a list, with whatever arguments. */
export function openFacts(kind: 'tool' | 'resource' | 'prompt', name: string): CallFacts {
  const methods = { tool: 'tools/call', resource: 'resources/read', prompt: 'prompts/get' } as const;
  return {
    about: 'mcp',
    method: methods[kind],
    tool: kind === 'tool' ? name : null,
    resource: kind === 'resource' ? name : null,
    prompt: kind === 'prompt' ? name : null,
    arguments: { kind: 'open' },
  };
}

/** Whether a request of this method passes whatever rules say: it has no intent, or what it lists is filtered. */
export function passesAnyhow(
  method: string,
  { verdict, rule }: Pick<RequestDecision, 'verdict' | 'rule'>,
): boolean {
  return WITHOUT_INTENT.has(method) || (LISTS.has(method) && verdict === 'deny' && rule === 'default');
}

/** Methods that name nothing, and that rules can speak of all the same. */
export function isOfNothing(method: string): boolean {
  return WITHOUT_INTENT.has(method) || LISTS.has(method);
}

/** `own`: what a request about a task says by itself, where `facts` are those of the call that began it. */
export function decide(
  session: RequestSession,
  method: Method,
  facts: CallFacts,
  own: CallFacts = facts,
): RequestDecision {
  const decision = own === facts ? session.judge(facts) : approvedBefore(session, facts, own);
  if (!passesAnyhow(method, decision)) return decision;
  const { policyVersion, obligations } = decision;
  return {
    verdict: 'allow',
    rule: null,
    message: null,
    rules: [],
    observed: [],
    obligations: {
      limit: { rows: null, rowsRule: null, bytes: null, bytesRule: null },
      limits: [],
      approvals: [],
      budgets: [],
      rates: [],
      masks: null,
      record: obligations.record,
    },
    policyVersion,
    response: session.masks,
    items: [],
    truncating: [],
  };
}

/**
 * The arguments. Where a call comes again with answers to what the server asked (2026-07-28), those are a part of what it
 * asks now, and of what people agree to.
 */
function bodyOf(document: JsonDocument, params: number, { arguments: given }: CallFacts): Buffer | null {
  const args = given.kind === 'json' ? given.document.bytes(given.node) : null;
  const responses = document.member(params, 'inputResponses');
  const isWhole = given.kind === 'json' && given.node === params;
  if (responses === NONE || isWhole) return args === null ? null : Buffer.from(args);
  const written = `{"arguments":${args?.toString('utf8') ?? 'null'},"inputResponses":`;
  return Buffer.concat([Buffer.from(written), document.bytes(responses), Buffer.from('}')]);
}

/**
 * People have agreed to the call, and its rate has been counted, before its task began: of requests about the task both
 * are asked only where a rule is about those. What they return counts against limits and budgets of the call.
 */
function approvedBefore(session: RequestSession, facts: CallFacts, own: CallFacts): RequestDecision {
  const decision = session.judge(facts);
  if (decision.verdict === 'deny') return decision;
  // What is said now has not been judged with the call: no rule may be against it, and none has to allow it again.
  const said = session.judge({ ...facts, arguments: own.arguments });
  if (said.verdict === 'deny' && said.rule !== 'default') return said;
  const { verdict, rule, message, obligations } = session.judge(own);
  const { approvals, rates } = verdict === 'deny' ? { approvals: [], rates: [] } : obligations;
  const owed = { ...decision.obligations, approvals, rates };
  if (verdict === 'deny') return { ...decision, verdict: 'allow', obligations: owed };
  return { ...decision, verdict, rule, message, obligations: owed };
}

/** `tools/call query`, and why; the arguments stand beside it. */
export function callText(
  document: JsonDocument,
  params: number,
  facts: CallFacts,
  call: {
    readonly id: RequestId | null;
    readonly revision: Revision;
    readonly from: 'client' | 'server';
    readonly definition: string | null;
  },
): RequestText {
  const name = facts.tool ?? facts.resource ?? facts.prompt;
  const lines = [name === null ? facts.method : `${facts.method} ${name}`];
  if (call.from === 'server') lines[0] = `${lines[0] ?? ''} (asked by the server)`;
  // What is approved is this call of that very definition (promise 7).
  if (call.definition !== null) lines.push(`# definition: ${call.definition}`);
  const reason = document.text(document.member(document.member(params, '_meta'), REASON));
  if (reason !== null)
    lines.push(`# reason: ${reason.replaceAll(/\s+/g, ' ').slice(0, REASON_CHARACTERS_MAX)}`);
  const mcp = {
    method: facts.method,
    ...(name === null ? {} : { name }),
    ...(call.id === null ? {} : { id: call.id.key.slice(1) }),
    revision: call.revision,
    ...(call.from === 'server' ? { from: 'server' } : {}),
  };
  return {
    via: 'mcp',
    text: Buffer.from(lines.join('\n')),
    body: bodyOf(document, params, facts),
    members: `"mcp":${JSON.stringify(mcp)}`,
    ...(call.id === null ? {} : { request: call.id.written }),
    trace: traceOf(document.text(document.member(document.member(params, '_meta'), 'traceparent')) ?? ''),
  };
}

/** Why a URI is not judged: what it leads to depends on who reads it. Null: it is read in one way. */
export function uriProblem(uri: string): string | null {
  if (/[\\\p{C}]/u.test(uri)) return 'has a backslash, a control or an invisible character';
  if (/%(?:2e|2f|5c|25|00)/i.test(uri)) return 'has an encoded dot, slash, backslash or percent sign';
  if (/(?:^|[/:])\.{1,2}(?:[/?#]|$)/.test(uri)) return 'has a path of dots';
  if (uri.trim() !== uri) return 'has a blank before or behind it';
  // RFC 3986, 6.2.2.2: with and without the encoding it is the same one.
  if (/%(?:2d|3[0-9]|[46][1-9a-f]|[57][0-9a]|5f|7e)/i.test(uri))
    return 'has an encoded character that needs no encoding';
  // Which part of it is the name of a machine is not for two readers to disagree on.
  const authority = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(uri)?.[1] ?? '';
  if (/@.*@|%(?:40|3a|5b|5d)/i.test(authority)) return 'can be taken apart in more than one way';
  if (/[^\x21-\x7e{}]/.test(authority)) return 'names a machine in letters that are not ASCII';
  // RFC 8089, 2 and appendix B: a local file has many names, of which one is plain.
  if (/^file:/i.test(uri) && (!/^file:\/\/\/(?!\/)/i.test(uri) || /\/\//.test(uri.slice(8))))
    return 'names a file in another way than file:///path';
  return null;
}
