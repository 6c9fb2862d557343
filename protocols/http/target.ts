/**
 * The request target, normalised once: what is judged is what is forwarded, byte for byte. Two servers that read one
 * target in two ways are how rules on paths are passed by, so what any of them may read otherwise is refused, and not
 * mended: dot segments, empty segments, encoded separators, encoding in encoding, parameters of segments.
 */
import { namesMethod, OVERRIDE_MESSAGE } from './method-override.ts';
import { type HttpRefusal, isHttpRefusal, refuse } from './refusal.ts';

export interface TargetRules {
  /** `%2F` in a path: some servers take it for a separator. */
  readonly encodedSlashes: 'refuse' | 'allow';
  /** `;v=1` behind a segment: some servers cut it off before they look a path up. */
  readonly pathParameters: 'refuse' | 'allow';
}

export const STRICT_TARGET: TargetRules = { encodedSlashes: 'refuse', pathParameters: 'refuse' };

export interface Target {
  /** As it is forwarded: unreserved characters are never encoded, hexadecimal digits are capitals (RFC 3986, 6.2.2). */
  readonly path: string;
  /** Without its question mark, as it came; null where there is none. */
  readonly query: string | null;
}

const TARGET_BYTES_MAX = 8_192;
/** RFC 3986, 3.3: pchar and `/`. */
const PATH = /^\/[A-Za-z0-9\-._~!$&'()*+,;=:@%/]*$/;
/** RFC 3986, 3.4, and the brackets that clients leave as they are. */
const QUERY = /^[A-Za-z0-9\-._~!$&'()*+,;=:@%/?[\]]*$/;
/** Nothing of what is looked for below can be in such a path, which is what most are. */
const PLAIN_PATH = /^(?:\/[A-Za-z0-9\-_~]+)+$/;
const BROKEN_PERCENT = /%(?![0-9A-Fa-f]{2})/;
const ESCAPE = /%([0-9A-Fa-f]{2})/g;
const UNRESERVED = /[A-Za-z0-9\-._~]/;

export function readTarget(written: string, rules: TargetRules): Target | HttpRefusal {
  if (written.length > TARGET_BYTES_MAX)
    return refuse('target-too-long', `the request target is longer than ${TARGET_BYTES_MAX} bytes`);
  if (!written.startsWith('/'))
    return refuse('malformed-target', 'the request target has to begin with a slash (origin-form)');
  const mark = written.indexOf('?');
  const query = mark < 0 ? null : written.slice(mark + 1);
  const path = readPath(mark < 0 ? written : written.slice(0, mark), rules);
  if (isHttpRefusal(path)) return path;
  if (query !== null) {
    if (!QUERY.test(query) || BROKEN_PERCENT.test(query))
      return refuse('malformed-target', 'the query has a character that has to be percent-encoded');
    if (/%(?:00|0[Dd]|0[Aa])/.test(query))
      return refuse('malformed-target', 'the query holds NUL or the end of a line');
    if (namesMethod(query)) return refuse('method-override', OVERRIDE_MESSAGE);
  }
  return { path: path.path, query };
}

function readPath(raw: string, rules: TargetRules): { readonly path: string } | HttpRefusal {
  if (PLAIN_PATH.test(raw)) return { path: raw };
  if (!PATH.test(raw) || BROKEN_PERCENT.test(raw))
    return refuse('malformed-target', 'the path has a character that has to be percent-encoded');
  const path = raw.replaceAll(ESCAPE, (written: string, digits: string) => {
    const character = String.fromCharCode(Number.parseInt(digits, 16));
    return UNRESERVED.test(character) ? character : written.toUpperCase();
  });
  if (/%(?:[01][0-9A-F]|7F)/.test(path)) return ambiguous('a control character');
  if (/%5C/.test(path)) return ambiguous('a backslash');
  if (/%2F/.test(path) && rules.encodedSlashes === 'refuse') return ambiguous('an encoded slash');
  if (/%25[0-9A-Fa-f]{2}/.test(path)) return ambiguous('an encoded percent sign before two digits');
  if (/;|%3B/.test(path) && rules.pathParameters === 'refuse')
    return ambiguous('a parameter of a segment (;)');
  if (/%(?:3F|23)/.test(path)) return ambiguous('an encoded question mark or number sign');
  const decoded = decodePath(path);
  if (decoded === null) return ambiguous('bytes that are no UTF-8');
  // Compatible forms of a dot or a slash, which a server that normalises text would take for them.
  if (/[./\\]/.test(decoded.replaceAll(/[\0-\x7f]/g, '').normalize('NFKC')))
    return ambiguous('another form of a dot or a slash');
  const segments = path.split('/').slice(1);
  for (const [n, segment] of segments.entries()) {
    const name = segment.replace(/(?:;|%3B).*$/s, '');
    if (name === '.' || name === '..') return ambiguous('a dot segment');
    if (segment === '' && n < segments.length - 1) return ambiguous('an empty segment');
    if (segment.split('%2F').some((part) => part === '.' || part === '..')) return ambiguous('a dot segment');
  }
  return { path };
}

function decodePath(path: string): string | null {
  try {
    return decodeURIComponent(path);
  } catch {
    return null;
  }
}

function ambiguous(what: string): HttpRefusal {
  return refuse('ambiguous-path', `the path has ${what}, which servers read in different ways`);
}
