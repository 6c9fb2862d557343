import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loopbackHosts, originProblem } from '../../../protocols/mcp/origins.ts';
import {
  bearerToken,
  challengeFor,
  isMetadataPath,
  metadataDocument,
  metadataUrl,
  type ProtectedResource,
} from '../../../protocols/mcp/resource-server.ts';

function resourceAt(url: string, scopes: readonly string[] = []): ProtectedResource {
  return { resource: new URL(url), authorizationServers: ['https://idp.example.com'], scopes };
}

test('RFC 9728: the well-known path stands between host and path', () => {
  const deep = resourceAt('https://sluice.example.com/mcp/shop');
  assert.equal(metadataUrl(deep), 'https://sluice.example.com/.well-known/oauth-protected-resource/mcp/shop');
  assert.ok(isMetadataPath(deep, '/.well-known/oauth-protected-resource/mcp/shop'));
  assert.ok(isMetadataPath(deep, '/.well-known/oauth-protected-resource'));
  assert.ok(!isMetadataPath(deep, '/.well-known/oauth-protected-resource/mcp'));
  const bare = resourceAt('https://sluice.example.com');
  assert.equal(metadataUrl(bare), 'https://sluice.example.com/.well-known/oauth-protected-resource');
  assert.deepEqual(JSON.parse(metadataDocument(bare)), {
    resource: 'https://sluice.example.com',
    authorization_servers: ['https://idp.example.com'],
    bearer_methods_supported: ['header'],
  });
});

test('RFC 6750: what a client is told that has no access', () => {
  const resource = resourceAt('https://s.example/mcp', ['mcp']);
  const metadata = 'resource_metadata="https://s.example/.well-known/oauth-protected-resource/mcp"';
  assert.deepEqual(challengeFor(resource, { fault: 'missing' }), {
    status: 401,
    header: `Bearer scope="mcp", ${metadata}`,
  });
  assert.deepEqual(challengeFor(resource, { fault: 'invalid', why: 'expired "then"\r\nX: 1' }), {
    status: 401,
    header: `Bearer error="invalid_token", error_description="expired  then   X: 1", scope="mcp", ${metadata}`,
  });
  assert.deepEqual(challengeFor(resource, { fault: 'malformed', why: 'twice' }), {
    status: 400,
    header: `Bearer error="invalid_request", error_description="twice", scope="mcp", ${metadata}`,
  });
  assert.deepEqual(challengeFor(resource, { fault: 'scope', scopes: ['mcp', 'write'], why: 'tool' }), {
    status: 403,
    header: `Bearer error="insufficient_scope", error_description="tool", scope="mcp write", ${metadata}`,
  });
});

test('a bearer token is one token', () => {
  assert.equal(bearerToken(null), null);
  assert.equal(bearerToken('Bearer abc.def-1_2~3+4/5=='), 'abc.def-1_2~3+4/5==');
  assert.equal(bearerToken('bearer abc'), 'abc');
  for (const header of ['', 'Bearer', 'Bearer ', 'Basic abc', 'Bearer a b', 'Bearer a,Bearer b', ' Bearer a'])
    assert.equal(bearerToken(header), 'malformed', header);
});

test('a request for another host, or from a page of another origin, is not for this endpoint', () => {
  const allowed = {
    hosts: new Set(loopbackHosts(8700)),
    origins: new Set(['https://inspector.example']),
  };
  assert.equal(originProblem(allowed, 'localhost:8700', null), null);
  assert.equal(originProblem(allowed, 'LOCALHOST:8700', 'https://inspector.example'), null);
  assert.equal(originProblem(allowed, '[::1]:8700', null), null);
  for (const [host, origin] of [
    [null, null],
    ['evil.example:8700', null],
    ['localhost', null],
    ['localhost:8700', 'null'],
    ['localhost:8700', 'http://localhost:8700'],
    ['localhost:8700', 'https://evil.example'],
  ] as const)
    assert.notEqual(originProblem(allowed, host, origin), null, `${host} ${origin}`);
});
