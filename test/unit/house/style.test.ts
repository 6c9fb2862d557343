/** What STYLE.md asks of every file and lint does not see. */
import assert from 'node:assert/strict';
import { basename } from 'node:path';
import { test } from 'node:test';
import { codeOf, sourceFiles } from './source-files.ts';

const FILE_LINES_MAX = 320;
const FUNCTION_LINES_MAX = 75;

/** Files that have outgrown the limit, and how far they may until they are split. No others may be added. */
const LONGER: Readonly<Record<string, number>> = {
  'src/engine/connection.ts': 360,
};

test('files stay short', () => {
  const long = sourceFiles()
    .map(({ path, text }) => ({ path, lines: text.split('\n').length - 1 }))
    .filter(({ path, lines }) => lines > (LONGER[path] ?? FILE_LINES_MAX));
  assert.deepEqual(long, []);
});

test('functions stay short', () => {
  const long = sourceFiles().flatMap(({ path, text }) =>
    functionLengths(text)
      .filter(({ lines }) => lines > FUNCTION_LINES_MAX)
      .map(({ name, lines }) => `${path}: ${name} (${lines})`),
  );
  assert.deepEqual(long, []);
});

/** By the formatter's indentation: a function ends where a line closes at the depth on which it began. */
function functionLengths(text: string): readonly { readonly name: string; readonly lines: number }[] {
  const lines = codeOf(text).split('\n');
  const found: { name: string; lines: number }[] = [];
  lines.forEach((line, begun) => {
    const start = /^( *)(?:export )?(?:static )?(?:async )?(?:function )?([#\w]+)(?:<.*>)?\(.*[({]$/.exec(
      line,
    );
    if (start === null || /^(if|for|while|switch|return|catch|super)$/.test(start[2] ?? '')) return;
    const closes = (from: number, sign: string) =>
      lines.findIndex((other, n) => n > from && other.startsWith(`${start[1] ?? ''}${sign}`));
    const head = line.endsWith('{') ? begun : closes(begun, ')');
    if (!lines[head]?.endsWith('{')) return;
    found.push({ name: start[2] ?? '', lines: closes(head, '}') - begun + 1 });
  });
  return found;
}

/** The only files with casts: they mint brands, and nothing else. */
const MINTS: ReadonlySet<string> = new Set(['src/core/ids.ts']);

test('no casts, no any, nothing left to do without an issue', () => {
  for (const { path, text } of sourceFiles()) {
    const code = codeOf(text).replaceAll(/^(import|export)\b[^;]*?\bfrom\b[^;]*;/gm, '');
    const cast = /\bas (?!const\b)[\w{[(]/.exec(code.replaceAll(/\bconst as\b/g, ''));
    if (!MINTS.has(path)) assert.equal(cast?.[0], undefined, path);
    assert.equal(/[:<|]\s*any\b|\bany\[\]/.exec(code)?.[0], undefined, path);
    assert.equal(/@ts-(ignore|expect-error|nocheck)|biome-ignore(?!.*: \S)/.exec(text)?.[0], undefined, path);
    assert.equal(/\b(TODO|FIXME|XXX)\b(?!.*#\d)/.exec(text)?.[0], undefined, path);
  }
});

test('names say what a file is for', () => {
  for (const { path } of sourceFiles()) {
    assert.match(basename(path), /^[a-z][a-z0-9]*(-[a-z0-9]+)*\.ts$/, path);
    assert.doesNotMatch(basename(path), /\b(utils?|helpers?|common|manager|misc)\b/, path);
  }
});

test('relative imports name the file that is meant', () => {
  for (const { path, text } of sourceFiles()) {
    for (const found of text.matchAll(/^(?:import|export)\b[^;']*?\bfrom\s+'(\.[^']+)'/gm)) {
      assert.match(found[1] ?? '', /\.ts$/, path);
    }
  }
});
