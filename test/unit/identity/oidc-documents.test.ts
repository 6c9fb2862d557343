/** What a discovery document may say, and what is not believed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSafeUrl } from '../../../src/core/oidc.ts';
import { IssuerError, metadataIn } from '../../../src/identity/oidc-documents.ts';

const ISSUER = 'https://idp.example.com/realms/a';
const GOOD = {
  issuer: ISSUER,
  jwks_uri: 'https://keys.example.com/a',
  authorization_endpoint: 'https://idp.example.com/auth',
  token_endpoint: 'https://idp.example.com/token',
  scopes_supported: ['openid'],
};

test('a discovery document is of exactly that issuer, and stays within https', () => {
  assert.equal(metadataIn(GOOD, ISSUER).jwks_uri, GOOD.jwks_uri);
  assert.equal(metadataIn({ issuer: ISSUER, jwks_uri: GOOD.jwks_uri }, ISSUER).token_endpoint, undefined);
  for (const [document, why] of [
    [{ ...GOOD, issuer: `${ISSUER}/` }, /it says that it is/],
    [{ ...GOOD, issuer: 'https://idp.example.com/realms/b' }, /it says that it is/],
    [{ ...GOOD, jwks_uri: undefined }, /lacks what is needed/],
    [{ ...GOOD, jwks_uri: 'http://keys.example.com/a' }, /no https URL/],
    [{ ...GOOD, jwks_uri: 'http://127.0.0.1:8600/metrics' }, /from https to http/],
    [{ ...GOOD, token_endpoint: 'http://localhost/token' }, /from https to http/],
    [{ ...GOOD, token_endpoint: 'https://user:pw@idp.example.com/token' }, /no https URL/],
    [{ ...GOOD, authorization_endpoint: 'javascript:alert(1)' }, /no https URL/],
    [[], /lacks what is needed/],
    [null, /lacks what is needed/],
  ] as const) {
    assert.throws(
      () => metadataIn(document, ISSUER),
      (error) => error instanceof IssuerError && why.test(error.message),
    );
  }
  const local = 'http://127.0.0.1:9000';
  assert.equal(metadataIn({ issuer: local, jwks_uri: `${local}/jwks` }, local).jwks_uri, `${local}/jwks`);
});

test('plain HTTP is for this machine alone', () => {
  for (const url of [
    'https://a',
    'http://localhost:1',
    'http://127.0.0.1',
    'http://127.9.9.9/x',
    'http://[::1]:2',
  ])
    assert.ok(isSafeUrl(url), url);
  for (const url of [
    'http://a',
    'http://localhost.evil.example',
    'http://127.0.0.1.evil.example',
    'ftp://127.0.0.1',
    'x',
    '',
  ])
    assert.ok(!isSafeUrl(url), url);
});
