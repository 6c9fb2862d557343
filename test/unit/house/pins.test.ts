/**
 * What others rely on: error codes, words of the configuration and of the policy file, fields of the journal. A key
 * may be added; one that is here may only go or change its meaning with a major version.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { configSchema } from '../../../src/config/schema.ts';
import { EFFECTS } from '../../../src/core/effects.ts';
import { ERRORS } from '../../../src/core/errors.ts';
import { PLACES } from '../../../src/core/facts.ts';
import { policySchema } from '../../../src/policy/schema.ts';
import { sourceFiles } from './source-files.ts';

/** The SQLSTATE that a client reads, and whether its session ends. */
const ERROR_PINS: Readonly<Record<string, string>> = {
  'malformed-frame': '08P01 end',
  'unknown-message': '08P01 end',
  'protocol-violation': '08P01 end',
  'unsafe-startup': '0A000 end',
  'function-call': '0A000 go-on',
  'unsafe-reading': '0A000 end',
  'frame-too-large': '54000 go-on',
  'startup-too-large': '08P01 end',
  'too-many-names': '54000 go-on',
  'held-memory': '53200 go-on',
  'too-many-connections': '53300 end',
  'handshake-timeout': '08006 end',
  'idle-timeout': '57P05 end',
  'statement-timeout': '57014 go-on',
  'struck-off': '57P01 end',
  terminated: '57P01 end',
  killed: '57P01 end',
  draining: '57P01 end',
  'journal-unavailable': '58030 go-on',
  'budgets-unavailable': '57P03 go-on',
  'canary-read': '57P01 end',
  'catalog-unavailable': '57P03 go-on',
  'approvals-unavailable': '57P03 go-on',
  'login-failed': '28P01 end',
  'token-refused': '28000 end',
  'login-refused': '28000 end',
  'login-blocked': '28000 end',
  'access-revoked': '28000 end',
  'login-expired': '57P01 end',
  'session-revoked': '57P01 end',
  'identity-unavailable': '57P03 end',
  'wrong-database': '3D000 end',
  'upstream-unreachable': '08001 end',
  'upstream-refused': '08004 end',
  'upstream-lost': '08006 end',
  'masking-failed': '58000 go-on',
  'masked-row-too-large': '54000 end',
  'upstream-malformed': '08P01 end',
  invariant: 'XX000 end',
};

test('error codes keep their SQLSTATE and what they do to the session', () => {
  const rows = Object.entries(ERRORS).map(([code, row]) => [code, `${row.sqlstate} ${row.session}`]);
  assert.deepEqual(Object.fromEntries(rows), ERROR_PINS);
});

test('every error has an SQLSTATE and a message that a client may read', () => {
  for (const [code, row] of Object.entries(ERRORS)) {
    assert.match(row.sqlstate, /^[0-9A-Z]{5}$/, code);
    assert.match(row.message, /^[a-zA-Z][^\n]{5,}$/, code);
  }
});

test('effects and places keep their words and their order, which is their bit', () => {
  assert.deepEqual(EFFECTS.slice(0, 12), [
    ...['read', 'write', 'destroy', 'define', 'admin', 'execute', 'file', 'network', 'session', 'dynamic'],
    ...['copy-in', 'copy-out'],
  ]);
  for (const place of ['output', 'filter', 'join', 'group', 'order', 'assignment'] as const) {
    assert.ok(PLACES.includes(place), place);
  }
});

const CONFIGURATION = `{
  "listeners": [ {
    "name": "shop", "protocol": "postgres", "listen": "127.0.0.1:0", "upstream": "postgres://a@127.0.0.1/b",
    "auth": ["password", "trust"], "durability": "synced",
    "timeouts": { "handshake": "10s", "idle": "1h", "statement": "1m" }
  } ],
  "identity": { "users": [ { "name": "agent", "groups": ["agents"], "password": "x" } ] },
  "policy": "policy.yaml", "journal": { "dir": "./journal", "key": "./key", "segment": "64MiB" },
  "limits": { "connections": 10, "held": "1MiB" }, "drain": "5s", "log": { "level": "info" }
}`;

test('the configuration keeps its keys', () => {
  const parsed = configSchema.safeParse(JSON.parse(CONFIGURATION));
  assert.deepEqual(parsed.error?.issues ?? [], []);
});

const POLICY = `{
  "default": "allow", "mode": "enforce",
  "baseline": {
    "dynamic-sql": "off", "server-files": "off", "replication": "off", "session-identity": "off",
    "other-sessions": "off", "server-administration": "off", "leak-catalogs": "off"
  },
  "rules": [
    { "name": "a", "when": {
        "statements": ["drop table"], "effects": ["write"], "tables": ["shop.*"], "columns": ["shop.customers.ssn"],
        "functions": ["*.f"], "settings": ["role"], "unbounded": true, "unfiltered": true, "batch": true,
        "users": ["agent"], "groups": ["agents"], "listeners": ["shop"], "clients": ["10.0.0.0/8"],
        "at": { "days": ["mon"], "hours": "09:00-17:30", "zone": "Europe/Berlin" }
      }, "then": "deny", "message": "no", "mode": "observe" },
    { "name": "b", "then": { "limit": { "rows": 10, "bytes": "8MiB" } } },
    { "name": "c", "then": "allow" }
  ]
}`;

test('the policy file keeps its keys', () => {
  const parsed = policySchema.safeParse(JSON.parse(POLICY));
  assert.deepEqual(parsed.error?.issues ?? [], []);
});

const JOURNAL_FIELDS = [
  ...[
    'n',
    'at',
    'type',
    'prev',
    'segment',
    'key',
    'signature',
    'records',
    'via',
    'text',
    'textBytes',
    'textSha256',
  ],
  ...['parameters', 'kinds', 'effects', 'tables', 'verdict', 'rule', 'rules', 'observed', 'policy'],
  ...['tag', 'sqlstate', 'rows', 'bytes', 'ms', 'truncatedBy'],
];

test('records of the journal keep the names of their fields', () => {
  const writers = sourceFiles().filter(({ path }) => /^src\/(journal|engine)\//.test(path));
  const fields = new Set(
    writers.flatMap(({ text }) => [...text.matchAll(/"(\w+)\\?":/g)].map((found) => found[1] ?? '')),
  );
  assert.deepEqual(
    JOURNAL_FIELDS.filter((field) => !fields.has(field)),
    [],
  );
});

test('each major version of the server has a parser of its own, at a pinned version', () => {
  const file: unknown = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));
  const dependencies = JSON.stringify(Reflect.get(Object(file), 'dependencies'));
  for (const major of [13, 14, 15, 16, 17, 18]) {
    assert.match(dependencies, new RegExp(`"libpg-query-${major}":"npm:libpg-query@${major}\\.\\d+\\.\\d+"`));
  }
});
