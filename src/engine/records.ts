/** Journal records as JSON members: built by hand where they are made for every statement, since that is hot. */
import { hash } from 'node:crypto';
import type { Decision, Denial, JudgedStatement } from '../core/decision.ts';
import { effectsOf } from '../core/effects.ts';
import type { BoundParameter, RunResult, StatementEntry } from '../core/gate.ts';
import { isArray, isObject, parseJson } from '../core/json.ts';

/** Longer texts and values are recorded up to here, with their length and SHA-256. */
const TEXT_BYTES_MAX = 64 * 1024;
const PARAMETER_BYTES_MAX = 1024;
const POLICY_DIGITS = 16;

/** What is the same for every run of a text: what it is and why it passes or does not. */
export function judgementMembers(statements: readonly JudgedStatement[], denied: Decision | null): string {
  const kinds = statements.map(({ facts }) => facts.kind);
  const effects = new Set(statements.flatMap(({ facts }) => effectsOf(facts.effects)));
  const tables = new Set(
    statements.flatMap(({ facts }) =>
      facts.relations.map((use) => `${use.schema === null ? '' : `${use.schema}.`}${use.name}`),
    ),
  );
  const decisions = denied === null ? statements.map(({ decision }) => decision) : [denied];
  const settling = decisions.find(({ verdict }) => verdict !== 'allow') ?? decisions[0];
  const rules = new Set(decisions.flatMap((decision) => decision.rules));
  const observed = new Set(decisions.flatMap((decision) => decision.observed));
  const policy = decisions[0]?.policyVersion ?? '';
  return [
    `"kinds":${JSON.stringify(kinds)}`,
    `"effects":${JSON.stringify([...effects])}`,
    `"tables":${JSON.stringify([...tables])}`,
    `"verdict":"${settling?.verdict ?? 'allow'}"`,
    `"rule":${JSON.stringify(settling?.rule ?? null)}`,
    `"rules":${JSON.stringify([...rules])}`,
    ...(observed.size > 0 ? [`"observed":${JSON.stringify([...observed])}`] : []),
    `"policy":"${shortPolicy(policy)}"`,
  ].join(',');
}

/** The same for a text that could not be judged at all. */
export function unreadableMembers(denial: Denial, policyVersion: string): string {
  return `"verdict":"deny","rule":${JSON.stringify(denial.rule)},"rules":[],"policy":"${shortPolicy(policyVersion)}"`;
}

/**
 * For a statement that does not pass. `members`: what is known of its text, which may pass by itself where only a bound
 * value, or what a name stands for, decides.
 */
export function deniedMembers(members: string, denial: Denial, policyVersion: string): string {
  if (members === '') return unreadableMembers(denial, policyVersion);
  if (members.includes('"verdict":"deny"')) return members;
  const known = parseJson(`{${members}}`);
  if (!isObject(known)) return unreadableMembers(denial, policyVersion);
  const rules = isArray(known['rules']) ? known['rules'] : [];
  const { rule } = denial;
  const judged = {
    ...known,
    verdict: 'deny',
    rule,
    rules: rules.includes(rule) ? rules : [...rules, rule],
    policy: shortPolicy(policyVersion),
  };
  return JSON.stringify(judged).slice(1, -1);
}

function shortPolicy(version: string): string {
  const digits = version.replace(/^sha256:/, '').slice(0, POLICY_DIGITS);
  return `sha256:${digits}`;
}

export function entryMembers(entry: StatementEntry): string {
  const { text, parameters, hidesParameters } = entry;
  const shown = text.length > TEXT_BYTES_MAX ? text.subarray(0, TEXT_BYTES_MAX) : text;
  let members = `"via":"${entry.via}","text":${JSON.stringify(shown.toString('utf8'))}`;
  if (shown !== text) members += `,"textBytes":${text.length},"textSha256":"${hash('sha256', text, 'hex')}"`;
  if (parameters.length > 0)
    members += `,"parameters":[${parameters.map(hidesParameters ? hiddenJson : parameterJson).join(',')}]`;
  if (entry.approvals !== undefined) members += `,"approvals":${JSON.stringify(entry.approvals)}`;
  return members;
}

function hiddenJson({ bytes }: BoundParameter): string {
  return bytes === null ? 'null' : `{"masked":true,"bytes":${bytes.length}}`;
}

function parameterJson({ bytes, binary }: BoundParameter): string {
  if (bytes === null) return 'null';
  const shown = bytes.length > PARAMETER_BYTES_MAX ? bytes.subarray(0, PARAMETER_BYTES_MAX) : bytes;
  const rest = shown === bytes ? '' : `,"bytes":${bytes.length},"sha256":"${hash('sha256', bytes, 'hex')}"`;
  if (binary) return `{"hex":"${shown.toString('hex')}"${rest}}`;
  const text = JSON.stringify(shown.toString('utf8'));
  return rest === '' ? text : `{"text":${text}${rest}}`;
}

const THOUSANDTHS = Array.from({ length: 1000 }, (_, n) => `.${String(n).padStart(3, '0')}`);

/** With three decimals, put together from whole numbers: turning a fraction into text costs ten times as much. */
function milliseconds(ms: number): string {
  const us = Math.max(0, Math.round(ms * 1000));
  return `${Math.floor(us / 1000)}${THOUSANDTHS[us % 1000]}`;
}

export function resultMembers(result: RunResult): string {
  const { tag, sqlstate, rows, bytes, ms, cutBy } = result;
  let members = `"rows":${rows},"bytes":${bytes},"ms":${milliseconds(ms)}`;
  if (tag !== null) members = `"tag":${JSON.stringify(tag)},${members}`;
  if (sqlstate !== null) members = `"sqlstate":${JSON.stringify(sqlstate)},${members}`;
  if (cutBy !== null) members += `,"truncatedBy":${JSON.stringify(cutBy)}`;
  return members;
}
