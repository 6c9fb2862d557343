/** Budgets and alerts that could never count anything, and what cannot be written. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProblemsError } from '../../../src/core/problem.ts';
import { checkPolicy } from '../../../src/policy/check.ts';
import { loadPolicy } from '../../../src/policy/policy.ts';

const WORLD = {
  users: new Set(['agent']),
  groups: new Set(['agents']),
  listeners: new Set(['shop']),
  relations: null,
  functions: null,
};

function problemsOf(text: string): readonly string[] {
  try {
    const { source } = loadPolicy('policy.yaml', `default: allow\n${text}\n`);
    return checkPolicy(source, WORLD).map(({ key, message }) => `${key}: ${message}`);
  } catch (error) {
    if (!(error instanceof ProblemsError)) throw error;
    return error.problems.map(({ key, message }) => `${key}: ${message}`);
  }
}

const rule = (then: string) => `rules: [ { name: r, when: {}, then: ${then} } ]`;

test('budgets and rates as they should be have no problems', () => {
  assert.deepEqual(problemsOf(rule('{ budget: { window: 1h, rows: 10, bytes: 1MiB, statements: 3 } }')), []);
  assert.deepEqual(problemsOf(rule('{ budget: { window: 10s, rows: 1, over: approve, by: [agents] } }')), []);
  assert.deepEqual(problemsOf(rule('{ rate: { statements: 10, every: 1m, burst: 2 } }')), []);
});

test('what cannot count, or names nobody, is told with where it stands', () => {
  for (const [text, problem] of [
    [rule('{ budget: { window: 1h } }'), /rows, bytes or statements/],
    [rule('{ budget: { rows: 1 } }'), /window/],
    [rule('{ budget: { window: 1s, rows: 1 } }'), /from 10s to 31d/],
    [rule('{ budget: { window: 1h, rows: 1, over: approve } }'), /expected by/],
    [rule('{ budget: { window: 1h, rows: 1, by: [agents] } }'), /go with over: approve/],
    [rule('{ budget: { window: 1h, rows: 1, over: approve, by: [nobody] } }'), /nobody/],
    [rule('{ budget: { per: column, window: 1h, rows: 1 } }'), /can never count/],
    [rule('{ rate: { every: 1m } }'), /statements/],
    ['alerts: [ { name: a, on: approvals } ]', /no rule asks for approval/],
    ['alerts: [ { name: a, on: budgets } ]', /no rule has a budget/],
    ['alerts: [ { name: a, on: masked-table } ]', /no mask names columns/],
    ['alerts: [ { name: a, on: canary } ]', /values go with/],
    ['alerts: [ { name: a, on: canary, values: [abc] } ]', /4 to 128 bytes/],
    ['alerts: [ { name: a, on: large-results } ]', /rows or bytes go with/],
    ['alerts: [ { name: a, on: denials, cut: true } ]', /cut goes with/],
    ['alerts: [ { name: a, on: denials, when: { groups: [nobody] } } ]', /nobody/],
    ['alerts: [ { name: a, on: denials }, { name: a, on: denials } ]', /a second alert/],
  ] as const) {
    const problems = problemsOf(text);
    assert.ok(
      problems.some((one) => problem.test(one)),
      `${text}: ${problems.join(' / ')}`,
    );
  }
});
