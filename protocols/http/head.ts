/** A request's head, held against what lets two readers see two requests (RFC 9112; smuggling). */
import { remembered } from '../../src/core/remembered.ts';
import { type Field, firstValue, valuesOf } from './headers.ts';
import { type HttpRefusal, isHttpRefusal, refuse } from './refusal.ts';
import { readTarget, type Target, type TargetRules } from './target.ts';

export interface RawHead {
  readonly method: string;
  readonly target: string;
  /** `1.1` */
  readonly version: string;
  readonly fields: readonly Field[];
}

export interface Head extends Target {
  readonly method: string;
  /** As the client addressed it, in small letters. */
  readonly host: string;
  readonly fields: readonly Field[];
  /** Bytes of the body as announced; `chunked`; 0: there is none. */
  readonly length: number | 'chunked';
  readonly expectsContinue: boolean;
}

const FIELDS_MAX = 100;
const FIELD_BYTES_MAX = 8_192;
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const METHOD = /^[A-Z]+(?:-[A-Z]+)*$/;
const METHODS_REFUSED: ReadonlySet<string> = new Set([
  'CONNECT',
  'TRACE',
  'TRACK',
  'PRI',
  'DEBUG',
  // Of Icecast and RTSP, which Node's parser reads as well.
  'SOURCE',
  'DESCRIBE',
  'ANNOUNCE',
  'SETUP',
  'PLAY',
  'PAUSE',
  'TEARDOWN',
  'GET_PARAMETER',
  'SET_PARAMETER',
  'REDIRECT',
  'RECORD',
  'FLUSH',
]);
const HOST = /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)(?::\d{1,5})?$/;
/** Horizontal tab, visible characters, and what ISO-8859-1 has beyond. */
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** More than one of these, and each reader takes another. What comes first here is told first. */
const ONCE: readonly string[] = [
  'host',
  'content-length',
  'transfer-encoding',
  'content-type',
  'content-encoding',
  'content-range',
  'authorization',
  'proxy-authorization',
  'expect',
  'upgrade',
  'range',
  'if-range',
  'origin',
  'te',
  'mcp-session-id',
  'mcp-protocol-version',
  'mcp-method',
  'mcp-name',
  'last-event-id',
];

/** A bit for each of them, so that one pass over the fields finds what comes twice. */
const ONCE_BITS: ReadonlyMap<string, number> = new Map(ONCE.map((name, n) => [name, 1 << n]));

/** By these, servers take another method or path than the one in the request line. */
const OVERRIDES: ReadonlySet<string> = new Set([
  'x-http-method-override',
  'x-http-method',
  'x-method-override',
  'x-original-method',
  'x-original-url',
  'x-original-uri',
  'x-rewrite-url',
  'x-override-url',
  'x-forwarded-uri',
  'x-forwarded-method',
]);

/** Names that a server which reads `_` as `-`, as CGI has it, would take for others. */
const SPELLED: ReadonlySet<string> = new Set([...ONCE, ...OVERRIDES, 'connection', 'cookie', 'x-api-key']);

/** What a connection may be told; anything else named there would be a field that one side drops and another reads. */
const CONNECTION_OPTIONS: ReadonlySet<string> = new Set(['close', 'keep-alive', 'te']);

export function readHead(raw: RawHead, rules: TargetRules): Head | HttpRefusal {
  if (raw.version !== '1.1' && raw.version !== '1.0')
    return refuse('version-refused', 'only HTTP/1.1 and HTTP/1.0 are served');
  if (!METHOD.test(raw.method) || METHODS_REFUSED.has(raw.method))
    return refuse('method-refused', `the method ${METHOD.test(raw.method) ? raw.method : ''} is not served`);
  const { fields } = raw;
  const wrong = fieldsProblem(fields) ?? connectionProblem(fields);
  if (wrong !== null) return wrong;
  const target = readTarget(raw.target, rules);
  if (isHttpRefusal(target)) return target;
  const length = lengthOf(raw);
  if (typeof length === 'object') return length;
  const host = firstValue(fields, 'host');
  if (host === null) return refuse('host-refused', 'the request has no Host');
  if (!HOST.test(host)) return refuse('host-refused', 'the Host is none');
  const expect = firstValue(fields, 'expect');
  if (expect !== null && expect.toLowerCase() !== '100-continue')
    return refuse('expectation-failed', 'only 100-continue can be expected');
  return {
    method: raw.method,
    ...target,
    host: host.toLowerCase(),
    fields,
    length,
    expectsContinue: expect !== null,
  };
}

