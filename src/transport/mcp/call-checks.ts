/** What is against a call beside rules on calls: what it calls is held or not known, or SQL in its arguments is denied. */

import { errorAnswer } from '../../../protocols/mcp/answers.ts';
import { changeFilter } from '../../../protocols/mcp/bridge/subscriptions.ts';
import { offersOf } from '../../../protocols/mcp/definitions.ts';
import { type RequestId, RPC_ERRORS } from '../../../protocols/mcp/message.ts';
import type { Method } from '../../../protocols/mcp/methods.ts';
import { type Revision, traitsOf } from '../../../protocols/mcp/revisions.ts';
import type { CallSubject } from '../../../protocols/mcp/subject.ts';
import type { Denial } from '../../core/decision.ts';
import type { ProxyError } from '../../core/errors.ts';
import { identityKey } from '../../core/principal.ts';
import type { Standing } from '../../engine/pins.ts';
import type { RequestSession } from '../../engine/request-session.ts';
import { type JsonDocument, JsonEdits } from '../../json/index.ts';
import { uriProblem } from './call-facts.ts';
import type { JudgeGround } from './judge-ground.ts';
import type { ServerLeg } from './legs.ts';
import { filterList } from './lists.ts';
import { ownList } from './own-lists.ts';
import { builtinDenial } from './refusals.ts';
import { untoldResource } from './subscription-part.ts';
import { subscriptionRefusal } from './task-facts.ts';

export interface CheckedCall {
  readonly document: JsonDocument;
  readonly params: number;
  readonly id: RequestId;
  readonly method: Method;
  readonly subject: CallSubject | null;
  readonly revision: Revision;
}

export type CallCheck =
  /** `definition`: the hash of what is called, as it was reviewed; null: it is of nothing that is pinned. */
  | { readonly check: 'passes'; readonly definition: string | null }
  | { readonly check: 'denied'; readonly denial: Denial }
  /** The server does not offer it: the client is told so as the server would. */
  | { readonly check: 'unknown'; readonly denial: Denial; readonly answer: Buffer }
  | { readonly check: 'failed'; readonly error: ProxyError };

const PINNED: ReadonlyMap<Method, { readonly kind: 'tool' | 'prompt'; readonly list: Method }> = new Map<
  Method,
  { readonly kind: 'tool' | 'prompt'; readonly list: Method }
>([
  ['tools/call', { kind: 'tool', list: 'tools/list' }],
  ['prompts/get', { kind: 'prompt', list: 'prompts/list' }],
]);

export const PINS_RULE = 'sluice/pins';

/** Never rejects. */
export async function checkCall(
  ground: JudgeGround,
  session: RequestSession,
  leg: ServerLeg | null,
  call: CheckedCall,
): Promise<CallCheck> {
  const { subject, method } = call;
  if (subject?.kind === 'resource' && method !== 'completion/complete') {
    const denial = resourceDenial(session.domain.policy.current, subject.name);
    if (denial !== null) return { check: 'denied', denial };
  }
  if (method === 'subscriptions/listen') {
    const refusal = subscriptionRefusal(ground, session, call.document, call);
    return refusal === null ? checkSubscription(session, call) : { check: 'unknown', ...refusal };
  }
  const pinned = PINNED.get(method);
  let definition: string | null = null;
  if (pinned !== undefined && subject !== null) {
    const standing = await standingOf(ground, session, leg, call, pinned);
    if (standing.standing === 'held') return { check: 'denied', denial: heldDenial(standing.why) };
    if (standing.standing === 'unknown') return unknownCall(call, subject, pinned.kind);
    definition = standing.hash;
  }
  if (method !== 'tools/call' || subject === null || ground.sql === null)
    return { check: 'passes', definition };
  const sql = await ground.sql.judge(call.document, subject, session);
  if (sql.verdict === 'denied') return { check: 'denied', denial: sql.denial };
  return sql.verdict === 'failed' ? { check: 'failed', error: sql.error } : { check: 'passes', definition };
}

