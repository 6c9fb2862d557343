/** Results on their way to the client: lists filtered, pins looked at, masked, fitted to their schema, counted, cut. */
import { refusalAnswer } from '../../../protocols/mcp/answers.ts';
import { canonicalBytes } from '../../../protocols/mcp/definitions.ts';
import { skeletonOf } from '../../../protocols/mcp/names.ts';
import { traitsOf } from '../../../protocols/mcp/revisions.ts';
import type { Denial } from '../../core/decision.ts';
import { identityKey } from '../../core/principal.ts';
import type { RequestSession } from '../../engine/request-session.ts';
import { isRefused, type JsonDocument, JsonEdits, PLAIN_JSON, scanJson } from '../../json/index.ts';
import { callFacts, openFacts } from './call-facts.ts';
import { cutToBounds } from './cut-result.ts';
import type { JudgeGround } from './judge-ground.ts';
import type { JudgedRequest } from './judged-request.ts';
import { filterList, makePrivate, witnessOf } from './lists.ts';
import { maskedParts } from './masked-messages.ts';
import { deniedAnswer } from './refusals.ts';
import { rowsOf } from './result-rows.ts';
import { fitted } from './schema-fit.ts';
import { isOwnTask, recallTasks } from './task-facts.ts';

const NONE = -1;
/** Results that can be made shorter and are of use all the same. */
const CUTTABLE: ReadonlySet<string> = new Set([
  'tools/call',
  'resources/read',
  'prompts/get',
  'tasks/result',
  'tasks/get',
]);

/** Results of tools, some of them those of a task. */
const OF_TOOLS: ReadonlySet<string> = new Set(['tools/call', 'tasks/result', 'tasks/get']);

/** Where what was asked for stands: the result of a task stands within what is told of it (SEP-2663). */
function placeOf(document: JsonDocument, method: string): '/result' | '/result/result' {
  const isTask = method === 'tasks/get' && document.isObject(document.at('/result/result'));
  return isTask ? '/result/result' : '/result';
}

export interface JudgedResult {
  /** Null: the very bytes that came. */
  readonly bytes: Buffer | null;
  /** How the request came out, for its record. */
  readonly tag: string;
  readonly cutBy: string | null;
}

/** Rejects with StoreUnavailable, ProxyError, UnmaskableMessage: nothing of the result may be passed then. */
export async function judgeResult(
  ground: JudgeGround,
  session: RequestSession,
  request: JudgedRequest,
  document: JsonDocument,
  result: number,
): Promise<JudgedResult> {
  const denial = inputDenial(session, document, result);
  if (denial !== null) return refused(request, denial, 'withheld');
  await rememberTask(ground, session, request, document, result);
  const filtered = await filter(ground, session, request, document, result);
  const masked = await mask(ground, session, request, filtered);
  if (masked === null) return misfit(request);
  const shown = withScope(session, request, masked, masked !== document);
  return count(request, shown, document);
}

async function filter(
  ground: JudgeGround,
  session: RequestSession,
  request: JudgedRequest,
  document: JsonDocument,
  result: number,
): Promise<JsonDocument> {
  const edits = new JsonEdits(document);
  await filterList(ground, session, document, result, request.method, edits);
  if (request.method === 'resources/read') hideContents(session, document, result, edits);
  if (request.method === 'tasks/list') await hideTasks(ground, session, document, result, edits);
  if (request.method === 'initialize' || request.method === 'server/discover')
    await holdInstructions(ground, session, document, result, edits);
  return changed(document, edits);
}

/** What is read may come with more than was asked for, such as the files of a folder. */
function hideContents(
  session: RequestSession,
  document: JsonDocument,
  result: number,
  edits: JsonEdits,
): void {
  const contents = document.member(result, 'contents');
  if (contents === NONE) return;
  for (const one of document.children(contents)) {
    const uri = document.text(document.member(one, 'uri'));
    if (uri !== null && session.judge(openFacts('resource', uri)).verdict === 'deny') edits.remove(one);
  }
}

