/** What a listener says of tokens: those of its clients, and those by which Sluice logs in behind it. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { loadConfig } from '../../../src/config/load.ts';
import { ProblemsError } from '../../../src/core/problem.ts';

const directory = mkdtempSync(join(tmpdir(), 'sluice-config-'));
after(() => rmSync(directory, { recursive: true, force: true }));

function mistakesIn(listener: string): string {
  const file = join(directory, 'sluice.yaml');
  const lines = [
    `listeners: [ { name: tools, upstream: "https://tools.example/mcp", ${listener} } ]`,
    'identity: { oidc: { issuer: "https://idp.example", audience: sluice }, users: [ { name: a, password: "pw" } ] }',
    'policy: policy.yaml',
    'journal: { dir: ./journal }',
  ];
  writeFileSync(file, lines.join('\n'));
  try {
    loadConfig(file, {});
    return '';
  } catch (error) {
    if (!(error instanceof ProblemsError)) throw error;
    return error.message;
  }
}

const LOCAL = 'protocol: mcp, listen: "127.0.0.1:8700"';
const CLIENT = 'issuer: "https://as.example", client_id: sluice, client_secret: s';

test('what an MCP listener asks of tokens', () => {
  const oauth = 'oauth: { scopes: ["mcp:read"], step_up: [{ tools: ["delete_*"], scopes: ["mcp:write"] }] }';
  assert.equal(mistakesIn(`${LOCAL}, auth: [oidc], ${oauth}`), '');
  assert.match(mistakesIn(`${LOCAL}, auth: [password], ${oauth}`), /is about tokens: expected oidc in auth/);
  const wide = 'protocol: mcp, listen: "0.0.0.0:8700", auth: [oidc], hosts: [tools.example]';
  assert.match(mistakesIn(wide), /tokens have to name the endpoint/);
  assert.equal(mistakesIn(`${wide}, url: "https://tools.example/mcp"`), '');
  const pointless = `${LOCAL}, auth: [oidc], oauth: { step_up: [{ scopes: [a] }] }`;
  assert.match(mistakesIn(pointless), /one or more of methods, tools, resources and prompts/);
  assert.match(mistakesIn(`${LOCAL}, auth: [oidc], oauth: { scopes: ["a b"] }`), /expected a scope/);
});

test('how Sluice logs in at the upstream', () => {
  const listener = (credentials: string, auth = 'oidc') =>
    `${LOCAL}, auth: [${auth}], credentials: { ${credentials} }`;
  assert.equal(mistakesIn(listener(`client_credentials: { ${CLIENT}, scopes: [read] }`, 'password')), '');
  assert.equal(
    mistakesIn(listener(`token_exchange: { ${CLIENT}, resource: "https://tools.example/mcp" }`)),
    '',
  );
  assert.match(
    mistakesIn(listener(`token_exchange: { ${CLIENT} }`, 'oidc, password')),
    /token_exchange takes auth: \[oidc\]/,
  );
  assert.match(
    mistakesIn(listener('client_credentials: { client_id: a, client_secret: b }')),
    /expected one of issuer and token_endpoint/,
  );
  assert.match(
    mistakesIn(listener(`client_credentials: { ${CLIENT}, token_endpoint: "https://as.example/token" }`)),
    /expected one of issuer and token_endpoint/,
  );
  const plain =
    'client_credentials: { token_endpoint: "http://as.example/t", client_id: a, client_secret: b }';
  assert.match(mistakesIn(listener(plain)), /expected an https URL/);
  assert.match(
    mistakesIn(listener(`bearer: x, client_credentials: { ${CLIENT} }`)),
    /expected one of bearer/,
  );
});