/** Resources whose changes are wanted are subjects, as those of resources/subscribe are. */
function checkSubscription(session: RequestSession, { document, params }: CheckedCall): CallCheck {
  for (const uri of changeFilter(document, params)?.uris ?? []) {
    const denial = untoldResource(session, document, params, uri);
    if (denial !== null) return { check: 'denied', denial };
  }
  return { check: 'passes', definition: null };
}

type PolicyInForce = RequestSession['domain']['policy']['current'];

/** Why a resource cannot be judged by its URI; null: it can. Where no rule looks at calls, it may lead wherever it does. */
export function resourceDenial({ document, rules }: PolicyInForce, uri: string): Denial | null {
  const tellsThemApart =
    document.default === 'deny' || rules.some(({ requests }) => requests.subject === 'mcp');
  return tellsThemApart ? uriDenial(uri) : null;
}

function uriDenial(uri: string): Denial | null {
  const problem = uriProblem(uri);
  return problem === null
    ? null
    : builtinDenial('sluice/unreadable', `the URI ${problem}`, 'Use the URI in its plain form.');
}

async function standingOf(
  ground: JudgeGround,
  session: RequestSession,
  leg: ServerLeg | null,
  { document, params, subject, revision }: CheckedCall,
  { kind, list }: { readonly kind: 'tool' | 'prompt'; readonly list: Method },
): Promise<Standing> {
  const name = subject?.name ?? '';
  const viewer = identityKey(session.actor);
  try {
    const known = await ground.pins.standing(kind, name, viewer);
    if (known.standing !== 'unknown' || leg === null) return known;
    await ground.listAsks.once(askerOf(session, revision), list, ground.pins.changes, async () => {
      for await (const page of ownList(leg, list, revision, { document, params })) {
        const result = page.member(0, 'result');
        if (offersOf(page, result, list) === null) continue;
        await filterList(ground, session, page, result, list, new JsonEdits(page));
      }
    });
    return await ground.pins.standing(kind, name, viewer);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    ground.domain.log('warn', 'what a server offers could not be looked at', {
      listener: ground.domain.name,
      error: why,
    });
    return { standing: 'held', why: `the ${kind} cannot be compared with what was reviewed at the moment` };
  }
}

/** For whom a server has a list: a session, or whoever asks where each request stands for itself. */
function askerOf(session: RequestSession, revision: Revision): string {
  return traitsOf(revision).era === 'modern' ? identityKey(session.actor) : session.id;
}

const CHANGED_LISTS: ReadonlyMap<Method, Method> = new Map<Method, Method>([
  ['notifications/tools/list_changed', 'tools/list'],
  ['notifications/prompts/list_changed', 'prompts/list'],
]);

/** What the server says of its lists: they may be asked for at once. */
export function noteChanges({ listAsks }: JudgeGround, { actor, id }: RequestSession, method: Method): void {
  const list = CHANGED_LISTS.get(method);
  if (list !== undefined) for (const whose of [id, identityKey(actor)]) listAsks.changed(whose, list);
}

export function heldDenial(why: string): Denial {
  return builtinDenial(
    PINS_RULE,
    why,
    'It is neither shown nor called until an administrator has reviewed it: sluice pins, or Definitions in the console.',
  );
}

function unknownCall(
  { id }: CheckedCall,
  { name }: CallSubject,
  kind: 'tool' | 'prompt',
): Extract<CallCheck, { readonly check: 'unknown' }> {
  const message = `Unknown ${kind}: ${name.replaceAll(/\p{C}/gu, '�').slice(0, 200)}`;
  return {
    check: 'unknown',
    denial: builtinDenial(PINS_RULE, `the server does not list this ${kind}`, null),
    answer: errorAnswer(id, RPC_ERRORS.invalidParams, message, null),
  };
}