/** To the server all principals may be one, so that it lists the tasks of all of them. */
async function hideTasks(
  ground: JudgeGround,
  session: RequestSession,
  document: JsonDocument,
  result: number,
  edits: JsonEdits,
): Promise<void> {
  const tasks = document.member(result, 'tasks');
  if (tasks === NONE) return;
  const ids = [...document.children(tasks)].map((task) => document.member(task, 'taskId'));
  await recallTasks(ground, session, document, ids);
  for (const task of document.children(tasks))
    if (!isOwnTask(ground, session, document, task)) edits.remove(task);
}

/** What a server tells every model about itself is reviewed as its tools are. */
async function holdInstructions(
  ground: JudgeGround,
  session: RequestSession,
  document: JsonDocument,
  result: number,
  edits: JsonEdits,
): Promise<void> {
  const node = document.member(result, 'instructions');
  if (!document.isString(node)) return;
  const info = document.member(result, 'serverInfo');
  const name = document.text(document.member(info, 'name')) ?? 'server';
  const offered = {
    kind: 'instructions',
    name,
    skeleton: skeletonOf(name),
    definition: canonicalBytes(document, node).toString('utf8'),
    problem: null,
  } as const;
  const [standing] = await ground.pins.look([offered], witnessOf(session));
  if (standing?.standing !== 'shown') edits.remove(node);
}

/** Null: what is masked cannot be made to fit the schema that the tool has promised. */
async function mask(
  ground: JudgeGround,
  session: RequestSession,
  { method, facts }: JudgedRequest,
  document: JsonDocument,
): Promise<JsonDocument | null> {
  const masker = ground.maskers.for(session.masks);
  if (masker === null) return document;
  const masked = await masker.maskLarge(document, (one) => maskedParts(one, method));
  const schema = OF_TOOLS.has(method) && facts.tool !== null ? ground.schemas.of(facts.tool) : null;
  if (masked === document || schema === null) return masked;
  const place = `${placeOf(document, method)}/structuredContent`;
  const before = document.at(place);
  const after = masked.at(place);
  return before === NONE || after === NONE ? masked : fitted(document, before, masked, after, schema);
}

/** What is not the same for everybody must not be kept for everybody. */
function withScope(
  session: RequestSession,
  { method }: JudgedRequest,
  document: JsonDocument,
  differs: boolean,
): JsonDocument {
  const result = document.member(0, 'result');
  if (document.member(result, 'cacheScope') === NONE) return document;
  const { current } = session.domain.policy;
  const isFiltered =
    method.endsWith('/list') && current.rules.some(({ requests }) => !isAboutOthers(requests));
  if (!differs && !isFiltered && current.masks.length === 0) return document;
  const edits = new JsonEdits(document);
  makePrivate(document, result, edits);
  return changed(document, edits);
}

function isAboutOthers({ subject }: { readonly subject: string }): boolean {
  return subject === 'sql' || subject === 'http';
}

async function count(
  request: JudgedRequest,
  shown: JsonDocument,
  original: JsonDocument,
): Promise<JudgedResult> {
  const { run, method } = request;
  const place = placeOf(shown, method);
  const result = shown.at(place);
  const isError = isTrue(shown, result, 'isError');
  const tag = isError ? 'tool error' : 'ok';
  const rows = run.limit.rows === null || !CUTTABLE.has(method) ? 0 : rowsOf(shown, result);
  const denial = await run.take(rows, shown.end(0) - shown.start(0));
  if (denial === null) return { bytes: shown === original ? null : shown.bytes(0), tag, cutBy: null };
  if (!CUTTABLE.has(method)) return refused(request, denial, 'withheld');
  const { limit, counted } = run;
  const bounds = {
    rows: limit.rows === null ? null : Math.max(0, limit.rows - counted.rows),
    bytes: limit.bytes === null ? null : Math.max(0, limit.bytes - counted.bytes),
  };
  const cut = cutToBounds(shown, place, rowsOf(shown, result), bounds, denial.rule);
  if (cut === null) return refused(request, denial, 'withheld');
  const bytes = cut.document.bytes(0);
  const again = await run.take(limit.rows === null ? 0 : cut.rows, bytes.length);
  return again === null ? { bytes, tag, cutBy: denial.rule } : refused(request, again, 'withheld');
}

