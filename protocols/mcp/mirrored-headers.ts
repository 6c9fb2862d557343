/**
 * Headers that repeat what the body says (MCP 2026-07-28, streamable HTTP, request metadata). Whoever stands between
 * may have judged the headers, and the server reads the body: a request in which they differ is refused.
 */
import type { JsonDocument } from '../../src/json/index.ts';
import type { Method } from './methods.ts';

/** A header's value, or null where it is not there. Names in lower case. */
export type HeaderReader = (name: string) => string | null;

/** What of the body has to stand in the headers. */
export interface Mirrored {
  readonly revision: string;
  readonly method: string;
  /** `params.name`, `params.uri` or, of a task, `params.taskId`; null where the method has none of them. */
  readonly name: string | null;
  /** By header name without `Mcp-Param-`, lower case, as the tool's definition asks for it. Null: not in the body. */
  readonly parameters: ReadonlyMap<string, MirroredValue | null>;
}

export type MirroredValue = string | number | bigint | boolean;

/** By which member; requests about tasks go where the task is (SEP-2663, routing headers). */
const NAMED_BY: ReadonlyMap<Method, string> = new Map<Method, string>([
  ['tools/call', 'name'],
  ['prompts/get', 'name'],
  ['resources/read', 'uri'],
  ['tasks/get', 'taskId'],
  ['tasks/update', 'taskId'],
  ['tasks/cancel', 'taskId'],
]);

/** What has to stand in Mcp-Name; null: nothing. */
export function mirroredName(document: JsonDocument, params: number, method: Method): string | null {
  const member = NAMED_BY.get(method);
  return member === undefined ? null : document.text(document.member(params, member));
}

/** What is wrong with the headers, for error -32020; null: they say what the body says. */
export function headerMismatch(header: HeaderReader, body: Mirrored): string | null {
  return (
    differs('MCP-Protocol-Version', header('mcp-protocol-version'), body.revision, false) ??
    differs('Mcp-Method', header('mcp-method'), body.method, false) ??
    (body.name === null ? null : differs('Mcp-Name', header('mcp-name'), body.name, true)) ??
    parameterMismatch(header, body.parameters)
  );
}

function differs(name: string, value: string | null, expected: string, encodes: boolean): string | null {
  if (value === null) return `header ${name} is missing`;
  const read = encodes ? decodedHeader(value) : printable(value);
  if (read === null) return `header ${name} has characters that no header may have, or Base64 that is none`;
  return read === expected ? null : `header ${name} says '${read}', and the body '${expected}'`;
}

function parameterMismatch(
  header: HeaderReader,
  parameters: ReadonlyMap<string, MirroredValue | null>,
): string | null {
  for (const [parameter, value] of parameters) {
    const written = header(`mcp-param-${parameter}`);
    if (value === null) {
      if (written !== null) return `header Mcp-Param-${parameter} is there, and the body has no such value`;
      continue;
    }
    if (written === null) return `header Mcp-Param-${parameter} is missing`;
    const read = decodedHeader(written);
    if (read === null) return `header Mcp-Param-${parameter} cannot be read`;
    if (!sameValue(read, value)) return `header Mcp-Param-${parameter} differs from the body`;
  }
  return null;
}

/** Integers are compared as numbers: 42.0 is 42. */
function sameValue(read: string, value: MirroredValue): boolean {
  if (typeof value === 'string' || typeof value === 'boolean') return read === String(value);
  return /^-?\d+(?:\.0+)?$/.test(read) && BigInt(read.replace(/\.0+$/, '')) === BigInt(value);
}

const ENCODED = /^=\?base64\?([A-Za-z0-9+/]*={0,2})\?=$/;

/** The text that a header's value stands for: itself, or what `=?base64?…?=` encodes. Null: neither. */
export function decodedHeader(value: string): string | null {
  const encoded = ENCODED.exec(value)?.[1];
  if (encoded === undefined)
    return value.startsWith('=?base64?') && value.endsWith('?=') ? null : printable(value);
  const bytes = Buffer.from(encoded, 'base64');
  if (bytes.toString('base64') !== encoded) return null;
  const text = bytes.toString('utf8');
  return Buffer.from(text, 'utf8').equals(bytes) ? text : null;
}

/** RFC 9110, 5.5: visible ASCII, with blanks inside. */
function printable(value: string): string | null {
  return /^[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?$/.test(value) ? value : null;
}

/** How a value is written into a header. */
export function encodedHeader(value: MirroredValue): string {
  const text = String(value);
  const isPlain = printable(text) !== null && !(text.startsWith('=?base64?') && text.endsWith('?='));
  return isPlain ? text : `=?base64?${Buffer.from(text, 'utf8').toString('base64')}?=`;
}
