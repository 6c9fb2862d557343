import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { walkJson } from '../../../src/masking/json/walk.ts';
import { found, maskText, spec } from '../../support/masking.ts';

const JSONB = { type: { kind: 'jsonb' } } as const;
const JSON_TYPE = { type: { kind: 'json' } } as const;

/** A string in JSON in a string in JSON in a string. */
function thrice(inner: string): string {
  return JSON.stringify(JSON.stringify({ a: `{"b":"${inner}"}` }));
}

test('promise 4: values in JSON are masked, and nothing else changes by a byte', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['{"a": "x 123-45-6789 y", "b":[ 1 ]}', '{"a": "x [redacted] y", "b":[ 1 ]}'],
    ['{"card":4111111111111111,"n":17}', '{"card":0,"n":17}'],
    ['{"card":4111111111111111.00}', '{"card":0}'],
    ['{"a@b.example.com":true}', '{"[redacted]":true}'],
    ['"\\u0034111111111111111"', '"[redacted]"'],
    ['"a\\n123-45-6789\\u00e9\\ud83d\\ude00"', '"a\\n[redacted]\\u00e9\\ud83d\\ude00"'],
    ['"{\\"ssn\\":\\"123-45-6789\\",\\"n\\":4111111111111111}"', '"{\\"ssn\\":\\"[redacted]\\",\\"n\\":0}"'],
    [thrice('\\u003123-45-6789'), thrice('[redacted]')],
    ['["4111","1111","1111","1111"]', '["4111","1111","1111","1111"]'],
    ['{"ssn":"123456789"}', '{"ssn":"[redacted]"}'],
    ['{"ssn":"12345678\\u0039"}', '{"ssn":"[redacted]"}'],
    ['[1e5,-0.5,true,null,"",{}]', '[1e5,-0.5,true,null,"",{}]'],
  ];
  for (const [before, after] of cases) {
    assert.equal(maskText(found(), before, JSON_TYPE), after);
    assert.equal(maskText(found(), before), after, 'inside text');
    JSON.parse(after);
  }
});

test('a masker without a text makes the string null, and a name a neutral one', () => {
  const mask = found(spec('null'));
  assert.equal(maskText(mask, '{"a":"x a@b.example.com","b":"c"}', JSONB), '{"a":null,"b":"c"}');
  assert.equal(maskText(mask, '{"a@b.example.com":1}', JSONB), '{"[redacted]":1}');
  assert.equal(maskText(found(spec('last4')), '[4111111111111111]', JSONB), '[1111]');
});

test('text that only looks like JSON is masked as text', () => {
  assert.equal(maskText(found(), '{a: 123-45-6789}'), '{a: [redacted]}');
  assert.equal(maskText(found(), '[123-45-6789] "open'), '[[redacted]] "open');
  assert.equal(maskText(found(), '{"a":"123-45-6789",}', JSON_TYPE), '"[redacted]"');
});

test('what the walker takes is what JSON.parse takes', () => {
  const silent = { string: () => {}, number: () => {} };
  const accepts = (text: string): boolean => {
    const bytes = Buffer.from(text);
    return walkJson(bytes, 0, bytes.length, silent);
  };
  const parses = (text: string): boolean => {
    try {
      JSON.parse(text);
      return true;
    } catch {
      return false;
    }
  };
  fc.assert(
    fc.property(
      fc.json(),
      fc.nat(),
      fc.constantFrom('', '"', '{', ',', ']', '0', '\\', ' ', '-', ':', 'e'),
      (json, at, junk) => {
        assert.equal(accepts(json), true);
        const place = at % (json.length + 1);
        const broken = json.slice(0, place) + junk + json.slice(place);
        assert.equal(accepts(broken), parses(broken), broken);
      },
    ),
    { numRuns: 3000 },
  );
});

const SECRET = '4111111111111111';

/** Any way to write a string in JSON. */
function escapedAnyhow(text: string, choices: readonly number[]): string {
  return [...text]
    .map((c, i) =>
      (choices[i % choices.length] ?? 0) % 2 === 0
        ? c
        : `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
    )
    .join('');
}

test('promise 4: a card anywhere in JSON, however it is escaped, is gone, and the shape stays', () => {
  fc.assert(
    fc.property(
      fc.jsonValue({ maxDepth: 3 }),
      fc.array(fc.nat(1), { minLength: 1, maxLength: 8 }),
      fc.constantFrom('string', 'key', 'number', 'nested'),
      (value, choices, place) => {
        const around = JSON.stringify(value);
        const written = escapedAnyhow(SECRET, choices);
        const text = {
          string: `{"a":${around},"b":["x ${written} y"]}`,
          key: `{"${written}":${around}}`,
          number: `[${around},${SECRET}]`,
          nested: `{"a":${JSON.stringify(`{"c":"${written}","d":${around}}`)}}`,
        }[place];
        const masked = maskText(found(spec('redact'), ['credit-card']), text, JSONB) ?? '';
        assert.equal(shapeOf(JSON.parse(masked)), shapeOf(JSON.parse(text)));
        assert.ok(!JSON.stringify(JSON.parse(masked)).includes(SECRET));
        assert.ok(!masked.includes(written));
      },
    ),
    { numRuns: 1000 },
  );
});

function shapeOf(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(shapeOf).join()}]`;
  if (typeof value === 'object' && value !== null) return `{${Object.values(value).map(shapeOf).join()}}`;
  return value === null ? 'null' : typeof value;
}
