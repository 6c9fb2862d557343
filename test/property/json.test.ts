/** Generated JSON: as Node reads it, as Python reads it where there is one, and edited as an object would be. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { isObject, type Json, parseJson } from '../../src/core/json.ts';
import type { JsonDocument } from '../../src/json/index.ts';
import { CANONICAL_JSON, isRefused, JsonEdits, jsonString, scanJson } from '../../src/json/index.ts';

const PIECES = [
  '{',
  '}',
  '[',
  ']',
  ':',
  ',',
  '"',
  '\\',
  'a',
  'A',
  '"a"',
  '"A"',
  '"\\u0061"',
  '1',
  '-',
  '0',
  '.5',
  'e9',
  '1e999',
  'true',
  'null',
  ' ',
  '\n',
  '\t',
  '\u00a0',
  '\u0000',
  '"\\ud800"',
  '"\\u0000"',
  '"é"',
  '\ufeff',
  '1.0',
  '9007199254740993',
  'NaN',
  '"x":',
  '/',
  "'",
];

/** Some of it is JSON, most nearly so. */
const nearly = fc.oneof(
  fc.array(fc.constantFrom(...PIECES), { maxLength: 12 }).map((parts) => parts.join('')),
  fc.json({ maxDepth: 4 }),
  fc.tuple(fc.json(), fc.nat(), fc.constantFrom(...PIECES)).map(([text, at, piece]) => {
    const cut = at % (text.length + 1);
    return text.slice(0, cut) + piece + text.slice(cut + 1);
  }),
);

function scan(text: string): JsonDocument | null {
  const source = Buffer.from(text);
  const read = scanJson(source, 0, source.length, CANONICAL_JSON);
  return isRefused(read) ? null : read;
}

function jsonOf(document: JsonDocument, node: number): Json {
  const kind = document.kind(node);
  if (kind === 'object')
    return Object.fromEntries(
      [...document.children(node)].map((child) => [document.name(child) ?? '', jsonOf(document, child)]),
    );
  if (kind === 'array') return [...document.children(node)].map((child) => jsonOf(document, child));
  if (kind === 'string') return document.text(node) ?? '';
  return kind === 'number' ? Number(document.written(node)) : parseJson(kind);
}

function parsed(text: string): Json | undefined {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

test('what passes is what JSON.parse reads, and what it does not read is refused', () => {
  fc.assert(
    fc.property(nearly, (text) => {
      const document = scan(text);
      const value = parsed(text);
      if (document === null) return;
      assert.notEqual(value, undefined, text);
      assert.deepEqual(jsonOf(document, 0), value);
    }),
    { numRuns: 5_000 },
  );
});

const PYTHON = `
import json, sys
for line in sys.stdin:
    text = json.loads(line)
    try:
        print(json.dumps(json.loads(text)))
    except Exception:
        print("refused")
`;

test('what passes is read by Python as it is by Node', (t) => {
  if (spawnSync('python3', ['-c', '0']).status !== 0) {
    t.diagnostic('there is no python3 here');
    return;
  }
  const texts = fc.sample(nearly, 3_000).filter((text) => scan(text) !== null);
  assert.ok(texts.length > 300);
  const input = texts.map((text) => JSON.stringify(text)).join('\n');
  const { stdout } = spawnSync('python3', ['-c', PYTHON], {
    input,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  const lines = stdout.trimEnd().split('\n');
  assert.equal(lines.length, texts.length);
  // Written anew, so that -0, which Python has for decimals only, is 0 in both.
  for (const [n, line] of lines.entries())
    assert.equal(JSON.stringify(parseJson(line)), JSON.stringify(parseJson(texts[n] ?? '')), texts[n] ?? '');
});

const GO = `package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
)

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(make([]byte, 1<<20), 1<<28)
	for lines.Scan() {
		var text string
		json.Unmarshal(lines.Bytes(), &text)
		var value any
		if json.Unmarshal([]byte(text), &value) != nil {
			fmt.Println("refused")
			continue
		}
		written, _ := json.Marshal(value)
		fmt.Println(string(written))
	}
}
`;

test('what passes is read by Go as it is by Node', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-go-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const file = join(directory, 'main.go');
  writeFileSync(file, GO);
  const texts = fc.sample(nearly, 3_000).filter((text) => scan(text) !== null);
  const input = texts.map((text) => JSON.stringify(text)).join('\n');
  const environment = { ...process.env, GO111MODULE: 'off' };
  const ran = spawnSync('go', ['run', file], {
    input,
    encoding: 'utf8',
    env: environment,
    maxBuffer: 2 ** 28,
  });
  if (ran.error !== undefined) {
    t.diagnostic('there is no go here');
    return;
  }
  const lines = ran.stdout.trimEnd().split('\n');
  assert.equal(lines.length, texts.length, ran.stderr);
  for (const [n, line] of lines.entries())
    assert.deepEqual(sorted(parsed(line)), sorted(parsed(texts[n] ?? '')), texts[n] ?? '');
});

/** -0, which Go writes as such, is 0 for what compares numbers. */
function sorted(value: Json | undefined): string {
  return JSON.stringify(value, (_, one: unknown) =>
    typeof one === 'object' && one !== null && !Array.isArray(one)
      ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)))
      : one,
  );
}

test('edits change what they name and not a byte beside', () => {
  const plans = fc.array(
    fc.tuple(fc.nat(), fc.constantFrom<'replace' | 'remove' | 'add'>('replace', 'remove', 'add')),
    { maxLength: 6 },
  );
  fc.assert(
    fc.property(fc.json({ maxDepth: 4 }), fc.constantFrom(0, 1), plans, (text, indent, plan) => {
      const document = scan(indent === 0 ? text : JSON.stringify(JSON.parse(text), null, 2));
      if (document === null) return;
      const edits = new JsonEdits(document);
      const [replaced, removed, added] = [new Set<number>(), new Set<number>(), new Map<number, number>()];
      for (const [pick, what] of plan) {
        const node = pick % document.count;
        if (what === 'replace' && !replaced.has(node)) {
          replaced.add(node);
          edits.replace(node, Buffer.from('"[r]"'));
        } else if (what === 'remove' && document.parent(node) !== -1) {
          removed.add(node);
          edits.remove(node);
        } else if (what === 'add' && document.isObject(node)) {
          const n = added.get(node) ?? 0;
          added.set(node, n + 1);
          edits.addMember(node, `\nnew${n}`, Buffer.from(`${n}`));
        } else if (what === 'add' && document.isArray(node)) {
          const n = added.get(node) ?? 0;
          added.set(node, n + 1);
          edits.addItem(node, jsonString(`${n}`));
        }
      }
      const expected = (node: number): Json => {
        if (replaced.has(node)) return '[r]';
        const children = [...document.children(node)].filter((child) => !removed.has(child));
        const more = Array.from({ length: added.get(node) ?? 0 }, (_, n) => n);
        if (document.isObject(node))
          return Object.fromEntries([
            ...children.map((child) => [document.name(child), expected(child)]),
            ...more.map((n) => [`\nnew${n}`, n]),
          ]);
        if (document.isArray(node)) return [...children.map(expected), ...more.map(String)];
        return jsonOf(document, node);
      };
      const result = edits.apply().toString();
      const value = parsed(result);
      assert.deepEqual(value, expected(0), `${text} → ${result}`);
      if (plan.length === 0) assert.equal(result, document.written(0));
      if (isObject(value)) assert.ok(result.startsWith('{'));
    }),
    { numRuns: 3_000 },
  );
});
