/**
 * What a subscriptions/listen asks for, without what its client may not be told of: "the subset the server agreed to honor"
 * (MCP 2026-07-28, subscriptions, acknowledgment). The server gets no more than that, and acknowledges no more.
 */
import { changeFilter } from '../../../protocols/mcp/bridge/subscriptions.ts';
import type { Method } from '../../../protocols/mcp/methods.ts';
import type { Denial } from '../../core/decision.ts';
import type { RequestSession } from '../../engine/request-session.ts';
import { isRefused, type JsonDocument, JsonEdits, PLAIN_JSON, scanJson } from '../../json/index.ts';
import { callFacts, uriProblem } from './call-facts.ts';
import type { JudgeGround } from './judge-ground.ts';
import { builtinDenial } from './refusals.ts';
import { knowsTasks, mayFollow } from './task-facts.ts';

const NONE = -1;
const METHOD: Method = 'subscriptions/listen';
/** Named in a record, of those that are left out. */
const NAMED_MAX = 20;

/** Why changes of a resource are not for this client; null: they are. They are judged as resources/subscribe is. */
export function untoldResource(
  session: RequestSession,
  document: JsonDocument,
  params: number,
  uri: string,
): Denial | null {
  const problem = uriProblem(uri);
  if (problem !== null)
    return builtinDenial('sluice/unreadable', `the URI ${problem}`, 'Use the URI in its plain form.');
  const subject = { kind: 'resource', name: uri, arguments: NONE } as const;
  const { verdict, rule, message } = session.judge(callFacts(document, METHOD, subject, params));
  if (verdict === 'allow') return null;
  const why = message ?? `changes of ${uri} are not for you to be told of`;
  return builtinDenial(rule ?? 'default', why, 'Leave this resource out.');
}

export interface SubscriptionPart {
  /** The message with what is left. */
  readonly document: JsonDocument;
  readonly params: number;
  /** What is left out, and why the first of it is. */
  readonly denial: Denial;
}

/** Null: all of it may be, or nothing, which is refused as a whole. The tasks that it names have been recalled. */
export function subscriptionPart(
  ground: JudgeGround,
  session: RequestSession,
  { document, node }: { readonly document: JsonDocument; readonly node: number },
  params: number,
): SubscriptionPart | null {
  const filter = changeFilter(document, params);
  if (filter === null) return null;
  const wanted = document.member(params, 'notifications');
  const items = (name: string): readonly number[] => {
    const list = document.member(wanted, name);
    return list !== NONE && document.isArray(list) ? [...document.children(list)] : [];
  };
  const edits = new JsonEdits(document);
  const left: string[] = [];
  let first: Denial | null = null;
  let kept = [filter.tools, filter.prompts, filter.resources].filter(Boolean).length;
  const judge = (item: number, denial: Denial | null) => {
    if (denial === null) {
      kept++;
      return;
    }
    edits.remove(item);
    left.push(document.text(item) ?? '');
    first ??= denial;
  };
  for (const item of items('resourceSubscriptions'))
    judge(item, untoldResource(session, document, params, document.text(item) ?? ''));
  // Who does not name the extension is told so, whatever else is asked for.
  const tasks = items('taskIds');
  if (tasks.length > 0 && !knowsTasks(document, params)) return null;
  for (const item of tasks) judge(item, mayFollow(ground, session, document.text(item)) ? null : FOREIGN);
  if (first === null || kept === 0) return null;
  const bytes = edits.apply(document.start(node), document.end(node));
  const made = scanJson(bytes, 0, bytes.length, { ...PLAIN_JSON, bytesMax: bytes.length });
  if (isRefused(made))
    throw new Error(`a subscription that was made smaller cannot be read: ${made.message}`);
  return { document: made, params: made.at('/params'), denial: withNames(first, left) };
}

const FOREIGN = builtinDenial('sluice/tasks', 'no task of that id began here', null);

function withNames(denial: Denial, left: readonly string[]): Denial {
  const more = left.length > NAMED_MAX ? `, and ${left.length - NAMED_MAX} more` : '';
  const names = left.slice(0, NAMED_MAX).join(', ');
  return { ...denial, message: `${denial.message}; left out of the subscription: ${names}${more}` };
}
