/** What the documentation says has to be true: its links, its examples, and its tables that follow from code. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isMap, parse, parseDocument } from 'yaml';
import { PAGES, withTables } from '../../../deploy/docs.ts';
import { readSchemaFile } from '../../../src/cli/catalog-files.ts';
import { policyProblems, worldOf } from '../../../src/cli/policy-files.ts';
import { configSchema } from '../../../src/config/schema.ts';
import { expander } from '../../../src/config/secrets.ts';
import { formatProblem } from '../../../src/core/problem.ts';
import { readYaml } from '../../../src/core/yaml-document.ts';
import { withSchema } from '../../../src/masking/index.ts';
import { jsonSchemaOf } from '../../../src/policy/json-schema.ts';
import { loadPolicy } from '../../../src/policy/policy.ts';
import { policySchema } from '../../../src/policy/schema.ts';
import { readTestFile } from '../../../src/policy/test-file.ts';
import { type Catalog, StatementReader } from '../../../src/sql/index.ts';
import { sourceFiles } from './source-files.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const NOT_OURS = new Set(['node_modules', 'dist', '.git']);

function markdownFiles(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (NOT_OURS.has(entry.name)) return [];
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return markdownFiles(path);
    return entry.name.endsWith('.md') ? [path] : [];
  });
}

interface Page {
  readonly path: string;
  readonly name: string;
  readonly text: string;
}

function pages(): readonly Page[] {
  const found = markdownFiles(ROOT).map((path) => ({
    path,
    name: relative(ROOT, path),
    text: readFileSync(path, 'utf8'),
  }));
  assert.ok(found.length > 10);
  return found;
}

/** Without code, in which brackets are no links. */
function prose(text: string): string {
  return text.replaceAll(/^```[\s\S]*?^```/gm, '').replaceAll(/`[^`\n]*`/g, '');
}

/** The names by which headings are linked to, as GitHub makes them. */
function anchorsOf(text: string): ReadonlySet<string> {
  const headings = text.replaceAll(/^```[\s\S]*?^```/gm, '').matchAll(/^#{1,6} (.+)$/gm);
  return new Set(
    [...headings].map(([, heading = '']) =>
      heading
        .trim()
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

test('every relative link leads to a file, and to a heading of it', () => {
  const broken: string[] = [];
  let links = 0;
  for (const { path, name, text } of pages()) {
    for (const [, target = ''] of prose(text).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      links++;
      const [file = '', anchor] = target.split('#');
      const linked = file === '' ? path : join(dirname(path), file);
      if (!existsSync(linked)) broken.push(`${name}: ${target}`);
      else if (anchor !== undefined && !anchorsOf(readFileSync(linked, 'utf8')).has(anchor))
        broken.push(`${name}: ${target}`);
    }
  }
  assert.ok(links > 50);
  assert.deepEqual(broken, []);
});

test('every file of the project that a page names is there', () => {
  const broken: string[] = [];
  for (const { path, name, text } of pages()) {
    for (const [, named = ''] of text.matchAll(
      /`((?:src|protocols|workers|test|deploy|bench|fixtures)\/[\w./-]+)`/g,
    )) {
      // What a program will write is not there yet.
      if (named.startsWith('bench/results')) continue;
      if (!existsSync(join(ROOT, named)) && !existsSync(join(dirname(path), named)))
        broken.push(`${name}: ${named}`);
    }
  }
  assert.deepEqual(broken, []);
});

test('every file that a folder tells of is in it', () => {
  for (const { path, name, text } of pages()) {
    if (!/^(src|protocols)\/.*README\.md$/.test(name)) continue;
    const files = readdirSync(dirname(path), { recursive: true, encoding: 'utf8' });
    for (const [, named = ''] of text.matchAll(/`([a-z][a-z0-9-]*\.(?:ts|yaml))`/g)) {
      assert.ok(
        files.some((file) => file.split('/').at(-1) === named),
        `${name}: ${named}`,
      );
    }
  }
});

test('every type of record is told of', () => {
  const text = readFileSync(join(ROOT, 'docs/journal.md'), 'utf8');
  const made = /(?:append|record|recordAdmitted)\(\s*'([a-z-]+)'/g;
  const types = new Set(
    sourceFiles().flatMap(({ text: code }) => [...code.matchAll(made)].map(([, type = '']) => type)),
  );
  assert.ok(types.size > 6, [...types].join(' '));
  for (const type of types) assert.match(text, new RegExp(`^\\| \`${type}\` +\\|`, 'm'));
});

