/** What a newcomer reads who has made a mistake in a file: what is wrong, where, and what was expected. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProblemsError } from '../../../src/core/problem.ts';
import { readYaml } from '../../../src/core/yaml-document.ts';
import { policySchema } from '../../../src/policy/schema.ts';

function problemsOf(text: string): readonly string[] {
  try {
    readYaml('p.yaml', text, policySchema);
  } catch (error) {
    if (error instanceof ProblemsError) return error.message.split('\n');
    throw error;
  }
  return [];
}

const RULE = 'default: allow\nrules:\n  - ';

for (const [what, text, expected] of [
  ['a missing key', 'rules: []', ['p.yaml:1:1: default: is missing; expected allow or deny']],
  ['a missing key of a rule', `${RULE}{ then: deny }`, ['p.yaml:3:5: rules[0].name: is missing']],
  [
    'a wrong type is not a missing key',
    'default: allow\nrules: 3',
    ['p.yaml:2:8: rules: expected a list, not 3; write [3]'],
  ],
  ['a list at the top', '- a', ['p.yaml:1:1: expected a mapping of keys to values, not a list']],
  [
    'a mistyped key',
    'default: allow\nrulez: []',
    ['p.yaml:2:1: rulez: unknown key "rulez"; did you mean "rules"?'],
  ],
  [
    'a mistyped key within',
    `${RULE}{ name: a, when: { effect: [write] }, then: deny }`,
    ['p.yaml:3:24: rules[0].when.effect: unknown key "effect"; did you mean "effects"?'],
  ],
  [
    'a number for text',
    `${RULE}{ name: 3, then: deny }`,
    ['p.yaml:3:13: rules[0].name: expected text, not 3; put it in quotes'],
  ],
  [
    'text for a list',
    `${RULE}{ name: a, when: { effects: write }, then: deny }`,
    ['p.yaml:3:33: rules[0].when.effects: expected a list, not "write"; write [write]'],
  ],
  [
    'an empty list',
    `${RULE}{ name: a, when: { effects: [] }, then: deny }`,
    ['p.yaml:3:33: rules[0].when.effects: expected at least one item'],
  ],
  [
    'a mistyped word',
    'default: alow',
    ['p.yaml:1:10: default: expected allow or deny, not "alow"; did you mean "allow"?'],
  ],
  [
    'a mistyped word where a mapping fits as well',
    `${RULE}{ name: a, then: deni }`,
    [
      'p.yaml:3:22: rules[0].then: expected deny, allow, { limit: { rows, bytes } }, { approve: { by: [group] } }, { budget: { window, rows, bytes } }, { rate: { statements } } or { record: … }, not "deni"; did you mean "deny"?',
    ],
  ],
  [
    'a mistyped key where a word fits as well',
    `${RULE}{ name: a, then: { limti: {} } }`,
    ['p.yaml:3:24: rules[0].then.limti: unknown key "limti"; did you mean "limit"?'],
  ],
  [
    'a wrong value inside one of two shapes',
    `${RULE}{ name: a, then: { limit: { rows: x } } }`,
    ['p.yaml:3:39: rules[0].then.limit.rows: expected a number, not "x"'],
  ],
  [
    'a mapping in which something is missing',
    `${RULE}{ name: a, then: { budget: {} } }`,
    [
      'p.yaml:3:32: rules[0].then.budget.window: is missing; expected a span of time from 10s to 31d, such as 1h',
    ],
  ],
  ['an empty file', '', ['p.yaml:1:1: the file is empty']],
  ['nothing but a comment', '# later\n', ['p.yaml:1:1: the file is empty']],
  ['tabs', 'default: allow\nrules:\n\t- { name: a }', ['p.yaml:3:1: Tabs are not allowed as indentation']],
  ['a key twice', 'default: allow\ndefault: deny', ['p.yaml:2:1: Map keys must be unique']],
] as const) {
  test(what, () => {
    assert.deepEqual(problemsOf(text), expected);
  });
}

test('a key like no other is shown those that there are', () => {
  assert.match(
    problemsOf('default: allow\nzzzzzz: 1').join('\n'),
    /^p\.yaml:2:1: zzzzzz: unknown key "zzzzzz"; known keys are default, mode, /,
  );
});

test('aliases that multiply are refused, with the file named', () => {
  const bomb = ['a: &a [1,1,1,1,1,1,1,1,1,1]'];
  for (const [inner, outer] of ['ab', 'bc', 'cd', 'de'].map((pair) => [...pair])) {
    bomb.push(`${outer}: &${outer} [${Array.from({ length: 10 }, () => `*${inner}`).join(',')}]`);
  }
  assert.match(problemsOf(bomb.join('\n')).join('\n'), /^p\.yaml:1:1: /);
});
