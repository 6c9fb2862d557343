import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  bodyKindOf,
  codingsOf,
  type Field,
  forwardedFields,
  type HttpFault,
  isHttpRefusal,
  readHead,
  readTarget,
  STRICT_TARGET,
} from '../../../protocols/http/index.ts';

const target = (written: string, rules = STRICT_TARGET) => {
  const read = readTarget(written, rules);
  return isHttpRefusal(read) ? read.refused : `${read.path}${read.query === null ? '' : `?${read.query}`}`;
};

test('a path is forwarded in one spelling', () => {
  for (const [written, forwarded] of [
    ['/', '/'],
    ['/a/b', '/a/b'],
    ['/a/b/', '/a/b/'],
    ['/%61dmin', '/admin'],
    ['/a%2db%7e', '/a-b~'],
    ['/caf%c3%a9', '/caf%C3%A9'],
    ['/a%20b', '/a%20b'],
    ['/100%25', '/100%25'],
    ['/...', '/...'],
    ["/a@b:c,d=e!$&'()*+", "/a@b:c,d=e!$&'()*+"],
    ['/a?', '/a?'],
    ['/a?b=c/../d&e[]=%2e%2F', '/a?b=c/../d&e[]=%2e%2F'],
    ['/a??', '/a??'],
  ] as const)
    assert.equal(target(written), forwarded, written);
});

const AMBIGUOUS_PATHS = [
  '//admin',
  '/x//admin',
  '/x/../admin',
  '/./x',
  '/x/..',
  '/x/.',
  '/%2e%2e/admin',
  '/x/%2E./admin',
  '/x/.%2e',
  '/x%2fadmin',
  '/x%2F..%2Fadmin',
  '/..%2fadmin',
  '/x%5c..%5cadmin',
  '/x%5Cadmin',
  '/x%00',
  '/x%00.json',
  '/x%0d%0aHost',
  '/x%09',
  '/x%7f',
  '/%252e%252e/admin',
  '/x%252fadmin',
  '/%2561dmin',
  '/x;a=1',
  '/admin;',
  '/admin;/x',
  '/..;/admin',
  '/x/.;a/admin',
  '/x%3bjsessionid',
  '/x%3fy',
  '/x%23y',
  '/%c0%af',
  '/%c0%ae%c0%ae/',
  '/%e0%80%af',
  '/%ff',
  '/%ed%a0%80',
  '/%ef%bc%8e%ef%bc%8e/admin',
  '/x%ef%bc%8fadmin',
  '/x%ef%bc%bcadmin',
  '/x/%e2%80%a5/admin',
  '/x/%e2%80%a4',
];
const MALFORMED_TARGETS = [
  '',
  '*',
  'admin',
  'http://a/b',
  'http://a',
  'a:443',
  '?x',
  '#',
  '/x#y',
  '/x y',
  '/x\\y',
  '/x"y',
  '/<x>',
  '/x`',
  '/{x}',
  '/x|y',
  '/x^y',
  '/é',
  '/x%',
  '/x%2',
  '/x%zz',
  '/x%u002e',
  '/x?%',
  '/x?a=%0d%0a',
  '/x?a=%00',
  '/x?a b',
  '/x?"',
  '/x?a#b',
  '/\u0000',
];

test('a target that servers read in different ways is refused', () => {
  for (const written of AMBIGUOUS_PATHS) assert.equal(target(written), 'ambiguous-path', written);
  for (const written of MALFORMED_TARGETS) assert.equal(target(written), 'malformed-target', written);
  for (const written of ['/x?_method=DELETE', '/x?a=1&_METHOD=put', '/x?%5fmethod=x', '/x?_%6Dethod'])
    assert.equal(target(written), 'method-override', written);
  assert.equal(target(`/${'x'.repeat(9_000)}`), 'target-too-long');
});

test('encoded slashes and parameters of segments pass where the listener says so, dot segments never', () => {
  const rules = { encodedSlashes: 'allow', pathParameters: 'allow' } as const;
  for (const written of ['/x%2Fy', '/x;a=1/y', '/x;']) assert.equal(target(written, rules), written);
  for (const written of ['/x%2F..%2Fy', '/..;/admin', '/..%2Fx', '/x/.;a', '/..%3Bx/y'])
    assert.equal(target(written, rules), 'ambiguous-path', written);
});

