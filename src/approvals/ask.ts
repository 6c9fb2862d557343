/**
 * What is put before an approver, and the digest that binds a yes to it (promise 7): who asks, of what database, which
 * text with which values, under which policy, rule and limits, with how long to decide.
 */
import { hash } from 'node:crypto';
import type { ApprovalDuty } from '../core/decision.ts';
import type { BoundParameter } from '../core/gate.ts';
import { isArray, isObject, type Json, type JsonObject } from '../core/json.ts';
import type { Principal } from '../core/principal.ts';
import type { AskedRequest } from './asked-request.ts';

/** Longer texts are shown up to here, with their length and SHA-256; the digest covers all of them. */
const TEXT_BYTES_MAX = 64 * 1024;
const VALUE_BYTES_MAX = 1024;
const REASON_MAX = 500;

/** A statement as far as a decision needs to know it. */
export interface AskedStatement {
  readonly text: Buffer;
  /** What really runs where the text only names it (EXECUTE); null where the text itself does. */
  readonly runs: Buffer | null;
  readonly kinds: readonly string[];
  readonly effects: readonly string[];
  readonly tables: readonly string[];
  readonly parameters: readonly BoundParameter[];
  /** The types that the client has given its parameters, by the database's own numbers. */
  readonly types: readonly number[];
  /** They may be values of a masked column: how long they are is shown, and what they are is in the digest alone. */
  readonly hidesParameters: boolean;
}

/** A result that has reached a bound. */
export interface AskedResult {
  readonly session: string;
  readonly number: number;
  readonly unit: 'rows' | 'bytes';
  readonly max: number;
  readonly rows: number;
  readonly bytes: number;
  /** Whether the rows so far are kept back. */
  readonly held: boolean;
}

export interface ApprovalAsk {
  readonly principal: Principal;
  /** By what the requester is known as a person. */
  readonly aliases: readonly string[];
  readonly listener: string;
  /** `127.0.0.1:5432/shop`. */
  readonly upstream: string;
  /** Where names are looked up, or the current database; null while it is not known. */
  readonly path: readonly string[] | null;
  /** sql_mode, where there is such. */
  readonly mode: string | null;
  readonly policyVersion: string;
  readonly duty: ApprovalDuty;
  readonly statement: AskedStatement;
  /** Null: it is a statement of SQL. */
  readonly request: AskedRequest | null;
  /** Of a request, its body as it may be shown; null: nothing of it, or there is none. */
  readonly shownBody: Buffer | null;
  readonly result: AskedResult | null;
}

/** What approvers see; never changed once it is shown. */
export function shownOf(ask: ApprovalAsk): JsonObject {
  const { principal, duty, statement, request, shownBody, result } = ask;
  // What a call is asked with is the better part of it.
  const valueBytesMax = request === null ? VALUE_BYTES_MAX : TEXT_BYTES_MAX;
  const { rule, by, approvers, withinMs, windowMs } = duty;
  return {
    principal: principal.name,
    groups: [...principal.groups].sort(),
    listener: ask.listener,
    upstream: ask.upstream,
    path: ask.path,
    mode: ask.mode,
    ...textShown('text', statement.text),
    ...(statement.runs === null ? {} : textShown('runs', statement.runs)),
    kinds: statement.kinds,
    effects: statement.effects,
    tables: statement.tables,
    parameters: statement.parameters.map((value) => {
      if (!statement.hidesParameters) return shownValue(value, valueBytesMax);
      return shownBody === null
        ? hiddenValue(value)
        : shownValue({ bytes: shownBody, binary: false }, valueBytesMax);
    }),
    ...(request === null ? {} : { request: { ...request } }),
    types: statement.types,
    policy: ask.policyVersion,
    rule,
    by,
    approvers,
    withinMs,
    windowMs,
    result: result === null ? null : { ...result },
  };
}

function textShown(key: string, text: Buffer): JsonObject {
  if (text.length <= TEXT_BYTES_MAX) return { [key]: text.toString('utf8') };
  return {
    [key]: text.toString('utf8', 0, TEXT_BYTES_MAX),
    [`${key}Bytes`]: text.length,
    [`${key}Sha256`]: hash('sha256', text, 'hex'),
  };
}

function hiddenValue({ bytes }: BoundParameter): Json {
  return bytes === null ? null : { masked: true, bytes: bytes.length };
}

function shownValue({ bytes, binary }: BoundParameter, bytesMax: number): Json {
  if (bytes === null) return null;
  const shown = bytes.subarray(0, bytesMax);
  const rest = bytes.length <= bytesMax ? {} : { bytes: bytes.length, sha256: hash('sha256', bytes, 'hex') };
  if (binary) return { hex: shown.toString('hex'), ...rest };
  return bytes.length <= bytesMax ? shown.toString('utf8') : { text: shown.toString('utf8'), ...rest };
}

/** SHA-256 in hex over all that is shown and, to the byte, over the texts and values behind it. */
export function digestOf({ statement }: ApprovalAsk, shown: JsonObject): string {
  const exact = {
    text: hash('sha256', statement.text, 'hex'),
    runs: statement.runs === null ? null : hash('sha256', statement.runs, 'hex'),
    parameters: statement.parameters.map(({ bytes, binary }) =>
      bytes === null ? null : { binary, sha256: hash('sha256', bytes, 'hex') },
    ),
  };
  return hash('sha256', canonical({ exact, shown }), 'hex');
}

/** JSON with the keys of every object in order, so that what is equal has the same text. */
export function canonical(value: Json): string {
  if (isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const members = Object.keys(value)
    .sort()
    .flatMap((key) => {
      const member = value[key];
      return member === undefined ? [] : [`${JSON.stringify(key)}:${canonical(member)}`];
    });
  return `{${members.join(',')}}`;
}

/**
 * Why it is asked, as a comment of the statement says, block or line: `-- reason: ticket 4711`. It is only
 * ever shown, as the requester's own words, so where in the text it stands is of no matter.
 */
export function reasonIn(text: Buffer): string | null {
  const found = /(?:\/\*|--|#)[ \t]*reason:[ \t]*([^\r\n]*?)[ \t]*(?:\*\/|[\r\n]|$)/i.exec(
    text.toString('utf8', 0, TEXT_BYTES_MAX),
  );
  const reason = found?.[1]?.replaceAll(/\p{C}/gu, ' ').trim() ?? '';
  return reason === '' ? null : reason.slice(0, REASON_MAX);
}
