/** Documents with values in them, generated: none of them is shown, and everything else is as it was. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isObject, type Json, parseJson } from '../../src/core/json.ts';
import { isRefused, type JsonDocument, PLAIN_JSON, scanJson } from '../../src/json/index.ts';
import { compileDocumentPlan, DocumentMasker, documentPlan, SpanEdits } from '../../src/masking/index.ts';

const CARD = '4111111111111111';
const SECRET = 'hunter2';
const redact = { name: 'redact', options: null, ring: null } as const;
const plan = documentPlan(
  [{ paths: ['$..secret'], masker: redact, nulls: 'keep' }],
  [{ detectors: ['credit-card'], patterns: [], masker: redact }],
);
const masker = new DocumentMasker(compileDocumentPlan(plan));

const texts = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 8 }),
  fc.constantFrom(
    'é',
    '\u2014',
    '"',
    '\\',
    '{',
    '[1,2]',
    '100%',
    'a\nb',
    '12',
    '2026-01-02',
    '\u0000',
    '\ud83d\ude00',
  ),
);
const leaves = fc.oneof(texts, fc.integer(), fc.boolean(), fc.constant(null));
const { tree } = fc.letrec<{ tree: Json }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    leaves,
    fc.array(tie('tree'), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom('a', 'b', 'é', 'c d', 'e"f'), tie('tree'), { maxKeys: 4 }),
    // JSON within a string.
    tie('tree').map((inner) => JSON.stringify(inner)),
  ),
}));
const hidden = fc.constantFrom<Json>(
  `is ${CARD}.`,
  { card: CARD },
  [Number(CARD)],
  { secret: SECRET },
  { secret: [SECRET, { x: SECRET }] },
  JSON.stringify({ secret: SECRET, n: CARD }),
  Buffer.from(`is ${CARD}.`).toString('base64'),
);

/** Some characters of strings as escapes. */
function escaped(json: string, every: number): string {
  let n = 0;
  return json.replaceAll(/[^"\\{}[\]:,\s]/g, (letter, at: number) => {
    const inString = (json.slice(0, at).match(/(?<!\\)(?:\\\\)*"/g)?.length ?? 0) % 2 === 1;
    const isEscape = /(?:^|[^\\])(?:\\\\)*\\(?:u[0-9a-f]{0,3})?$/i.test(json.slice(0, at));
    if (!inString || isEscape || ++n % every !== 0 || letter.length > 1) return letter;
    return `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

/** All texts that are in it, those of JSON within strings and of Base64 included. */
function textsIn(value: Json | undefined, depth = 0): readonly string[] {
  if (typeof value === 'string') {
    const decoded = Buffer.from(value, 'base64').toString();
    if (depth > 12) return [value, decoded];
    try {
      return [value, decoded, ...textsIn(parseJson(value), depth + 1)];
    } catch {
      return [value, decoded];
    }
  }
  if (Array.isArray(value)) return value.flatMap((item) => textsIn(item, depth));
  if (isObject(value))
    return Object.entries(value).flatMap(([name, inner]) => [name, ...textsIn(inner, depth)]);
  return [String(value)];
}

test('promise 4: values in generated documents are gone, however they are nested and escaped', () => {
  fc.assert(
    fc.property(
      tree,
      hidden,
      tree,
      fc.integer({ min: 2, max: 40 }),
      fc.nat(3),
      (before, value, after, every, wraps) => {
        let document: Json = { before, value, after };
        for (let n = 0; n < wraps; n++) document = { inner: JSON.stringify(document), n };
        const bytes = Buffer.from(escaped(JSON.stringify(document), every));
        const masked = masker.json(bytes);
        assert.ok(masked !== null);
        const shown = textsIn(parseJson(masked.toString())).join('\n');
        assert.doesNotMatch(shown, /4111111111111111|hunter2/, bytes.toString());
        assert.deepEqual(masker.json(masked), masked, 'what is masked stays so');
      },
    ),
    { numRuns: 300 },
  );
});

test('promise 10: a document without any of them is not changed by a byte', () => {
  fc.assert(
    fc.property(tree, fc.integer({ min: 2, max: 40 }), (value, every) => {
      const bytes = Buffer.from(` ${escaped(JSON.stringify(value), every)}\n`);
      assert.equal(masker.json(bytes), bytes);
    }),
    { numRuns: 300 },
  );
});

test('a document that was changed in place has the nodes that it has when it is read anew', () => {
  const fields = (document: JsonDocument, node: number) => [
    ...[
      document.kind(node),
      document.start(node),
      document.end(node),
      document.name(node),
      document.nameStart(node),
    ],
    ...[document.parent(node), document.next(node), document.isEscaped(node), document.nameHash(node)],
  ];
  fc.assert(
    fc.property(
      tree,
      fc.array(fc.tuple(fc.nat(), fc.constantFrom('"x"', '"a\\n"', '17', 'null', '', 'zz', '\\u0041'))),
      (value, changes) => {
        const bytes = Buffer.from(` ${JSON.stringify({ value })}`);
        const document = scanJson(bytes, 0, bytes.length, PLAIN_JSON);
        assert.ok(!isRefused(document));
        const edits = new SpanEdits();
        for (const [at, put] of changes) {
          const node = at % document.count;
          const [start, end] = [document.start(node), document.end(node)];
          if (/^["1n]/.test(put)) edits.put(start, end, Buffer.from(put));
          else if (document.isString(node)) edits.put(start + 1, end - 1, Buffer.from(put));
        }
        const made = edits.applyTo(document);
        assert.ok(!isRefused(made));
        const read = scanJson(made.source, 0, made.source.length, PLAIN_JSON);
        assert.ok(!isRefused(read));
        assert.equal(made.count, read.count);
        for (let node = 0; node < read.count; node++) {
          // An escape that was taken out may still be expected: that costs a look and changes nothing.
          const own = fields(made, node);
          const other = fields(read, node);
          if (own[7] === true) other[7] = true;
          assert.deepEqual(own, other, made.source.toString());
        }
      },
    ),
    { numRuns: 300 },
  );
});