function head(fields: readonly Field[], method = 'GET', version = '1.1'): HttpFault | 'read' {
  const read = readHead({ method, target: '/', version, fields }, STRICT_TARGET);
  return isHttpRefusal(read) ? read.refused : 'read';
}

const HOST: Field = ['Host', 'api.example.com'];
const HEADS: readonly [readonly Field[], HttpFault | 'read'][] = [
  [[HOST], 'read'],
  [[['host', '127.0.0.1:80']], 'read'],
  [[['host', '[::1]:80']], 'read'],
  [[], 'host-refused'],
  [[['Host', '']], 'host-refused'],
  [[['Host', 'a b']], 'host-refused'],
  [[['Host', 'a/b']], 'host-refused'],
  [[['Host', 'a@b']], 'host-refused'],
  [[['Host', 'a,b']], 'host-refused'],
  [[['Host', 'a:b']], 'host-refused'],
  [[HOST, HOST], 'ambiguous-header'],
  [[HOST, ['HOST', 'other']], 'ambiguous-header'],
  [[HOST, ['Content-Length', '5'], ['Content-Length', '5']], 'ambiguous-length'],
  [[HOST, ['Content-Length', '5'], ['content-length', '6']], 'ambiguous-length'],
  [[HOST, ['Content-Length', '5, 5']], 'ambiguous-length'],
  [[HOST, ['Content-Length', '+5']], 'ambiguous-length'],
  [[HOST, ['Content-Length', '-1']], 'ambiguous-length'],
  [[HOST, ['Content-Length', '0x5']], 'ambiguous-length'],
  [[HOST, ['Content-Length', '5.0']], 'ambiguous-length'],
  [[HOST, ['Content-Length', '']], 'ambiguous-length'],
  [[HOST, ['Content-Length', '5 ']], 'ambiguous-length'],
  [[HOST, ['Content-Length', '99999999999999999999']], 'ambiguous-length'],
  [[HOST, ['Content-Length', '5'], ['Transfer-Encoding', 'chunked']], 'ambiguous-length'],
  [[HOST, ['Transfer-Encoding', 'chunked'], ['Transfer-Encoding', 'chunked']], 'ambiguous-length'],
  [[HOST, ['Transfer-Encoding', 'chunked, identity']], 'ambiguous-length'],
  [[HOST, ['Transfer-Encoding', 'gzip, chunked']], 'ambiguous-length'],
  [[HOST, ['Transfer-Encoding', 'xchunked']], 'ambiguous-length'],
  [[HOST, ['Transfer-Encoding', '"chunked"']], 'ambiguous-length'],
  [[HOST, ['Transfer-Encoding', 'chunked\u000b']], 'ambiguous-header'],
  [[HOST, ['Transfer-Encoding', 'Chunked']], 'read'],
  [[HOST, ['Transfer_Encoding', 'chunked']], 'ambiguous-header'],
  [[HOST, ['Content_Length', '5']], 'ambiguous-header'],
  [[HOST, ['X-HTTP-Method-Override', 'DELETE']], 'method-override'],
  [[HOST, ['x-method-override', 'DELETE']], 'method-override'],
  [[HOST, ['X_HTTP_Method_Override', 'DELETE']], 'ambiguous-header'],
  [[HOST, ['X-Original-URL', '/admin']], 'method-override'],
  [[HOST, ['X-Rewrite-Url', '/admin']], 'method-override'],
  [[HOST, ['Upgrade', 'h2c']], 'upgrade-refused'],
  [[HOST, ['Upgrade', 'websocket'], ['Connection', 'Upgrade']], 'upgrade-refused'],
  [[HOST, ['Connection', 'keep-alive, Upgrade']], 'upgrade-refused'],
  [[HOST, ['HTTP2-Settings', 'x']], 'upgrade-refused'],
  [[HOST, ['Connection', 'close']], 'read'],
  [[HOST, ['Connection', 'Keep-Alive, TE']], 'read'],
  [[HOST, ['Connection', 'close, Authorization']], 'connection-option'],
  [[HOST, ['Connection', 'X-Role']], 'connection-option'],
  [[HOST, ['Expect', '200-ok']], 'expectation-failed'],
  [[HOST, ['Expect', '100-continue']], 'read'],
  [[HOST, ['Content-Type', 'a/b'], ['content-type', 'c/d']], 'ambiguous-header'],
  [[HOST, ['Authorization', 'Bearer a'], ['Authorization', 'Bearer b']], 'ambiguous-header'],
  [[HOST, ['X-A', 'a\nb']], 'ambiguous-header'],
  [[HOST, ['X-A', 'a\rb']], 'ambiguous-header'],
  [[HOST, ['X-A', 'a\u0000b']], 'ambiguous-header'],
  [[HOST, ['X-A', 'a\tb é'.normalize('NFC')]], 'read'],
  [[HOST, ['X A', 'b']], 'ambiguous-header'],
  [[HOST, ['X-A ', 'b']], 'ambiguous-header'],
  [[HOST, ['', 'b']], 'ambiguous-header'],
  [[HOST, ['X-A', 'b'.repeat(9_000)]], 'header-too-large'],
  [[HOST, ...Array.from({ length: 100 }, (_, n): Field => [`X-${n}`, 'b'])], 'header-too-large'],
];

