/** Header fields as they came, in order, and what of them is never carried on (RFC 9110, 7.6.1). */

/** Name as written, and value. */
export type Field = readonly [name: string, value: string];

/** Of one connection only. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
]);

/** What says who the client is, or where it comes from: what reaches the server is Sluice's word on it, or nothing. */
const CLIENTS_OWN: ReadonlySet<string> = new Set([
  'authorization',
  'cookie',
  'proxy',
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-proto',
  'x-forwarded-prefix',
  'x-forwarded-server',
  'x-forwarded-user',
  'x-real-ip',
  'x-client-ip',
  'x-remote-user',
  'remote-user',
  'true-client-ip',
  'cf-connecting-ip',
  'fastly-client-ip',
  'x-original-forwarded-for',
  'x-api-key',
]);

/** Written anew for the next connection. */
const REWRITTEN: ReadonlySet<string> = new Set(['host', 'content-length', 'expect']);

export function pairFields(raw: readonly string[]): readonly Field[] {
  const fields: Field[] = [];
  for (let n = 0; n + 1 < raw.length; n += 2) fields.push([raw[n] ?? '', raw[n + 1] ?? '']);
  return fields;
}

/** Asked some forty times for each request: most names differ in length already, and need no small letters. */
function isNamed(written: string, name: string): boolean {
  return written.length === name.length && (written === name || written.toLowerCase() === name);
}

/** The values of all fields of that name; `name` in small letters. */
export function valuesOf(fields: readonly Field[], name: string): readonly string[] {
  const values: string[] = [];
  for (const field of fields) if (isNamed(field[0], name)) values.push(field[1]);
  return values;
}

/** The value of the first field of that name; null where there is none. */
export function firstValue(fields: readonly Field[], name: string): string | null {
  for (const field of fields) if (isNamed(field[0], name)) return field[1];
  return null;
}

/**
 * What of a request goes to the server. `keepsCookies`: cookies are the application's there, and no login to Sluice.
 * `more`: names, in small letters, that stay behind as well.
 */
export function forwardedFields(
  fields: readonly Field[],
  keepsCookies: boolean,
  more: ReadonlySet<string>,
): readonly Field[] {
  return fields.filter(([written]) => {
    const name = written.toLowerCase();
    if (name === 'cookie' && keepsCookies) return !more.has(name);
    return !HOP_BY_HOP.has(name) && !CLIENTS_OWN.has(name) && !REWRITTEN.has(name) && !more.has(name);
  });
}

/** What of a response goes to the client, without the framing, which is written anew. `more` as above. */
export function returnedFields(fields: readonly Field[], more: ReadonlySet<string>): readonly Field[] {
  return fields.filter(([written]) => {
    const name = written.toLowerCase();
    return !HOP_BY_HOP.has(name) && !RETURNED_NEVER.has(name) && !more.has(name);
  });
}

/** `www-authenticate` asks for credentials that are Sluice's to give; `alt-svc` would lead around Sluice. */
const RETURNED_NEVER: ReadonlySet<string> = new Set(['www-authenticate', 'authentication-info', 'alt-svc']);

/** What tells of the unmasked content by its hash, or serves only parts of it. */
export const UNMASKED_TELLTALES: ReadonlySet<string> = new Set([
  'content-length',
  'content-encoding',
  'content-md5',
  'content-digest',
  'repr-digest',
  'digest',
  'etag',
  'accept-ranges',
]);

/** What a request may not ask where the answer is masked: parts, and whether a hash still holds. */
export const UNMASKED_ASKING: ReadonlySet<string> = new Set([
  'range',
  'if-range',
  'if-match',
  'if-none-match',
  'want-digest',
  'want-content-digest',
  'want-repr-digest',
  'accept-encoding',
]);