function fieldsProblem(fields: readonly Field[]): HttpRefusal | null {
  if (fields.length > FIELDS_MAX)
    return refuse('header-too-large', `the request has more than ${FIELDS_MAX} header fields`);
  let seen = 0;
  let twice = 0;
  for (const [name, value] of fields) {
    if (!TOKEN.test(name)) return refuse('ambiguous-header', 'a header field has a name that is none');
    if (!VALUE.test(value))
      return refuse('ambiguous-header', `the header field ${name} holds a control character`);
    if (name.length + value.length > FIELD_BYTES_MAX)
      return refuse('header-too-large', `the header field ${name} is longer than ${FIELD_BYTES_MAX} bytes`);
    const small = name.toLowerCase();
    if (OVERRIDES.has(small))
      return refuse(
        'method-override',
        `the header field ${name} would make this another request for the server`,
      );
    if (small.includes('_') && SPELLED.has(small.replaceAll('_', '-')))
      return refuse('ambiguous-header', `the header field ${name} is spelled with an underscore`);
    const bit = ONCE_BITS.get(small) ?? 0;
    twice |= seen & bit;
    seen |= bit;
  }
  return twice === 0 ? null : comesTwice(twice);
}

function comesTwice(bits: number): HttpRefusal {
  const name = ONCE.find((_name, n) => (bits & (1 << n)) !== 0) ?? '';
  const isLength = name === 'content-length' || name === 'transfer-encoding';
  return refuse(isLength ? 'ambiguous-length' : 'ambiguous-header', `the header field ${name} comes twice`);
}

function connectionProblem(fields: readonly Field[]): HttpRefusal | null {
  if (firstValue(fields, 'upgrade') !== null || firstValue(fields, 'http2-settings') !== null)
    return refuse('upgrade-refused', 'the connection cannot become one of another protocol here');
  return optionsProblem(valuesOf(fields, 'connection').join(','));
}

const optionsProblem = remembered((written): HttpRefusal | null => {
  for (const option of written.split(',')) {
    const name = option.trim().toLowerCase();
    if (name === 'upgrade' || name === 'http2-settings')
      return refuse('upgrade-refused', 'the connection cannot become one of another protocol here');
    if (name !== '' && !CONNECTION_OPTIONS.has(name))
      return refuse('connection-option', 'the header field Connection names more than close and keep-alive');
  }
  return null;
});

/** RFC 9112, 6: one way only to say where a body ends. */
function lengthOf({ fields, version }: RawHead): number | 'chunked' | HttpRefusal {
  const coding = firstValue(fields, 'transfer-encoding');
  const length = firstValue(fields, 'content-length');
  if (coding !== null) {
    if (length !== null)
      return refuse('ambiguous-length', 'the request has both Content-Length and Transfer-Encoding');
    if (version === '1.0') return refuse('ambiguous-length', 'HTTP/1.0 has no Transfer-Encoding');
    if (coding.toLowerCase() !== 'chunked')
      return refuse('ambiguous-length', 'the only Transfer-Encoding served is chunked');
    return 'chunked';
  }
  if (length === null) return 0;
  if (!/^\d{1,15}$/.test(length))
    return refuse('ambiguous-length', 'the Content-Length is no number of bytes');
  return Number(length);
}