test('a head that two readers see in two ways is refused', () => {
  for (const [fields, expected] of HEADS)
    assert.equal(head(fields), expected, JSON.stringify(fields).slice(0, 200));
  for (const method of ['CONNECT', 'TRACE', 'PRI', 'get', 'G T', '', 'GET\t'])
    assert.equal(head([HOST], method), 'method-refused');
  for (const version of ['0.9', '2.0', '1.2', ''])
    assert.equal(head([HOST], 'GET', version), 'version-refused');
  assert.equal(head([HOST, ['Transfer-Encoding', 'chunked']], 'POST', '1.0'), 'ambiguous-length');
  assert.equal(head([HOST], 'GET', '1.0'), 'read');
});

test('promise 11: credentials of the client and fields of its connection stay behind', () => {
  const fields: Field[] = [
    HOST,
    ['Authorization', 'Bearer x'],
    ['Cookie', 'a=b'],
    ['X-API-Key', 'k'],
    ['Proxy-Authorization', 'Basic x'],
    ['Connection', 'close'],
    ['Keep-Alive', 'x'],
    ['TE', 'trailers'],
    ['Transfer-Encoding', 'chunked'],
    ['X-Forwarded-For', '1.1.1.1'],
    ['Forwarded', 'for=x'],
    ['Proxy', 'http://x'],
    ['X-Real-IP', '1.1.1.1'],
    ['Expect', '100-continue'],
    ['Content-Length', '1'],
    ['Accept', '*/*'],
    ['X-Trace', 't'],
    ['Accept', 'a/b'],
  ];
  assert.deepEqual(forwardedFields(fields, false, new Set()), [
    ['Accept', '*/*'],
    ['X-Trace', 't'],
    ['Accept', 'a/b'],
  ]);
  assert.deepEqual(forwardedFields(fields, true, new Set(['accept'])), [
    ['Cookie', 'a=b'],
    ['X-Trace', 't'],
  ]);
});

test('kinds of bodies and their codings', () => {
  for (const [type, kind] of [
    ['application/json', 'json'],
    ['Application/JSON; charset=UTF-8', 'json'],
    ['application/problem+json', 'json'],
    ['application/json; charset=utf-16', 'other'],
    ['application/json;charset=utf-8;charset=utf-16', 'other'],
    ['application/json, text/html', 'other'],
    ['application/x-ndjson', 'ndjson'],
    ['text/event-stream', 'sse'],
    ['text/csv', 'csv'],
    ['text/html; charset=latin1', 'text'],
    ['application/xml', 'text'],
    ['image/svg+xml', 'other'],
    ['image/png', 'other'],
    ['application/octet-stream', 'other'],
    ['', 'other'],
    ['json', 'other'],
  ] as const)
    assert.equal(bodyKindOf(type), kind, type);
  assert.equal(bodyKindOf(null), 'other');
  assert.deepEqual(codingsOf(null), []);
  assert.deepEqual(codingsOf('GZIP, identity, br'), ['gzip', 'br']);
  for (const coding of ['compress', 'gzip, gzip, gzip', 'aws-chunked', 'gzip;q=1'])
    assert.equal(codingsOf(coding), null, coding);
});