function isTrue(document: JsonDocument, holder: number, name: string): boolean {
  const node = document.member(holder, name);
  return node !== NONE && document.kind(node) === 'true';
}

function refused({ id, method, revision }: JudgedRequest, denial: Denial, tag: string): JudgedResult {
  return { bytes: deniedAnswer(id, method, revision, denial), tag, cutBy: denial.rule };
}

function misfit({ id, method, revision }: JudgedRequest): JudgedResult {
  const message =
    'the result has masked values that the output schema of this tool does not allow, so it is withheld';
  const hint = 'The call was carried out. Ask for less of it, without the values that are masked.';
  const refusal = { message, detail: null, hint, rule: null, approval: null };
  return { bytes: refusalAnswer(id, method, revision, refusal), tag: 'withheld', cutBy: null };
}

/** Before the client hears of it: it may ask any instance at once. */
async function rememberTask(
  ground: JudgeGround,
  session: RequestSession,
  { facts, revision }: JudgedRequest,
  document: JsonDocument,
  result: number,
): Promise<void> {
  // Calls of tools become tasks, and nothing else does (2025-11-25, tasks; SEP-2663, supported methods).
  if (facts.method !== 'tools/call') return;
  const isTask = document.text(document.member(result, 'resultType')) === 'task';
  const modern = isTask ? result : NONE;
  const holder = traitsOf(revision).era === 'modern' ? modern : document.member(result, 'task');
  const task = document.text(document.member(holder, 'taskId'));
  if (task === null) return;
  const ttl = document.member(holder, traitsOf(revision).era === 'modern' ? 'ttlMs' : 'ttl');
  const ttlMs = ttl !== NONE && document.kind(ttl) === 'number' ? Number(document.written(ttl)) : null;
  await ground.tasks.began(identityKey(session.actor), task, facts, ttlMs);
}

/** What a modern server asks of the client within a result (2026-07-28, SEP-2322). Null: nothing is against it. */
export function inputDenial(session: RequestSession, document: JsonDocument, result: number): Denial | null {
  const requests = document.member(result, 'inputRequests');
  if (requests === NONE) return null;
  for (const one of document.children(requests)) {
    const method = document.text(document.member(one, 'method')) ?? '';
    if (!isAsked(method)) return UNKNOWN_INPUT;
    const facts = callFacts(document, method, null, document.member(one, 'params'));
    const decision = session.judge(facts);
    if (decision.verdict !== 'deny') continue;
    const { rule, message } = decision;
    return {
      ...UNKNOWN_INPUT,
      message: `what the server asks for (${method}) is denied by rule "${rule ?? 'default'}"${message === null ? '' : `: ${message}`}`,
      rule: rule ?? 'default',
    };
  }
  return null;
}

type Asked = 'sampling/createMessage' | 'roots/list' | 'elicitation/create';

function isAsked(method: string): method is Asked {
  return method === 'sampling/createMessage' || method === 'roots/list' || method === 'elicitation/create';
}

/** What it is called stays unsaid: it would be a text of the server's that no mask has seen. */
const UNKNOWN_INPUT: Denial = {
  sqlstate: '42501',
  message: 'the server asks the client for something that MCP does not know',
  detail: null,
  hint: null,
  position: null,
  rule: 'sluice/mcp',
  native: false,
};

function changed(document: JsonDocument, edits: JsonEdits): JsonDocument {
  if (edits.isEmpty) return document;
  const bytes = edits.apply();
  const made = scanJson(bytes, 0, bytes.length, PLAIN_JSON);
  if (isRefused(made)) throw new Error(`a result that was changed cannot be read: ${made.message}`);
  return made;
}
