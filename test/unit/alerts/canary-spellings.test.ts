/** Canaries in encoded texts: found in each way of encoding, with few values and with many, and nothing else is. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SpelledCanaries, spellingsOf } from '../../../src/alerts/index.ts';

const CANARY = 'Kanarí "Å" <vogel@example.com>';
const FEW = ['something else', CANARY];
const MANY = [...FEW, ...Array.from({ length: 60 }, (_, n) => `canary-${n}-${n * n}`)];

const escapeAll = (text: string) =>
  Array.from(
    { length: text.length },
    (_, n) => `\\u${text.charCodeAt(n).toString(16).padStart(4, '0')}`,
  ).join('');
const base64 = (text: string) => Buffer.from(text).toString('base64');
const lines = (text: string, width: number) =>
  (text.match(new RegExp(`.{1,${width}}`, 'g')) ?? []).join('\r\n');

const SPELLINGS: readonly (readonly [name: string, spell: (text: string) => string])[] = [
  ['plain', (text) => text],
  ['a string of JSON', (text) => JSON.stringify(text)],
  ['a string in a string in a string', (text) => JSON.stringify(JSON.stringify(JSON.stringify({ a: text })))],
  ['every character escaped', escapeAll],
  ['escapes escaped', (text) => JSON.stringify(escapeAll(text))],
  [
    'escapes in capitals, a slash escaped',
    (text) => `\\/${escapeAll(text).toUpperCase().replaceAll('\\U', '\\u')}`,
  ],
  ['percent-encoded three times', (text) => encodeURIComponent(encodeURIComponent(encodeURIComponent(text)))],
  ['percent-encoded in JSON', (text) => JSON.stringify(`x\n${encodeURIComponent(text)}`)],
  ['hexadecimal', (text) => Buffer.from(`..${text}`).toString('hex')],
  ['hexadecimal in capitals', (text) => Buffer.from(text).toString('hex').toUpperCase()],
  ['Base64 in Base64', (text) => base64(`${'a'.repeat(60)}${base64(`${'b'.repeat(60)}${text}`)}`)],
  ['Base64 in lines of 76', (text) => lines(base64(`${'c'.repeat(100)}${text}${'c'.repeat(100)}`), 76)],
  ['Base64 in lines of 64, in JSON', (text) => JSON.stringify(lines(base64(`${'d'.repeat(70)}${text}`), 64))],
  ['escapes in Base64', (text) => base64(`{"pad":"${'e'.repeat(60)}","a":"${escapeAll(text)}"}`)],
  ...[0, 1, 2].map(
    (before) =>
      [
        `Base64 with ${before} bytes before it`,
        (text: string) => `see ${base64(`${'f'.repeat(before)}${text} and more`)}`,
      ] as const,
  ),
  ['Base64 for URLs', (text) => Buffer.from(`>>?${text}`).toString('base64url')],
];

function foundIn(canaries: SpelledCanaries, text: string): number {
  for (const spelling of spellingsOf(Buffer.from(text))) {
    const found = canaries.find(spelling);
    if (found !== -1) return found;
  }
  return -1;
}

for (const [name, values] of [
  ['few values', FEW],
  ['many values', MANY],
] as const)
  test(`${name}: found in every spelling, and not in that of another text`, () => {
    const canaries = new SpelledCanaries(values);
    for (const [spelling, spell] of SPELLINGS) {
      assert.equal(foundIn(canaries, `words before: ${spell(CANARY)} and behind`), 1, spelling);
      assert.equal(
        foundIn(canaries, `words before: ${spell('Kanari "A" <vogel@example.com>')} and behind`),
        -1,
      );
    }
  });

test('what is no escape stays, and what is broken off does no harm', () => {
  const canaries = new SpelledCanaries(['\\xab', 'ab\ncd', '\u{1f426} bird']);
  assert.equal(foundIn(canaries, 'a \\xab b'), 0);
  assert.equal(foundIn(canaries, 'ab\\ncd'), 1);
  assert.equal(foundIn(canaries, '\\ud83d\\udc26 bird'), 2);
  for (const text of ['\\', '\\u', '\\u12', '\\ud800', '\\ud800\\u0041', '%', '%4', '%zz', ''])
    assert.equal(foundIn(canaries, text), -1, text);
  assert.equal(foundIn(canaries, '\\ud800ab\\ncd'), 1);
});
