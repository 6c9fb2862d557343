/** Who may import whom (DESIGN 2). */
import assert from 'node:assert/strict';
import { posix } from 'node:path';
import { test } from 'node:test';
import { codeOf, sourceFiles } from './source-files.ts';

/** Bytes, what is made of them, and the shared words. */
const DOMAIN = ['bytes', 'json', 'core'];
const PARTS = ['sql', 'policy', 'masking', 'limits', 'approvals', 'identity', 'journal', 'state'];

/** What each part of the house may import, itself apart. Parts that are not listed may import nothing. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  bytes: [],
  json: ['bytes'],
  core: ['bytes', 'json'],
  ...Object.fromEntries(PARTS.map((part) => [part, DOMAIN])),
  // What instances share is asked of a store, by its interface.
  approvals: [...DOMAIN, 'state'],
  alerts: [...DOMAIN, 'state'],
  config: DOMAIN,
  // It proposes masks, so it asks detectors and maskers.
  classify: [...DOMAIN, 'masking'],
  engine: [...DOMAIN, ...PARTS, 'alerts'],
  // The index of a journal reads its segments.
  recordings: [...DOMAIN, 'journal'],
  // It shows what it is given by interfaces of its own.
  // Of MCP it has what an endpoint tells OAuth clients.
  admin: [...DOMAIN, 'protocols/mcp'],
  // In a browser: of the house it has the types of the API, and nothing that runs.
  console: ['admin'],
  // It reads the upstream's catalog, whose queries are sql's, over a connection of its own.
  // Node's own parser and undici are the sockets of HTTP; what may be carried is the protocol's to say.
  transport: [...DOMAIN, 'engine', 'sql', 'limits', 'protocols/http', 'protocols/mcp', 'protocols/stdio'],
  // What both protocols of SQL do with what they have decoded (ADR 0015).
  'protocols/sql': DOMAIN,
  'protocols/postgres': [...DOMAIN, 'protocols/sql'],
  'protocols/mysql': [...DOMAIN, 'protocols/sql'],
  'protocols/http': DOMAIN,
  // MCP runs over HTTP: the one declared exception (DESIGN 2).
  'protocols/mcp': [...DOMAIN, 'protocols/http'],
  workers: [...DOMAIN, 'masking', 'sql', 'recordings'],
};

/** They put the house together. */
const EVERYTHING: ReadonlySet<string> = new Set(['cli', 'demo', 'main.ts', 'index.ts', 'protocols']);

function partOf(path: string): string {
  const [top = '', second = '', third] = path.split('/');
  if (top === 'protocols') return third === undefined ? top : `${top}/${second}`;
  return top === 'src' ? second : top;
}

interface Import {
  readonly from: string;
  readonly to: string;
}

function importsOf(): readonly Import[] {
  return sourceFiles().flatMap(({ path, text }) =>
    [
      ...text.matchAll(
        /^(?:import|export)\b[^;']*?\bfrom\s+'([^']+)'|^import '([^']+)'|\bimport\('([^']+)'\)/gm,
      ),
    ].map((found) => ({ from: path, to: found[1] ?? found[2] ?? found[3] ?? '' })),
  );
}

test('every import goes the way the design allows', () => {
  const imports = importsOf();
  assert.ok(imports.length > 500);
  const breaches = imports
    .filter(({ to }) => to.startsWith('.'))
    .map(({ from, to }) => ({ from, to: posix.join(posix.dirname(from), to) }))
    .filter(({ from, to }) => {
      const part = partOf(from);
      if (partOf(to) === part || EVERYTHING.has(part)) return false;
      return !(MAY_IMPORT[part] ?? []).includes(partOf(to));
    });
  assert.deepEqual(breaches, []);
});

test('protocols are without sockets, timers, promises and packages', () => {
  const protocols = sourceFiles().filter(({ path }) => path.startsWith('protocols/'));
  assert.ok(protocols.length > 10);
  const paths = new Set(protocols.map(({ path }) => path));
  const packages = importsOf().filter(({ from, to }) => paths.has(from) && !to.startsWith('.'));
  assert.deepEqual(packages, []);
  for (const { path, text } of protocols) {
    const waiting = /\b(setTimeout|setInterval|setImmediate|queueMicrotask|async|await|Promise)\b/.exec(
      codeOf(text),
    );
    assert.equal(waiting?.[0], undefined, path);
  }
});

test('bytes and the grammar stand alone; sql is entered by its index', () => {
  const fromBytes = importsOf().filter(
    ({ from, to }) => from.startsWith('src/bytes/') && !to.startsWith('./'),
  );
  assert.deepEqual(fromBytes, []);
  // An AST never leaves sql: nobody outside of it imports the files that read one.
  const inside = importsOf()
    .filter(
      ({ from, to }) =>
        !from.startsWith('src/sql/') &&
        posix.join(posix.dirname(from), to).startsWith('src/sql/') &&
        !to.endsWith('sql/index.ts'),
    )
    .filter(({ from }) => !from.startsWith('workers/'));
  assert.deepEqual(inside, []);
});