test('the tables that follow from code are current; npm run docs writes them', () => {
  for (const page of PAGES) {
    const text = readFileSync(join(ROOT, page), 'utf8');
    assert.match(text, /<!-- generated: /, page);
    assert.equal(withTables(text), text, page);
  }
});

test('every masker can be written as its table has it', () => {
  const text = readFileSync(join(ROOT, 'docs/policy.md'), 'utf8');
  const rows = [...text.matchAll(/^\| `with: (.+?)` +\|/gm)];
  assert.ok(rows.length > 5);
  for (const [, written = ''] of rows) assert.ok(withSchema.safeParse(parse(written)).success, written);
});

test('every table that is generated stands in a page', () => {
  const named = PAGES.flatMap((page) => [
    ...readFileSync(join(ROOT, page), 'utf8').matchAll(/<!-- generated: ([a-z-]+) -->/g),
  ]).map(([, name]) => name);
  assert.deepEqual(named.toSorted(), [
    'baseline',
    'detectors',
    'effects',
    'errors',
    'maskers',
    'matchers-context',
    'matchers-http',
    'matchers-mcp',
    'matchers-statement',
  ]);
});

test('every built-in rule is told of', () => {
  const text = readFileSync(join(ROOT, 'docs/errors.md'), 'utf8');
  const rules = new Set(
    sourceFiles().flatMap(({ text: code }) =>
      [...code.matchAll(/'(sluice\/[a-z-]+)'/g)].map(([, rule = '']) => rule),
    ),
  );
  assert.ok(rules.size > 4);
  for (const rule of rules) assert.ok(text.includes(`\`${rule}\``), rule);
});

/** YAML examples of a page, with the line on which each begins. */
function examplesIn({ text }: Page): readonly { readonly yaml: string; readonly line: number }[] {
  return [...text.matchAll(/^```yaml\n([\s\S]*?)^```/gm)].map((found) => ({
    yaml: found[1] ?? '',
    line: text.slice(0, found.index).split('\n').length,
  }));
}

function keysOf(yaml: string): ReadonlySet<string> {
  const { contents } = parseDocument(yaml);
  assert.ok(isMap(contents), yaml);
  return new Set(contents.items.map(({ key }) => String(key)));
}

const ENVIRONMENT = new Proxy<Record<string, string>>({}, { get: () => 'sixteen bytes or more' });

/** The examples talk about the sample shop, so they are held against it. */
async function shopCatalog(): Promise<Catalog> {
  return readSchemaFile(join(ROOT, 'fixtures/shop/schema.sql'), await StatementReader.load(18));
}

test('every YAML example is read by the schema it is an example of', async () => {
  const catalog = await shopCatalog();
  const counted = { config: 0, policy: 0, test: 0 };
  for (const page of pages()) {
    for (const { yaml, line } of examplesIn(page)) {
      const where = `${page.name}:${line}`;
      const keys = keysOf(yaml);
      if (keys.has('tests')) {
        readTestFile(where, yaml);
        counted.test++;
      } else if (keys.has('default')) {
        const { source } = loadPolicy(where, yaml);
        const world = { ...worldOf(null, [catalog]), rings: null };
        assert.deepEqual(policyProblems(source, world).map(formatProblem), []);
        counted.policy++;
      } else {
        const expand = expander(ENVIRONMENT, ROOT);
        readYaml(where, yaml, configSchema, (text) =>
          text.includes('${file:') ? text.replaceAll(/\$\{file:[^}]*\}/g, 'x') : expand(text),
        );
        counted.config++;
      }
    }
  }
  assert.ok(counted.config >= 2 && counted.policy >= 3 && counted.test >= 2, JSON.stringify(counted));
});

/** The names of all keys that a JSON Schema allows, at any depth. */
function schemaKeys(schema: unknown): readonly string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  const own =
    'properties' in schema && typeof schema.properties === 'object'
      ? Object.keys(schema.properties ?? {})
      : [];
  return [...own, ...Object.values(schema).flatMap(schemaKeys)];
}

test('every key of the configuration and of the policy is told of', () => {
  for (const [page, schema] of [
    ['docs/config.md', configSchema],
    ['docs/policy.md', policySchema],
  ] as const) {
    const text = readFileSync(join(ROOT, page), 'utf8');
    const missing = [...new Set(schemaKeys(jsonSchemaOf(schema, 'x')))].filter(
      (key) => !new RegExp(`(^|[^\\w-])${key}($|[^\\w-])`, 'm').test(text),
    );
    assert.deepEqual(missing, [], page);
  }
});
